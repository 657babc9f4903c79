"""The rules of one enrolment line (SPEC 3.6, manual ch. 4b): plain questions about a line and what is known of it.

Each returns problems: a sentence that names the person, whether it stops the submit, and where it is put right.
`training.roster` gathers the facts of a whole roster in a constant number of queries and asks these.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.core.excel.text import normalise_text
from registry.flows.guards import named
from registry.models import Certificate, Person
from training.models import EnrolmentLine, TrainingClass

Matter = EnrolmentLine.Matter
#: 双证: these two of one person make the second one free (manual ch. 4b-4.4).
PAIRS = ({"ENGINEER", "SAFETY"}, {"SUPERVISOR", "SAFETY"})
#: Papers a line must have, on the person's profile, on the line or at the bottom of the roster (FAQ 7).
PRACTICE_PAPERS = Person.profile_papers
RENEWAL_PAPERS = ("CERTIFICATE",)
UPGRADE_PAPERS = ("CERTIFICATE", "TITLE")


@dataclass(frozen=True)
class Problem:
    """Something to look at: an error stops the submit, a warning does not."""

    code: str
    text: str
    fix_url: str = ""
    fix_label: str = ""
    is_error: bool = True


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
    #: Practice: a valid certificate of the class's type that the person holds already.
    holds: Certificate | None = None

    @property
    def who(self) -> str:
        return f"{self.line.person.name} {self.line.certificate or ''}".strip()

    @property
    def employer_differs(self) -> bool:
        """The certificate shows another employer than the enrolling company under any of its names."""
        certificate = self.line.certificate
        if certificate is None or not certificate.printed_company:
            return False
        return normalise_text(certificate.printed_company) not in {
            normalise_text(self.company.name), *(normalise_text(name) for name in self.former_names)
        }  # fmt: skip


def person_page(line: EnrolmentLine) -> str:
    return reverse("admin:registry_person_change", args=[line.person_id])


def papers_page(line: EnrolmentLine) -> str:
    return reverse("admin:training_enrolmentline_attachments", args=[line.pk]) if line.pk else ""


def profile_complete(facts: Facts) -> Iterator[Problem]:
    """Manual ch. 1-1, 4b-5A: 某人所属区域不能为空; the red fields of the profile."""
    person = facts.line.person
    missing = [str(person._meta.get_field(name).verbose_name) for name in person.missing_fields()]  # type: ignore[union-attr]
    if not missing:
        return
    text = _("%(who)s: %(fields)s must not be empty.") % {"who": facts.who, "fields": named(missing)}
    if person.company_id == facts.company.pk:
        yield Problem("profile", text, person_page(facts.line), _("Fill in the profile"))
    else:
        url = reverse("admin:registry_transfer_add")
        yield Problem(
            "profile", text + _(" The person is registered with another company and fills it in there."), url,
            _("Claim the person by a transfer"),
        )  # fmt: skip


def not_elsewhere(facts: Facts) -> Iterator[Problem]:
    for enrolment in facts.elsewhere:
        mine = enrolment.company_id == facts.company.pk
        text = _("%(who)s is in another enrolment under way already: %(enrolment)s.") % {
            "who": facts.who,
            "enrolment": enrolment if mine else _("of another company"),
        }
        url = reverse("admin:training_enrolment_change", args=[enrolment.pk]) if mine else ""
        yield Problem("elsewhere", text, url, _("Open that enrolment") if mine else "")
    if facts.is_claimed:
        text = _("%(who)s: a transfer to another company is under review.") % {"who": facts.who}
        yield Problem("claimed", text, is_error=False)


def papers_there(facts: Facts, wanted: tuple[str, ...], kinds: dict[str, str]) -> Iterator[Problem]:
    missing = [kinds.get(code, code) for code in wanted if code not in facts.papers]
    if missing:
        text = _("%(who)s: still to be uploaded: %(papers)s.") % {"who": facts.who, "papers": named(missing)}
        yield Problem("papers", text, papers_page(facts.line), _("Upload"))


def of_practice(facts: Facts, kinds: dict[str, str]) -> Iterator[Problem]:
    """Practice training is for the company's own members who hold no certificate of this type yet."""
    line = facts.line
    if line.person.company_id != facts.company.pk:
        text = _("%(who)s is not registered with your company.") % {"who": facts.who}
        yield Problem(
            "employer", text, reverse("admin:registry_transfer_add"), _("Claim the person by a transfer")
        )
    if facts.holds is not None:
        yield Problem("holds", _("%(who)s holds certificate %(number)s of this type already; renew it in continuing "
                                 "education.") % {"who": facts.who, "number": facts.holds.number})  # fmt: skip
    yield from papers_there(facts, PRACTICE_PAPERS, kinds)


