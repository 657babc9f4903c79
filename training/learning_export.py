"""The learning query as a file: the table of sensitive fields says who has whole ID numbers."""

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import Field
from django.utils.translation import gettext as _

from backoffice.core.export import Column
from registry.exports import COMPANY_WIDTH, DATE_WIDTH, ID_WIDTH, day, header, in_chinese
from training.exports import ENROLMENT_NUMBER, yes_or_no
from training.models import EnrolmentLine, TrainingClass


def learning(user: Any) -> Sequence[Column]:
    """State and 提交正保 side by side (manual ch. 7a); with our number, so that results come back by it."""

    def named(
        name: str, show: Any = None, width: float | None = None, model: Any = EnrolmentLine, path: str = ""
    ) -> Column:
        caption = cast(Field, model._meta.get_field(name))
        shown = {code: str(label) for code, label in caption.flatchoices} if caption.choices else show
        return Column(str(caption.verbose_name), f"{path}{name}", shown, width)

    course, enrolment = "enrolment__training_class__", "enrolment__"
    body = "local_body__name" if in_chinese() else "local_body__name_en"
    return [
        Column(_("Our number"), "pk", str, 10),
        Column(str(ENROLMENT_NUMBER), f"{enrolment}number", width=14),
        named("name", width=12),
        Column(header("id_number"), "id_number", width=ID_WIDTH),
        named("certificate_number", width=16),
        named("title", width=36, model=TrainingClass, path=course),
        named("type", width=12, model=TrainingClass, path=course),
        named("mode", width=10, model=TrainingClass, path=course),
        named("category", width=18),
        named("matter", width=18),
        Column(header("company"), f"{enrolment}company__name", width=COMPANY_WIDTH),
        Column(_("Local body"), f"{enrolment}{body}", width=COMPANY_WIDTH),
        named("state", width=12),
        Column(_("Handed to the platform"), "handed_off_at", yes_or_no, 14),
        named("handed_off_at", day_or_none, DATE_WIDTH),
        named("opened_at", day_or_none, DATE_WIDTH),
        Column(_("Opens by"), f"{enrolment}open_by", width=DATE_WIDTH),
        named("study_hours", width=8),
        named("score", width=8),
        named("passed_on", width=DATE_WIDTH),
    ]  # fmt: skip


def day_or_none(moment: Any) -> Any:
    return day(moment) if moment else None
