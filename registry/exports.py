"""What the register's exports contain. Headers and spellings are those of `imports/fields.py`, in the user's
language, so that our own import reads the file again and finds nothing to change."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from django.db.models import F, Field, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from backoffice.core.export import Column, Columns, mask
from backoffice.roles import Role
from registry.imports import fields
from registry.models import Company, Person, Region, Specialty

#: Roles that work with whole ID numbers.
SEE_ID_NUMBERS: Final = {Role.ADMIN, Role.OFFICE, Role.TRAINING, Role.COMPANY, Role.AUDITOR}
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


def person_columns(path: str, user: Any) -> dict[str, Column]:
    """A person's columns by field name; `path` leads from the exported row to the person."""
    full = getattr(user, "role", None) in SEE_ID_NUMBERS
    return {
        "name": Column(header("name"), f"{path}name"),
        "id_number": Column(header("id_number"), f"{path}id_number", None if full else mask, ID_WIDTH),
        "gender": Column(header("gender"), f"{path}gender", spelling(fields.GENDERS), 8),
        "phone": Column(header("phone"), f"{path}phone"),
        "email": Column(header("email"), f"{path}email", width=24),
        "region": Column(header("region"), f"{path}region_id", region_names(), 16),
        "title": Column(header("title"), f"{path}title"),
        "education": Column(header("education"), f"{path}education", spelling(fields.EDUCATIONS), 10),
    }


def certificates(user: Any) -> Sequence[Column]:
    person = person_columns("person__", user)
    # The company that is printed: the import compares it with the certificate, and must not "correct" a
    # certificate that still shows the former employer (manual ch. 7).
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
    person = person_columns("", user)
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


EXPORTS: Final[dict[str, Columns]] = {
    "registry.Certificate": certificates,
    "registry.Person": people,
    "registry.Company": companies,
}
