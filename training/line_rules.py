"""The rules of one enrolment line (specification 3.6, manual ch. 4b): plain questions about a line and what is known
of it.

Each returns problems: a sentence that names the person, whether it stops the submit, and where it is put right.
`training.roster` gathers the facts of a whole roster in a constant number of queries and asks these.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.core.excel.text import normalise_text
from registry.flows.guards import named
from registry.models import Certificate, Person
from training.models import EnrolmentLine, TrainingClass
from training.services import one_year_later

Matter = EnrolmentLine.Matter
#: 双证: these two of one person make the second one free (manual ch. 4b-4.4).
PAIRS = ({"ENGINEER", "SAFETY"}, {"SUPERVISOR", "SAFETY"})
#: Papers a line must have, on the person's profile, on the line or at the bottom of the roster (FAQ 7).
PRACTICE_PAPERS = Person.profile_papers
RENEWAL_PAPERS = ("CERTIFICATE",)
UPGRADE_PAPERS = ("CERTIFICATE", "TITLE")
#: A renewal so many days before the end of validity gets a remark.
EARLY = 365


@dataclass(frozen=True)
class Problem:
    """Something to look at: an error stops the submit, a warning does not."""

    code: str
    text: str
    fix_url: str = ""
    fix_label: str = ""
    is_error: bool = True
    #: The page behind the link comes back here; any other opens beside.
    comes_back: bool = False


@dataclass
class Facts:
    """What the rules ask about one line; gathered for all lines at once."""

    line: EnrolmentLine
    company: Any
    training_class: TrainingClass
    #: Codes of the attachment kinds on profile, line and roster together.
    papers: set[str] = field(default_factory=set)
    #: Other enrolments under way with this certificate (practice: this person).
    elsewhere: list[Any] = field(default_factory=list)
    #: An open transfer claims this person.
    is_claimed: bool = False
    #: Former names of the enrolling company.
    former_names: frozenset[str] = frozenset()
    #: The other lines of the same person on this roster.
    siblings: list[EnrolmentLine] = field(default_factory=list)
    #: Practice and upgrade: a valid certificate of the wanted type that the person holds already.
    holds: Certificate | None = None
    #: Other drafts of the company with this certificate (practice: this person).
    drafts: list[Any] = field(default_factory=list)

    @property
    def who(self) -> str:
        return f"{self.line.shown_name} {self.line.certificate or ''}".strip()

    @property
    def employer_differs(self) -> bool:
        """The certificate shows another employer than the enrolling company under any of its names."""
        certificate = self.line.certificate
        return certificate is not None and is_other_employer(certificate, self.company, self.former_names)

    @property
    def registered_elsewhere(self) -> bool:
        return bool(self.line.person.company_id != self.company.pk)


def is_other_employer(certificate: Certificate, company: Any, former_names: Iterable[str]) -> bool:
    """Whether the certificate names an employer that is not the company under any of its names."""
    if not certificate.printed_company:
        return False
    own = {normalise_text(company.name), *(normalise_text(name) for name in former_names)}
    return normalise_text(certificate.printed_company) not in own


def former_employer(
    certificate: Certificate, person: Person, company: Any, former_names: Iterable[str]
) -> str:
    """Whom the remark on a change of employer must name: as printed, else where the person is registered."""
    if is_other_employer(certificate, company, former_names):
        return certificate.printed_company
    return person.company.name if person.company is not None and person.company_id != company.pk else ""


def person_page(line: EnrolmentLine) -> str:
    return reverse("admin:registry_person_change", args=[line.person_id])


def papers_page(line: EnrolmentLine) -> str:
    return reverse("admin:training_enrolmentline_attachments", args=[line.pk]) if line.pk else ""


def profile_complete(facts: Facts) -> Iterator[Problem]:
    """Manual ch. 1-1, 4b-4.5A: 某人所属区域不能为空; the red fields of the profile."""
    person = facts.line.person
    missing = [str(person._meta.get_field(name).verbose_name) for name in person.missing_fields()]  # type: ignore[union-attr]
    if not missing:
        return
    text = _("%(who)s: %(fields)s must not be empty.") % {"who": facts.who, "fields": named(missing)}
    if not facts.registered_elsewhere:
        yield Problem("profile", text, person_page(facts.line), _("Fill in the profile"), comes_back=True)
    else:
        url = reverse("admin:registry_transfer_add")
        yield Problem(
            "profile", text + _(" The person is registered with another company and fills it in there."), url,
            _("Claim the person by a transfer"),
        )  # fmt: skip


def not_elsewhere(facts: Facts) -> Iterator[Problem]:
    """Specification 3.6: in one enrolment at a time; an open transfer and another draft are only said."""
    for enrolment in facts.elsewhere:
        mine = enrolment.company_id == facts.company.pk
        text = _("%(who)s is in another enrolment under way already: %(enrolment)s.") % {
            "who": facts.who,
            "enrolment": enrolment if mine else _("of another company"),
        }
        yield Problem(
            "elsewhere",
            text,
            enrolment_page(enrolment) if mine else "",
            _("Open that enrolment") if mine else "",
        )
    for draft in facts.drafts:
        text = _("%(who)s is on another draft of your company, too: %(enrolment)s.") % {
            "who": facts.who, "enrolment": draft,
        }  # fmt: skip
        yield Problem("draft", text, enrolment_page(draft), _("Open that draft"), is_error=False)
    if facts.is_claimed:
        text = _("%(who)s: a transfer to another company is under review.") % {"who": facts.who}
        yield Problem("claimed", text, is_error=False)


def enrolment_page(enrolment: Any) -> str:
    return reverse("admin:training_enrolment_change", args=[enrolment.pk])


def claim_page() -> str:
    return reverse("admin:registry_transfer_add")


def papers_there(facts: Facts, wanted: tuple[str, ...], kinds: dict[str, str]) -> Iterator[Problem]:
    missing = [kinds.get(code, code) for code in wanted if code not in facts.papers]
    if missing:
        text = _("%(who)s: still to be uploaded: %(papers)s.") % {"who": facts.who, "papers": named(missing)}
        yield Problem("papers", text, papers_page(facts.line), _("Upload"), comes_back=True)


def of_practice(facts: Facts, kinds: dict[str, str]) -> Iterator[Problem]:
    """Practice training is for the company's own members who hold no certificate of this type yet."""
    line = facts.line
    if line.matter != Matter.PRACTICE or line.certificate is not None:
        text = _(
            "%(who)s: practice training leads to a first certificate; renewals go into continuing education."
        )
        yield Problem("matter", text % {"who": facts.who})
    yield from class_takes(facts)
    if facts.registered_elsewhere:
        text = _("%(who)s is not registered with your company.") % {"who": facts.who}
        yield Problem("employer", text, claim_page(), _("Claim the person by a transfer"))
    if facts.holds is not None:
        yield Problem("holds", _("%(who)s holds certificate %(number)s of this type already; renew it in continuing "
                                 "education.") % {"who": facts.who, "number": facts.holds.number})  # fmt: skip
    yield from papers_there(facts, PRACTICE_PAPERS, kinds)


