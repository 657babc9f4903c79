"""What the register's flows tell whom, and the shipped wording (the office edits it under “Message templates”)."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core import running
from backoffice.core.links import address_of, page_of
from backoffice.core.models import TransitionLog
from backoffice.core.notices import (
    NOTICES,
    Credential,
    Notice,
    Recipient,
    notify,
    register,
    without_addresses,
)
from registry.flows.personal_application import UNDER_REVIEW
from registry.models import (
    Company,
    CompanyApplication,
    CompanyChange,
    HelpRequest,
    LocalBody,
    PersonalApplication,
    Transfer,
)

PAGE = "https://members.example.org/admin/registry/transfer/1/change/"
LINK = "https://members.example.org/a/…/"
PERSON = {
    "name": "张三", "company": "广东示范监理有限公司", "body": "广州市建设监理协会", "opinion": _("(the opinion)"),
    "link": LINK, "page": PAGE,
}  # fmt: skip
COMPANY = {"name": "广东示范监理有限公司", "opinion": _("(the opinion)"), "link": LINK}
CHANGE = {
    "name": "广东示范监理有限公司",
    "kind": _("New company name"),
    "opinion": _("(the opinion)"),
    "new_name": "广东新名监理有限公司",
    "login": "新名监理",
    "since": "2026-06-01",
    "page": PAGE,
}
MOVE = {
    "name": "张三", "company": "广东示范监理有限公司", "former": "佛山示范监理有限公司", "opinion": _("(the opinion)"),
    "page": PAGE,
}  # fmt: skip
#: What is told to others of an applicant has no link: it is the applicant's key.
TOLD = {name: example for name, example in PERSON.items() if name != "link"}
HELP = {"name": "张三", "answer": _("(the answer)"), "link": LINK}


def register_notices() -> None:
    """Called once at start-up (RegistryConfig.ready)."""
    register(
        Notice("personal.draft", _("Personal application saved for later: to the applicant"),
               _("The link to your application"),
               _("Your application is saved and not sent in yet. Go on here: {link}"), placeholders=PERSON),
        Notice("company.draft", _("Company application saved for later: to the applicant"),
               _("The link to your application"),
               _("Your application is saved and not sent in yet. Go on here: {link}"), placeholders=COMPANY),
        Notice("personal.submit", _("Personal application received: to the applicant"),
               _("We received your application"),
               _("{name}, your application is with {company} now; then {body} reviews it. Follow it, or correct it "
                 "when it is returned, here: {link}"), placeholders=PERSON),
        Notice("personal.submit.company", _("Personal application received: to the company"),
               _("{name} applies as an individual member"),
               _("{name} names {company} as the employer. Please review the application in your inbox."),
               _("{name} applies as an individual member of your company; please review it in your inbox."),
               placeholders=TOLD),
        Notice("personal.company_approve", _("Company approved a personal application: to the applicant"),
               _("Your company approved your application"),
               _("{name}, {company} approved your application; {body} reviews it next. {link}"),
               placeholders=PERSON),
        Notice("personal.company_approve.body", _("Company approved a personal application: to the reviewing body"),
               _("{name} applies as an individual member"),
               _("{company} approved the application of {name}. Please review it in your inbox."),
               placeholders=TOLD),
        Notice("personal.company_return", _("Company returned a personal application: to the applicant"),
               _("Please correct your application"),
               _("{name}, {company} returned your application: “{opinion}”. Correct it and submit it again here: "
                 "{link}"),
               _("Your application was returned: {opinion}. The link in your mail opens it for correction."),
               placeholders=PERSON),
        Notice("personal.local_return", _("Local body returned a personal application: to the applicant"),
               _("Please correct your application"),
               _("{name}, {body} returned your application: “{opinion}”. Correct it and submit it again here: "
                 "{link}"),
               _("Your application was returned: {opinion}. The link in your mail opens it for correction."),
               placeholders=PERSON),
        Notice("personal.local_return.company", _("Local body returned a personal application: to the company"),
               _("{body} returned the application of {name}"),
               _("{body} returned the application of {name}: “{opinion}”. The applicant corrects it by the link; then "
                 "it comes to you again."), placeholders=TOLD),
        Notice("personal.withdraw", _("Personal application withdrawn: to the applicant"),
               _("Your application was withdrawn"),
               _("{name}, your application is withdrawn; nothing else happens with it. You can apply again at any "
                 "time."), placeholders=PERSON),
        Notice("personal.withdraw.company", _("Personal application withdrawn: to the company"),
               _("{name} withdrew the application"),
               _("{name} does not apply as an individual member of {company} any more; nothing is left to do."),
               placeholders=TOLD),
        Notice("personal.local_approve", _("Personal application approved: to the applicant"),
               _("You are an individual member now"),
               _("{name}, {body} approved your application. A second message brings the link that activates your "
                 "account; your login name is your ID number. {link}"),
               _("{name}, your application as an individual member was approved."), placeholders=PERSON),
        Notice("personal.local_approve.company", _("Personal application approved: to the company"),
               _("{name} is an individual member now"),
               _("{body} approved the application of {name}. You can enrol {name} in training now."),
               placeholders=TOLD),
        Notice("company.submit", _("Company application received: to the applicant"),
               _("We received your application"),
               _("The application of {name} is with the General Office. Follow it, or correct it when it is returned, "
                 "here: {link}"), placeholders=COMPANY),
        Notice("company.office_return", _("Company application returned: to the applicant"),
               _("Please correct your application"),
               _("The application of {name} was returned: “{opinion}”. Correct it and submit it again here: {link}"),
               _("Your company's application was returned: {opinion}. The link in your mail opens it."),
               placeholders=COMPANY),
        Notice("company.withdraw", _("Company application withdrawn: to the applicant"),
               _("Your application was withdrawn"),
               _("The application of {name} is withdrawn; nothing else happens with it. You can apply again at any "
                 "time."), placeholders=COMPANY),
        Notice("company.approve", _("Company application approved: to the applicant"),
               _("{name} is a member now"),
               _("The application of {name} was approved. A second message brings the link that activates your "
                 "account. {link}"),
               _("{name} is a member now; a second message brings the activation link."), placeholders=COMPANY),
        Notice("change.submit", _("Company change received: to the company"), _("We received your change"),
               _("{name}: “{kind}” is with the General Office."), placeholders=CHANGE),
        Notice("change.office_return", _("Company change returned: to the company"),
               _("Please correct your change"),
               _("{name}: “{kind}” was returned: “{opinion}”. You find it in your inbox."),
               _("Your change was returned: {opinion}. You find it in your inbox."), placeholders=CHANGE),
        Notice("change.approve.rename", _("New company name approved: to the company"),
               _("Your company is called {new_name} now"),
               _("{name} is called {new_name} from today on. Sign in with the new login name: {login}. The password "
                 "stays. Certificates show the former name until they are changed."),
               _("Your company is called {new_name} now. Sign in as {login}; the password stays."),
               placeholders=CHANGE),
        Notice("change.approve.upgrade", _("Formal membership approved: to the company"),
               _("{name} is a formal member now"),
               _("{name} is a formal member now; dues are paid from {since} on. Login name and password stay."),
               _("{name} is a formal member now. Login name and password stay."), placeholders=CHANGE),
        Notice("transfer.submit", _("Transfer asked for: to the former company"),
               _("{company} claims {name}"),
               _("{company} states that {name} works there now and asks for the transfer. If that is wrong, tell the "
                 "General Office within four working days."), placeholders=MOVE),
        Notice("transfer.office_return", _("Transfer returned: to the new company"),
               _("Please correct the transfer of {name}"),
               _("The transfer of {name} was returned: “{opinion}”. You find it in your inbox."),
               _("The transfer of {name} was returned: {opinion}."), placeholders=MOVE),
        Notice("transfer.approve", _("Transfer approved: to both companies and the person"),
               _("{name} belongs to {company} now"),
               _("The transfer of {name} from {former} to {company} was approved. Certificates still show the former "
                 "employer until they are changed."),
               _("{name} was transferred to {company}."), placeholders=MOVE),
        Notice("help.send", _("Help request received: to the asker"), _("We received your question"),
               _("{name}, the General Office has your question. Read the answer here: {link}"), placeholders=HELP),
        Notice("help.answer", _("Help request answered: to the asker"), _("Our answer to your question"),
               _("{name}, the General Office answers: “{answer}”. You can ask again here: {link}"),
               _("The General Office answered your question: {answer}"), placeholders=HELP),
    )  # fmt: skip


def key_of(record: PersonalApplication | CompanyApplication | HelpRequest) -> Credential:
    """The signed link to the record: whoever has it acts as the applicant."""
    return Credential(address_of(record))


def company_recipients(company: Company | None) -> list[Recipient]:
    """The company's managers, else its own address."""
    if company is None:
        return []
    managers = company.users.filter(is_manager=True, is_active=True)
    found = [Recipient(user.email, user.phone) for user in managers if user.email or user.phone]
    return found or [Recipient(company.email)]


