"""What an approval does: members come in, change their name or standing, and move. Called by the flows' steps only,
inside `perform()`'s transaction, so that each happens exactly once."""

from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from backoffice.accounts.models import User
from backoffice.accounts.services import invite, record
from backoffice.core.engine import start
from backoffice.core.flow import StepRefused, account_of
from backoffice.core.models import Attachment
from backoffice.roles import Role
from fees.receipts import company_renamed
from registry.flows.help_request import S as HelpState
from registry.flows.transfer import still_as_submitted
from registry.models import (
    Company,
    CompanyApplication,
    CompanyChange,
    FormerName,
    HelpRequest,
    Person,
    PersonalApplication,
    Transfer,
)
from registry.models.applications import survivor
from registry.services import move_certificates_of


def signed(obj: Any, by: Any, reason: str) -> Any:
    """Put who and why on the record for the history row that its save writes."""
    obj._history_user, obj._change_reason = account_of(by), reason
    return obj


def copy_papers(source: Any, target: Any) -> None:
    """Let the target show the source's attachments too (the same stored files), so that nothing is uploaded twice."""
    kinds = target.takes_attachments
    there = set(Attachment.of(target).filter(removed_at=None).values_list("kind_id", "sha256"))
    for paper in Attachment.of(source).filter(removed_at=None, kind__code__in=kinds):
        if (paper.kind_id, paper.sha256) in there:
            continue
        copy = Attachment(
            owner=target, kind_id=paper.kind_id, name=paper.name, size=paper.size, sha256=paper.sha256,
            width=paper.width, height=paper.height, uploaded_by=paper.uploaded_by,
        )  # fmt: skip
        copy.file.name = paper.file.name
        copy.save()


def admit_person(application: PersonalApplication, by: Any) -> Person:
    """Create the individual member of an approved application, with attachments and account; return the person."""
    person = Person(
        name=application.name, id_number=application.id_number, phone=application.phone, email=application.email,
        company=application.company, region=application.region, education=application.education,
        title=application.title,
    )  # fmt: skip
    signed(person, by, _("Personal application approved")).save()
    copy_papers(application, person)
    open_account(person, by, _("Personal application approved"))
    return person


def open_account(person: Person, by: Any, reason: str) -> bool:
    """Create the sign-in of a member, whose login name is the ID number; say whether an invitation could be sent."""
    user = User(
        username=person.id_number, name=person.name, role=Role.PERSON, person=person, email=person.email,
        phone=person.phone,
    )  # fmt: skip
    user.set_unusable_password()
    signed(user, by, reason).save()
    return bool(invite(user, account_of(by)))


def admit_company(application: CompanyApplication, by: Any) -> Company:
    """Create the company of an approved application and its first user, who manages the others; return the company."""
    formal = application.purpose == Company.Membership.FORMAL
    company = Company(
        name=application.name, credit_code=application.credit_code, membership=application.purpose,
        region=application.region, office_address=application.office_address, email=application.email,
        contact_name=application.contact_name, contact_phone=application.contact_phone,
        information_officer=application.login_name, dues_from=timezone.localdate() if formal else None,
    )  # fmt: skip
    signed(company, by, _("Company application approved")).save()
    copy_papers(application, company)
    user = User(
        username=application.login_name, name=application.contact_name, role=Role.COMPANY, company=company,
        is_manager=True, email=application.email, phone=application.contact_phone,
    )  # fmt: skip
    user.set_unusable_password()
    signed(user, by, _("Company application approved")).save()
    invite(user, account_of(by))
    return company


def rename_company(change: CompanyChange, by: Any) -> None:
    """New name, former name kept for search, new login name (manual ch. 3-2)."""
    company = Company.objects.select_for_update(of=("self",)).get(pk=change.company_id)
    change.old_name = company.name
    FormerName.objects.update_or_create(
        company=company, name=company.name, defaults={"until": timezone.localdate()}
    )
    free_name_of_duplicates(company, change.new_name, by)
    user = change.login_user()
    if company.information_officer in ("", user.username if user else ""):
        company.information_officer = change.new_login_name
    company.name = change.new_name
    signed(company, by, _("Company change approved")).save()
    if user is not None and user.username != change.new_login_name:
        change.old_login_name, user.username = user.username, change.new_login_name
        record(user, account_of(by), _("Company change approved"), "username")
    copy_papers(change, company)
    company_renamed(company, change.old_name, by)
    change.company = company


def free_name_of_duplicates(company: Company, name: str, by: Any) -> None:
    """A duplicate that went into this company may bear the very name it takes on (an import created it)."""
    for duplicate in Company.objects.filter(name=name, merged_into=company):
        duplicate.name = f"{name} ({duplicate.pk})"[-100:]
        signed(duplicate, by, _("Company change approved")).save()


def upgrade_company(change: CompanyChange, by: Any) -> None:
    """From temporary to formal member: dues start today (manual ch. 3-3)."""
    company = Company.objects.select_for_update(of=("self",)).get(pk=change.company_id)
    company.membership = Company.Membership.FORMAL
    company.dues_from = timezone.localdate()
    signed(company, by, _("Company change approved")).save()
    copy_papers(change, company)
    change.company = company


def transfer_person(transfer: Transfer, by: Any) -> None:
    """The person belongs to the new company; certificates follow, their print stays (FAQ 16)."""
    claimed = survivor(transfer.person)  # duplicates may have been merged during the review
    person = Person.objects.select_for_update(of=("self",)).get(pk=claimed.pk)
    transfer.person = person
    if reason := still_as_submitted(transfer):  # asked again: the guards saw the person before the lock
        raise StepRefused(reason)
    person.company = transfer.company
    signed(person, by, _("Transfer approved")).save()
    move_certificates_of(person)
    copy_papers(transfer, person)


def report_known_member(application: PersonalApplication, by: Any, opinion: str) -> HelpRequest:
    """Tell the General Office that a member applied again (manual ch. 4a-4): it looks into the records.

    The text names nobody else: the applicant reads it too, and may have typed a stranger's ID number.
    """
    with translation.override(settings.LANGUAGE_CODE):
        text = _("Personal application %(id)d was returned: a member or an account has this ID number already. "
                 "Opinion: %(opinion)s") % {"id": application.pk, "opinion": opinion}  # fmt: skip
    report = HelpRequest(
        state=HelpState.OPEN, topic=HelpRequest.Topic.KNOWN_MEMBER, name=application.name,
        id_number=application.id_number, phone=application.phone, email=application.email,
        company_name=str(application.company or ""), text=text,
    )  # fmt: skip
    return start(report, by=by)  # type: ignore[return-value]
