"""What the training department's exports contain."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django.db.models import Field

from backoffice.core.export import Column, Columns
from registry.exports import in_chinese
from training.models import TrainingClass


def classes(user: Any) -> Sequence[Column]:
    """The year's plan, as the office sends it round."""

    def named(name: str, source: str = "", show: Any = None, width: float | None = None) -> Column:
        field = cast(Field, TrainingClass._meta.get_field(name))
        return Column(str(field.verbose_name), source or name, show, width)

    def chosen(name: str, width: float) -> Column:
        field = cast(Field, TrainingClass._meta.get_field(name))
        return named(name, show={code: str(label) for code, label in field.flatchoices}, width=width)

    body = "local_body__name" if in_chinese() else "local_body__name_en"
    return [
        named("title", width=36),
        chosen("type", 14),
        chosen("mode", 10),
        chosen("category", 18),
        named("local_body", body, width=30),
        named("start_date", width=12),
        named("end_date", width=12),
        named("place", width=30),
        named("capacity", width=8),
        named("tuition", width=10),
        chosen("state", 12),
        named("remark", width=24),
    ]


EXPORTS: Final[dict[str, Columns]] = {"training.TrainingClass": classes}