def body_recipients(body: LocalBody | None) -> list[Recipient]:
    """The local body's users by mail, else its own address."""
    if body is None:
        return []
    found = [Recipient(user.email) for user in body.users.filter(is_active=True) if user.email]
    return found or [Recipient(body.email)]


def tell(code: str, recipients: Iterable[Recipient], **values: Any) -> None:
    if code in NOTICES:
        notify(code, recipients, **values)


def draft(application: PersonalApplication | CompanyApplication) -> None:
    """The link of an application that is being filled in, for going on later."""
    personal = isinstance(application, PersonalApplication)
    tell("personal.draft" if personal else "company.draft", [Recipient(application.email)],
         name=application.name or "", link=key_of(application))  # fmt: skip


def personal_application(application: PersonalApplication, step: str, opinion: str) -> None:
    if step in ("company_return", "withdraw"):  # a company's or an applicant's words in our letter
        opinion = without_addresses(opinion)
    values = {
        "name": application.name, "company": application.company, "body": application.local_body,
        "opinion": opinion,
    }  # fmt: skip
    recipients = [Recipient(application.email, application.phone)]
    tell(f"personal.{step}", recipients, link=key_of(application), **values)
    values["page"] = page_of(application)  # for those with an account
    last = TransitionLog.of(application).first()
    if step != "withdraw" or (last is not None and last.source in UNDER_REVIEW):  # else it never came to them
        tell(f"personal.{step}.company", company_recipients(application.company), **values)
    tell(f"personal.{step}.body", body_recipients(application.local_body), **values)


