"""One at a time: for rules over a whole table, which locks on its rows cannot keep (a new row has none yet)."""

from django.contrib.contenttypes.models import ContentType
from django.db import models


def one_at_a_time(model: type[models.Model]) -> None:
    """Wait until nobody else decides about this table; the transaction's end lets the next one go on.

    The row of the table's content type stands for the table. Rows that refer to it (log, tasks) are written all the
    same. SQLite has one writer at a time anyway.
    """
    kind = ContentType.objects.get_for_model(model)
    ContentType.objects.select_for_update(no_key=True).get(pk=kind.pk)
