"""What an import says about a row it does not take: every sentence names the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from backoffice.core.excel import Problem

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MESSAGES: dict[str, StrPromise] = {
    # errors: the row must be corrected
    "gender_differs": _("The ID number belongs to the other gender. Check the ID number and the gender."),
    "dates_order": _("The dates are out of order: first issue, then renewal, then the end of validity."),
    "dates_order_stored": _(
        "With the dates in the register ({stored}) the order would be wrong: first issue, then renewal, then the "
        "end of validity. Fill in all three dates."
    ),
    "issued_in_future": _("The day of issue has not come yet. Check the year."),
    "unknown_region": _(
        "This region is not known. Write a city or district of Guangdong, such as 广州市天河区."
    ),
    "ambiguous_region": _("Several cities have a district of this name. Write the city in front of it."),
    "unknown_specialty": _(
        "This specialty is not known. Use one of the register's, or have it added there first."
    ),
    "unknown_company": _(
        "No company has this name, now or formerly. Register it first, or choose 'Create unknown companies as "
        "temporary members'."
    ),
    "ambiguous_company": _("Several companies had this name formerly. Write the company's present name."),
    "number_twice": _(
        "The same certificate number stands in row {row} with other content. Keep the right one."
    ),
    # conflicts: the register says otherwise, and the import does not decide who is right
    "other_person": _(
        "This certificate belongs to {name} ({id_number}) in the register. Check number and ID."
    ),
    "other_name": _(
        "This ID number belongs to {name} in the register. Correct the file, or the person first."
    ),
    "other_name_in_file": _("The same ID number belongs to {name} in row {row}. Correct the file."),
    "other_company": _(
        "This person is registered with {company}. Transfer the person first, or accept that only the "
        "certificate shows another company."
    ),
    "other_company_in_file": _(
        "This person is with {company} in row {row}. Correct the file, or accept that only the certificate shows "
        "another company."
    ),
    "unregistered_company": _("No company has this name, now or formerly. Register the company first."),
    "record_twice": _("Row {row} is about the same record with other content. Keep the right one."),
    "moves_person": _(
        "This person is registered with {company}. A list moves nobody: start a transfer instead."
    ),
    "code_of_other": _("This credit code belongs to {name} in the register. Check it, or start a rename."),
    "other_code": _("The register has another credit code, {code}. Check it, or correct the company first."),
    "older": _("The register already has a later end of validity, {stored}. Nothing to do if that is right."),
}


@dataclass(frozen=True, slots=True)
class Refusal(Problem):
    """A problem of the row in this register, not of the value as such."""

    def message(self) -> str:
        return str(MESSAGES[self.code]).format(**dict(self.params))

    __str__ = message


def refusal(code: str, raw: object = None, /, **params: object) -> Refusal:
    return Refusal(code, raw, tuple(params.items()))