def company_application(application: CompanyApplication, step: str, opinion: str) -> None:
    values = {"name": application.name, "opinion": opinion, "link": key_of(application)}
    tell(f"company.{step}", [Recipient(application.email, application.contact_phone)], **values)


def application_link(application: PersonalApplication | CompanyApplication) -> None:
    """The new link after a correction of the mail address, in the words of the first one; by mail only."""
    recipients = [Recipient(application.email)]
    values: dict[str, Any] = {"name": application.name, "link": key_of(application)}
    if isinstance(application, PersonalApplication):
        tell(
            "personal.submit", recipients, company=application.company, body=application.local_body, **values
        )
    else:
        tell("company.submit", recipients, **values)


def company_change(change: CompanyChange, step: str, opinion: str) -> None:
    """An approval is told in the words of its kind: a rename with the new login name, an upgrade with its dues."""
    code = f"change.{step}" if step != "approve" else f"change.approve.{change.kind.lower()}"
    tell(code, company_recipients(change.company), name=change.old_name or change.company.name,
         kind=change.get_kind_display(), opinion=opinion, new_name=change.new_name, login=change.new_login_name,
         since=change.company.dues_from or "", page=page_of(change))  # fmt: skip
    if step == "approve":
        with translation.override(settings.LANGUAGE_CODE):
            names = {"old": change.old_name, "new": change.new_name}
            what = gettext("%(old)s is called %(new)s from today on.") % names
        concerned = running.matters_of(*change.touches(step))
        running.tell([row for row in concerned if row != change], what)


def transfer(moved: Transfer, step: str, opinion: str) -> None:
    """Each gets the way to what it may open: the new company its transfer, the former one and the person the person's
    page; after the approval the person is none of the former company's."""
    values = {"name": moved.name, "company": moved.company, "former": moved.from_company, "opinion": opinion}
    new, former = company_recipients(moved.company), company_recipients(moved.from_company)
    person = moved.person
    own = [Recipient(person.email, person.phone)] if person else []
    profile = page_of(person) if person else ""
    told: dict[str, list[tuple[list[Recipient], str]]] = {
        "submit": [(former, profile)],
        "office_return": [(new, page_of(moved))],
        "approve": [(new, page_of(moved)), (former, ""), (own, profile)],
    }
    for recipients, page in told.get(step, ()):
        tell(f"transfer.{step}", recipients, **values, page=page)
    if step == "approve" and person is not None:
        with translation.override(settings.LANGUAGE_CODE):
            names = {"name": moved.name, "former": moved.from_company or "–", "company": moved.company}
            what = gettext("%(name)s went from %(former)s to %(company)s.") % names
        running.tell([row for row in running.matters_of(person) if row != moved], what)


def help_request(request: HelpRequest, step: str, opinion: str) -> None:
    tell(f"help.{step}", [Recipient(request.email, request.phone)], name=request.name, answer=opinion,
         link=key_of(request))  # fmt: skip