def of_continuing(facts: Facts, kinds: dict[str, str], today: Any) -> Iterator[Problem]:
    line, certificate = facts.line, facts.line.certificate
    if certificate is None:
        yield Problem("certificate", _("%(who)s: name the certificate to renew.") % {"who": facts.who})
        return
    if certificate.status != Certificate.Status.VALID:
        text = _("%(who)s: the certificate is %(status)s and cannot be renewed.") % {
            "who": facts.who, "status": certificate.get_status_display(),
        }  # fmt: skip
        yield Problem("status", text, help_page(certificate), _("Ask the General Office"))
    elif certificate.is_expired(today):
        text = _("%(who)s: expired on %(date)s; the dues of the lapsed years are added.") % {
            "who": facts.who, "date": certificate.expiry_date.isoformat(),
        }  # fmt: skip
        yield Problem("expired", text, is_error=False)
    yield from matter_fits(facts, certificate)
    yield from waiver_fits(facts)
    yield from papers_there(facts, UPGRADE_PAPERS if line.matter == Matter.UPGRADE else RENEWAL_PAPERS, kinds)


def help_page(certificate: Certificate) -> str:
    return f"{reverse('public:help')}?topic=CERTIFICATE"


def matter_fits(facts: Facts, certificate: Certificate) -> Iterator[Problem]:
    """Manual ch. 4b-4.1 to 4.3: 延续, 延续+变更 with the former employer in the remark, 员升师."""
    line, who = facts.line, facts.who
    if line.matter == Matter.UPGRADE:
        if certificate.type != Certificate.Type.SUPERVISOR or line.category != Certificate.Type.ENGINEER:
            yield Problem("upgrade", _("%(who)s: only the holder of a supervisor's certificate can become a "
                                       "specialised supervision engineer.") % {"who": who})  # fmt: skip
    elif line.category != certificate.type:
        text = _("%(who)s: the certificate is of another type (%(type)s).") % {
            "who": who, "type": certificate.get_type_display(),
        }  # fmt: skip
        yield Problem("category", text)
    if facts.training_class.category and line.category != facts.training_class.category:
        text = _("%(who)s: this class is for %(type)s only.") % {
            "who": who, "type": facts.training_class.get_category_display(),
        }  # fmt: skip
        yield Problem("class", text)
    registered_elsewhere = line.person.company_id != facts.company.pk
    if line.matter == Matter.RENEWAL and (facts.employer_differs or registered_elsewhere):
        other = certificate.printed_company if facts.employer_differs else _("another company")
        text = _("%(who)s: the employer is %(other)s; choose “Renewal and change of employer”.") % {
            "who": who, "other": other,
        }  # fmt: skip
        yield Problem("employer", text)
    if line.matter == Matter.RENEWAL_CHANGE:
        yield from change_described(facts, certificate)


def change_described(facts: Facts, certificate: Certificate) -> Iterator[Problem]:
    """Manual ch. 4b-4.2: the new employer, and the former employer's name in the remark."""
    line, who = facts.line, facts.who
    if line.new_employer_id is None:
        yield Problem("new_employer", _("%(who)s: name the new employer.") % {"who": who})
    remark, former = normalise_text(line.change_remark), normalise_text(certificate.printed_company)
    if not remark or (former and former not in remark):
        text = _("%(who)s: the remark on the change must name the former employer: %(former)s.") % {
            "who": who, "former": certificate.printed_company,
        }  # fmt: skip
        yield Problem("remark", text)


def partner_of(line: EnrolmentLine, siblings: list[EnrolmentLine]) -> EnrolmentLine | None:
    """The person's other line that makes a pair with this one (双证), None where there is none."""
    return next((other for other in siblings if {line.category, other.category} in PAIRS), None)


def waiver_fits(facts: Facts) -> Iterator[Problem]:
    """Exactly one line of a pair carries the waiver; without its partner it is an error (SPEC 3.6)."""
    line = facts.line
    partner = partner_of(line, facts.siblings)
    if line.is_waived and partner is None:
        text = _(
            "%(who)s: the second certificate can be waived only together with the first on the same roster."
        )
        yield Problem("waiver", text % {"who": facts.who})
    elif partner is not None and line.is_waived and partner.is_waived:
        yield Problem(
            "waiver", _("%(who)s: only one of the two certificates is waived.") % {"who": facts.who}
        )
    elif partner is not None and not line.is_waived and not partner.is_waived and line.category == "SAFETY":
        text = _("%(who)s renews two certificates: the second one is waived; tick it.") % {"who": facts.who}
        yield Problem("waiver", text)