def in_class_of(certificate: Certificate, training_class: TrainingClass) -> bool:
    """Whether the class renews this type of certificate, or makes an engineer of the supervisor."""
    wanted = training_class.category
    upgrade = wanted == Certificate.Type.ENGINEER and certificate.type == Certificate.Type.SUPERVISOR
    return not wanted or certificate.type == wanted or upgrade


def class_takes(facts: Facts) -> Iterator[Problem]:
    """A class of one type of certificate takes no other."""
    wanted = facts.training_class.category
    if wanted and facts.line.category != wanted:
        text = _("%(who)s: this class is for %(type)s only.") % {
            "who": facts.who, "type": facts.training_class.get_category_display(),
        }  # fmt: skip
        yield Problem("class", text)


def of_continuing(facts: Facts, kinds: dict[str, str], today: datetime.date) -> Iterator[Problem]:
    """Continuing education renews a certificate (manual ch. 4b-4)."""
    line, certificate = facts.line, facts.line.certificate
    if certificate is None:
        yield Problem("certificate", _("%(who)s: name the certificate to renew.") % {"who": facts.who})
        return
    if certificate.status != Certificate.Status.VALID:
        text = _("%(who)s: the certificate is %(status)s and cannot be renewed.") % {
            "who": facts.who, "status": certificate.get_status_display(),
        }  # fmt: skip
        yield Problem("status", text, help_page(certificate.number), _("Ask the General Office"))
    elif certificate.is_expired(today):
        text = _("%(who)s: expired on %(date)s.") if line.is_waived else _(
            "%(who)s: expired on %(date)s; the dues of the lapsed years are added."
        )  # fmt: skip
        yield Problem(
            "expired", text % {"who": facts.who, "date": certificate.expiry_date.isoformat()},
            stale_page(certificate.number), _("Renewed already? Tell the General Office"), is_error=False,
        )  # fmt: skip
    elif (days := (certificate.expiry_date - today).days) > EARLY:
        text = _("%(who)s: valid until %(date)s, for another %(months)d months; it need not be renewed yet.")
        yield Problem("early_renewal", text % {
            "who": facts.who, "date": certificate.expiry_date.isoformat(), "months": days // 30,
        }, is_error=False)  # fmt: skip
    yield from matter_fits(facts, certificate, today)
    yield from waiver_fits(facts)
    yield from papers_there(facts, UPGRADE_PAPERS if line.matter == Matter.UPGRADE else RENEWAL_PAPERS, kinds)


def help_page(number: str = "") -> str:
    """The help request about a certificate, its number filled in (manual ch. 4b-4.5B)."""
    return f"{reverse('public:help')}?{urlencode({'topic': 'CERTIFICATE', 'certificate': number})}"


def stale_page(number: str) -> str:
    """The help request about an employer or a date that changed already (manual ch. 4b-4.1-3)."""
    return f"{reverse('public:help')}?{urlencode({'topic': 'STALE', 'certificate': number})}"


