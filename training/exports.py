"""What the training room's exports contain: the year's plan, enrolments, and the people on their rosters."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django.db.models import Field
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from backoffice.core.export import Column, Columns
from registry.exports import (
    COMPANY_WIDTH,
    DATE_WIDTH,
    ID_WIDTH,
    as_local_text,
    field_columns,
    header,
    in_chinese,
)
from training.models import Enrolment, EnrolmentLine, TrainingClass

ENROLMENT_NUMBER: Final = pgettext_lazy("public number", "Number of the enrolment")


def classes(user: Any) -> Sequence[Column]:
    """The year's plan, as the office sends it round."""

    def named(name: str, source: str = "", show: Any = None, width: float | None = None) -> Column:
        field = cast(Field, TrainingClass._meta.get_field(name))
        return Column(str(field.verbose_name), source or name, show, width)

    def chosen(name: str, width: float) -> Column:
        field = cast(Field, TrainingClass._meta.get_field(name))
        labels = {code: str(label) for code, label in field.flatchoices}
        if name == "category":
            labels[""] = _("All types")
        return named(name, show=labels, width=width)

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


def captions(model: Any, *names: str) -> list[str]:
    return [str(cast(Field, model._meta.get_field(name)).verbose_name) for name in names]


def of_class(path: str) -> list[Column]:
    """The class an enrolment is for; `path` leads from the exported row to the enrolment."""
    title, type_, mode, body, company = captions(
        Enrolment, "training_class") + captions(TrainingClass, "type", "mode") + captions(
        Enrolment, "local_body", "company")  # fmt: skip
    name = "name" if in_chinese() else "name_en"
    return [
        Column(title, f"{path}training_class__title", width=COMPANY_WIDTH),
        Column(type_, f"{path}training_class__type", {c: str(t) for c, t in TrainingClass.Type.choices}),
        Column(mode, f"{path}training_class__mode", {c: str(t) for c, t in TrainingClass.Mode.choices}),
        Column(body, f"{path}local_body__{name}", width=30),
        Column(company, f"{path}company__name", width=COMPANY_WIDTH),
    ]


def enrolments(user: Any) -> Sequence[Column]:
    """One row an enrolment."""
    submitted, confirmed = captions(Enrolment, "submitted_at", "confirmed_at")
    return [
        *field_columns(Enrolment, ("number",)),
        *of_class(""),
        *field_columns(Enrolment, ("people", "amount", "state", "contact_name", "contact_phone", "remark")),
        Column(submitted, "submitted_at", as_local_text, 18),
        Column(confirmed, "confirmed_at", as_local_text, 18),
        *field_columns(Enrolment, ("open_by", "papers_due_on", "papers_received_on")),
    ]


def yes_or_no(value: Any) -> str:
    return _("Yes") if value else _("No")


def rosters(user: Any) -> Sequence[Column]:
    """One row a person and certificate; the captions of name, ID and certificate are those the imports know."""
    employer, handed_off = captions(EnrolmentLine, "new_employer", "handed_off_at")
    waived, state = captions(EnrolmentLine, "is_waived", "state")
    return [
        Column(header("name"), "name"),
        Column(header("id_number"), "id_number", width=ID_WIDTH),
        Column(header("number"), "certificate_number", width=16),
        *field_columns(EnrolmentLine, ("category", "matter")),
        Column(waived, "is_waived", yes_or_no, 10),
        *field_columns(EnrolmentLine, ("printed_company", "expiry_date")),
        Column(employer, "new_employer__name", width=COMPANY_WIDTH),
        *field_columns(EnrolmentLine, ("change_remark", "amount")),
        Column(str(ENROLMENT_NUMBER), "enrolment__number", width=14),
        *of_class("enrolment__"),
        Column(pgettext("enrolment", "State of the enrolment"), "enrolment__state", dict_of(Enrolment)),
        Column(state, "state", dict_of(EnrolmentLine)),
        Column(handed_off, "handed_off_at", as_local_text, DATE_WIDTH),
        *field_columns(EnrolmentLine, ("study_hours", "score", "passed_on")),
    ]


def dict_of(model: Any) -> dict[str, str]:
    """The states of a flow as people read them."""
    return {code: str(label) for code, label in model.State.choices}


EXPORTS: Final[dict[str, Columns]] = {
    "training.TrainingClass": classes,
    "training.Enrolment": enrolments,
    "training.EnrolmentLine": rosters,
}
