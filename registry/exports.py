"""What the register's exports contain. Headers and spellings are those of `imports/fields.py`, in the user's
language, so that our own import reads the file again and finds nothing to change."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from django.db.models import F, Field, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from backoffice.core import written
from backoffice.core.export import Column, Columns
from registry.flows.help_request import S as HelpState
from registry.imports import fields
from registry.models import (
    Company,
    CompanyApplication,
    CompanyChange,
    HelpRequest,
    Person,
    PersonalApplication,
    Region,
    Specialty,
    Transfer,
)

LABELS: Final = {field.name: field.labels for field in fields.CERTIFICATE_FIELDS}
DATE_WIDTH, ID_WIDTH, COMPANY_WIDTH = 12.0, 21.0, 36.0


def in_chinese() -> bool:
    return (get_language() or "zh").startswith("zh")


def header(field: str) -> str:
    """The import's first Chinese or first English caption."""
    labels = LABELS[field]
    return labels[0] if in_chinese() else next(label for label in labels if label.isascii())


def spelling(known: Mapping[str, str]) -> dict[str, str]:
    """Code -> the first spelling the import knows in the user's language ("M" alone is a code, not a word)."""
    wanted: dict[str, str] = {}
    for text, code in known.items():
        usable = not text.isascii() if in_chinese() else text.isascii() and len(text) > 1
        if usable:
            wanted.setdefault(code, text)
    return wanted


def region_names() -> dict[int, str]:
    """Districts with their city before them: several cities have a 城区."""
    regions = Region.objects.in_bulk()
    names = {}
    for pk, region in regions.items():
        city = regions.get(region.parent_id)
        if in_chinese():
            names[pk] = f"{city.name if city else ''}{region.name}"
        else:
            names[pk] = region.name_en or region.name
    # Two regions of one English name are told apart by their codes.
    counts = list(names.values())
    return {pk: name if counts.count(name) == 1 else regions[pk].code for pk, name in names.items()}


def specialty_names() -> dict[int, str]:
    return {s.pk: s.name if in_chinese() else s.name_en or s.name for s in Specialty.objects.all()}


def person_columns(path: str) -> dict[str, Column]:
    """A person's columns by field name; `path` leads from the exported row to the person."""
    return {
        "name": Column(header("name"), f"{path}name"),
        "id_number": Column(header("id_number"), f"{path}id_number", width=ID_WIDTH),
        "gender": Column(header("gender"), f"{path}gender", spelling(fields.GENDERS), 8),
        "phone": Column(header("phone"), f"{path}phone"),
        "email": Column(header("email"), f"{path}email", width=24),
        "region": Column(header("region"), f"{path}region_id", region_names(), 16),
        "title": Column(header("title"), f"{path}title"),
        "education": Column(header("education"), f"{path}education", spelling(fields.EDUCATIONS), 10),
    }


def certificates(user: Any) -> Sequence[Column]:
    person = person_columns("person__")
    # The company that is printed: the import compares it with the certificate, and must not "correct" a
    # certificate that still shows the former employer (manual ch. 7b).
    printed = Coalesce(NullIf(F("printed_company"), Value("")), F("company__name"))
    return [
        Column(header("number"), "number", width=16),
        Column(header("type"), "type", spelling(fields.CERTIFICATE_TYPES), 18),
        person["name"],
        person["id_number"],
        person["gender"],
        Column(header("company"), printed, width=COMPANY_WIDTH),
        Column(header("specialty"), "specialty_id", specialty_names(), 18),
        Column(header("issue_date"), "issue_date", width=DATE_WIDTH),
        Column(header("renewal_date"), "renewal_date", width=DATE_WIDTH),
        Column(header("expiry_date"), "expiry_date", width=DATE_WIDTH),
        person["phone"],
        person["email"],
        person["region"],
        person["title"],
        person["education"],
        Column(header("status"), "status", spelling(fields.CERTIFICATE_STATUSES), 10),
        Column(header("remark"), "remark", width=20),
        # A caption the import does not know: for readers only.
        Column(_("Present employer"), "company__name", width=COMPANY_WIDTH),
    ]


def people(user: Any) -> Sequence[Column]:
    person = person_columns("")
    return [
        person["name"],
        person["id_number"],
        person["gender"],
        Column(str(Person._meta.get_field("birthday").verbose_name), "birthday", width=DATE_WIDTH),
        Column(header("company"), "company__name", width=COMPANY_WIDTH),
        *(person[name] for name in ("phone", "email", "region", "title", "education")),
    ]


