"""What we propose for a certificate on a roster: matter, remark, waiver (specification 3.6, manual ch. 4b-4).

Plain functions of what is known already: no queries, nothing is stored.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Final

from django.utils.translation import gettext as _

from registry.models import Certificate, Person
from training.line_rules import former_employer, is_other_employer, partner_of
from training.models import EnrolmentLine, TrainingClass

Matter = EnrolmentLine.Matter
Type = Certificate.Type
#: 变更备注 as the association knows it; stored, so in Chinese whatever the reader's language.
UPGRADE_REMARK: Final = "员升师"
FORMER_EMPLOYER: Final = "原单位："


def proposed_matter(
    certificate: Certificate,
    person: Person,
    company: Any,
    former_names: Collection[str],
    training_class: TrainingClass,
) -> str:
    """员升师 for a supervisor in a class for engineers; 延续+变更 where the employer differs; else 延续."""
    if certificate.type == Type.SUPERVISOR and training_class.category == Type.ENGINEER:
        return Matter.UPGRADE
    if person.company_id != company.pk or is_other_employer(certificate, company, former_names):
        return Matter.RENEWAL_CHANGE
    return Matter.RENEWAL


def set_matter(line: EnrolmentLine, matter: str, company: Any, former_names: Collection[str]) -> None:
    """Put the matter on the line with what follows from it: type, new employer and remark, without saving."""
    certificate = line.certificate
    line.matter = matter
    if certificate is None:
        return
    line.category = Type.ENGINEER if matter == Matter.UPGRADE else certificate.type
    line.new_employer = company if matter == Matter.RENEWAL_CHANGE else None
    if matter == Matter.RENEWAL_CHANGE:
        former = former_employer(certificate, line.person, company, former_names)
        line.change_remark = f"{FORMER_EMPLOYER}{former}" if former else ""
    else:
        line.change_remark = UPGRADE_REMARK if matter == Matter.UPGRADE else ""


def propose(
    certificate: Certificate, company: Any, former_names: Collection[str], training_class: TrainingClass
) -> EnrolmentLine:
    """The line we would write for the certificate, not stored."""
    person = certificate.person
    line = EnrolmentLine(person=person, certificate=certificate, is_masked=person.company_id != company.pk)
    matter = proposed_matter(certificate, person, company, former_names, training_class)
    set_matter(line, matter, company, former_names)
    line.snapshot()
    return line


def settle_waivers(
    lines: Iterable[EnrolmentLine],
    *,
    propose_for: Collection[int] = (),
    chosen: EnrolmentLine | None = None,
) -> list[str]:
    """Keep at most one waiver a person, and only beside its partner; return what to tell.

    People in `propose_for` get theirs on the safety officer's line. `chosen` is the line somebody has just ticked.
    """
    of_person: dict[int, list[EnrolmentLine]] = defaultdict(list)
    for line in lines:
        of_person[line.person_id].append(line)
    told: list[str] = []
    for person, group in of_person.items():
        told += drop_lonely(group)
        waived = [line for line in group if line.is_waived]
        kept = next((line for line in (chosen, *waived) if line is not None and line in waived), None)
        for line in waived:
            line.is_waived = line is kept
        if kept is None and person in propose_for:
            for line in group:
                line.is_waived = line.category == Type.SAFETY and bool(partner_of(line, others(line, group)))
    return told


def others(line: EnrolmentLine, group: Iterable[EnrolmentLine]) -> list[EnrolmentLine]:
    return [other for other in group if other is not line]


def drop_lonely(group: list[EnrolmentLine]) -> list[str]:
    """Take waivers off lines whose partner is gone; a sentence for each that was stored."""
    told = []
    for line in group:
        if line.is_waived and partner_of(line, others(line, group)) is None:
            line.is_waived = False
            if line.pk:
                text = _(
                    "%(line)s: the waiver fell away, because the first certificate is not on the roster any more."
                )
                told.append(text % {"line": line})
    return told
