"""Names and ID numbers that were corrected while an enrolment is under way: noticed, told, and taken to the platform.

Until the confirmation a correction stops the reviewer (`training.roster.line_changes`). After it the platform gets
the corrected data with the hand-over; whoever was handed over before stands in a list of the training department.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from training.flows.learning import L
from training.models import EnrolmentLine

#: The person as the register has it differs from the line.
DIFFERS: Final = ~Q(name=F("person__name")) | ~Q(id_number=F("person__id_number"))
#: With the platform, or learning: the platform has what the line says.
WITH_PLATFORM: Final = (L.SUBMITTED, L.LEARNING)


def outdated(lines: "QuerySet[EnrolmentLine]") -> "QuerySet[EnrolmentLine]":
    """Those of the lines whose old name or ID number the platform has."""
    return lines.filter(DIFFERS, state__in=WITH_PLATFORM, person__merged_into=None)


def correction_of(line: EnrolmentLine) -> str:
    """What was corrected since the submit, as one sentence; nothing where all is as it was."""
    person, parts = line.person, []
    if person.merged_into_id is not None:
        return ""
    if line.name != person.name:
        parts.append(_("name %(old)s → %(new)s") % {"old": line.name, "new": person.name})
    if line.id_number != person.id_number:
        parts.append(_("ID number %(old)s → %(new)s") % {"old": line.id_number, "new": person.id_number})
    return f"{line}: {_('; ').join(parts)}" if parts else ""


def take_over(lines: Iterable[EnrolmentLine], by: Any) -> list[str]:
    """Put the corrected data on the lines before they go to the platform; say what was corrected."""
    told = []
    for line in lines:
        if sentence := correction_of(line):
            told.append(sentence)
            line.name, line.id_number = line.person.name, line.person.id_number
            line._history_user = by  # type: ignore[attr-defined]
            line._change_reason = _("Corrected in the register; the platform gets the corrected data")  # type: ignore[attr-defined]
            line.save(update_fields=["name", "id_number"])
    return told