def matter_fits(facts: Facts, certificate: Certificate, today: datetime.date) -> Iterator[Problem]:
    """Manual ch. 4b-4.1 to 4b-4.3: 延续, 延续+变更 with the former employer in the remark, 员升师."""
    line, who = facts.line, facts.who
    yield from class_takes(facts)
    if line.matter == Matter.PRACTICE:
        yield Problem("matter", _("%(who)s: choose what to do with the certificate.") % {"who": who})
    if line.matter == Matter.UPGRADE:
        yield from upgrade_fits(facts, certificate, today)
    elif line.category != certificate.type:
        text = _("%(who)s: the certificate is of another type (%(type)s).") % {
            "who": who, "type": certificate.get_type_display(),
        }  # fmt: skip
        yield Problem("category", text)
    if line.matter == Matter.RENEWAL and (facts.employer_differs or facts.registered_elsewhere):
        other = certificate.printed_company if facts.employer_differs else _("another company")
        text = _("%(who)s: the employer is %(other)s; choose “Renewal and change of employer”.") % {
            "who": who, "other": other,
        }  # fmt: skip
        yield Problem(
            "employer", text, stale_page(certificate.number), _("Changed already? Tell the General Office")
        )
    if line.matter == Matter.RENEWAL_CHANGE:
        yield from change_described(facts, certificate)


def upgrade_fits(facts: Facts, certificate: Certificate, today: datetime.date) -> Iterator[Problem]:
    """员升师: the company's own supervisors only; within a year of the first issue no class is needed (FAQ 4)."""
    who = {"who": facts.who}
    is_upgrade = certificate.type == Certificate.Type.SUPERVISOR
    if not is_upgrade or facts.line.category != Certificate.Type.ENGINEER:
        yield Problem("upgrade", _("%(who)s: only the holder of a supervisor's certificate can become a "
                                   "specialised supervision engineer.") % who)  # fmt: skip
    if facts.registered_elsewhere:
        text = _("%(who)s is not registered with your company; the upgrade needs the transfer first.") % who
        yield Problem("employer", text, claim_page(), _("Claim the person by a transfer"))
    if facts.holds is not None and facts.holds != certificate:
        text = _(
            "%(who)s is a specialised supervision engineer already (%(number)s); renew that certificate."
        )
        yield Problem("holds", text % {**who, "number": facts.holds.number})
    anniversary = one_year_later(certificate.issue_date)
    if is_upgrade and anniversary is not None and today < anniversary:
        text = _("%(who)s: first issued less than a year ago; with the mid-level title the upgrade needs no class, "
                 "only a certificate change.") % who  # fmt: skip
        yield Problem("early", text, is_error=False)


def change_described(facts: Facts, certificate: Certificate) -> Iterator[Problem]:
    """Manual ch. 4b-4.2: the enrolling company as the new employer, the former employer's name in the remark."""
    line, who = facts.line, facts.who
    if line.new_employer_id is None:
        yield Problem("new_employer", _("%(who)s: name the new employer.") % {"who": who})
    elif line.new_employer_id != facts.company.pk:
        yield Problem(
            "new_employer", _("%(who)s: the new employer can only be your own company.") % {"who": who}
        )
    former = former_employer(certificate, line.person, facts.company, facts.former_names)
    if not former and certificate.printed_company:
        text = _("%(who)s: the certificate shows your company already; “Renewal” is enough.") % {"who": who}
        yield Problem("needless", text, is_error=False)
    remark = normalise_text(line.change_remark)
    if former and normalise_text(former) not in remark:
        text = _("%(who)s: the remark on the change must name the former employer: %(former)s.") % {
            "who": who, "former": former,
        }  # fmt: skip
        yield Problem("remark", text)
    elif not remark:
        yield Problem(
            "remark", _("%(who)s: name the former employer in the remark on the change.") % {"who": who}
        )


def partner_of(line: EnrolmentLine, siblings: list[EnrolmentLine]) -> EnrolmentLine | None:
    """The person's other line that makes a pair with this one (双证), None where there is none."""
    return next((other for other in siblings if {line.category, other.category} in PAIRS), None)


def waiver_fits(facts: Facts) -> Iterator[Problem]:
    """Exactly one line of a pair carries the waiver; without its partner it is an error (specification 3.6)."""
    line, who = facts.line, {"who": facts.who}
    partner = partner_of(line, facts.siblings)
    if line.is_waived and partner is None:
        text = _(
            "%(who)s: the second certificate can be waived only together with the first on the same roster."
        )
        yield Problem("waiver", text % who)
    elif line.is_waived and any(other.is_waived for other in facts.siblings):
        yield Problem("waiver", _("%(who)s: only one of the certificates is waived.") % who)
    elif (
        line.category == Certificate.Type.SAFETY
        and partner is not None
        and not any(row.is_waived for row in (line, *facts.siblings))
    ):
        text = _("%(who)s renews two certificates: the second one is waived; tick it.") % who
        yield Problem("waiver", text)