def companies(user: Any) -> Sequence[Column]:
    def named(name: str, show: Any = None, width: float | None = None) -> Column:
        field = cast(Field, Company._meta.get_field(name))
        return Column(str(field.verbose_name), name, show, width)

    return [
        named("name", width=COMPANY_WIDTH),
        named("credit_code", width=ID_WIDTH),
        named("membership", {code: str(label) for code, label in Company.Membership.choices}),
        named("status", {code: str(label) for code, label in Company.Status.choices}),
        Column(str(Company._meta.get_field("region").verbose_name), "region_id", region_names(), 16),
        named("office_address", width=COMPANY_WIDTH),
        named("contact_name"),
        named("contact_phone"),
        named("information_officer"),
        named("email", width=24),
    ]


def help_requests(user: Any) -> Sequence[Column]:
    """For the office's own statistics: what people ask about, and how long it waits."""

    def named(name: str, show: Any = None, width: float | None = None) -> Column:
        field = cast(Field, HelpRequest._meta.get_field(name))
        return Column(str(field.verbose_name), name, show, width)

    return [
        named("topic", {code: str(label) for code, label in HelpRequest.Topic.choices}, 24),
        named("name"),
        named("company_name", width=COMPANY_WIDTH),
        named("id_number", width=ID_WIDTH),
        named("certificate_number", width=16),
        named("phone"),
        named("email", width=24),
        named("text", width=60),
        named("state", {code: str(label) for code, label in HelpState.choices}, 18),
        named("answer_text", width=60),
        named("created_at", as_local_text, 18),
    ]


def as_local_text(moment: datetime.datetime | None) -> str:
    return written.moment(moment) if moment else ""


def field_columns(model: Any, names: Sequence[str]) -> list[Column]:
    """Columns of plain fields under their captions; choices as people read them."""
    columns = []
    for name in names:
        field = cast(Field, model._meta.get_field(name))
        shown = {code: str(label) for code, label in field.flatchoices} if field.choices else None
        columns.append(Column(str(field.verbose_name), name, shown))
    return columns


def personal_applications(user: Any) -> Sequence[Column]:
    person = person_columns("")
    caption = PersonalApplication._meta.get_field
    return [
        person["name"],
        Column(header("id_number"), "id_number", width=ID_WIDTH),
        person["phone"],
        person["email"],
        Column(header("company"), "company__name", width=COMPANY_WIDTH),
        *(person[name] for name in ("region", "title", "education")),
        Column(str(caption("local_body").verbose_name), "local_body__name", width=COMPANY_WIDTH),
        *field_columns(
            PersonalApplication,
            ("state", "company_review", "company_opinion", "local_review", "local_opinion"),
        ),
        Column(str(caption("created_at").verbose_name), "created_at", day, DATE_WIDTH),
    ]


def company_applications(user: Any) -> Sequence[Column]:
    caption = CompanyApplication._meta.get_field
    return [
        *field_columns(CompanyApplication, ("name", "credit_code", "purpose")),
        Column(str(caption("region").verbose_name), "region_id", region_names(), 16),
        *field_columns(
            CompanyApplication,
            ("office_address", "contact_name", "contact_phone", "email", "login_name", "state"),
        ),
        Column(str(caption("created_at").verbose_name), "created_at", day, DATE_WIDTH),
    ]


def company_changes(user: Any) -> Sequence[Column]:
    """What companies asked to change, and what became of it."""
    caption = CompanyChange._meta.get_field
    return [
        Column(str(caption("company").verbose_name), "company__name", width=COMPANY_WIDTH),
        *field_columns(CompanyChange, ("kind", "old_name", "new_name", "new_login_name", "state")),
        Column(str(caption("created_at").verbose_name), "created_at", day, DATE_WIDTH),
    ]


def transfers(user: Any) -> Sequence[Column]:
    """Who went from which company to which."""
    caption = Transfer._meta.get_field
    return [
        Column(header("name"), "name"),
        Column(header("id_number"), "id_number", width=ID_WIDTH),
        Column(str(caption("company").verbose_name), "company__name", width=COMPANY_WIDTH),
        Column(str(caption("from_company").verbose_name), "from_company__name", width=COMPANY_WIDTH),
        *field_columns(Transfer, ("remark", "state")),
        Column(str(caption("created_at").verbose_name), "created_at", day, DATE_WIDTH),
    ]


def day(moment: Any) -> Any:
    return timezone.localtime(moment).date()


EXPORTS: Final[dict[str, Columns]] = {
    "registry.Certificate": certificates,
    "registry.Person": people,
    "registry.Company": companies,
    "registry.CompanyApplication": company_applications,
    "registry.CompanyChange": company_changes,
    "registry.HelpRequest": help_requests,
    "registry.PersonalApplication": personal_applications,
    "registry.Transfer": transfers,
}
