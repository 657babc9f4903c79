"""The help page of each role: short, true steps, each topic with the list where it is done."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from backoffice.navigation import changelist
from backoffice.roles import Role, allows


@dataclass(frozen=True)
class Topic:
    """One thing to do: its steps, and the model whose list is the place."""

    title: Any
    steps: tuple[Any, ...]
    place: str = ""


INBOX = Topic(
    _("Your inbox"),
    (
        _("“To do” holds everything that waits for you or your colleagues: overdue first, then oldest."),
        _(
            "Open a task: its page shows all fields, the pictures, earlier opinions and the buttons you may use."
        ),
        _(
            "Tick several tasks of the same kind to approve or return them together, or to hand them to a colleague."
        ),
        _(
            "“Done” shows what you finished; “Flow tracking” shows where everything stands and who has it now."
        ),
    ),
    "core.Task",
)
REVIEW = Topic(
    _("Review an application"),
    (
        _("Compare the fields with the pictures; a click on a picture enlarges it."),
        _("“Approve” sends it on. If a button is grey, the sentence beside it says what is missing."),
        _(
            "“Return” needs an opinion: choose a ready-made one or write your own. The applicant reads it by mail, "
            "corrects, and it comes back to you."
        ),
        _(
            "An ID number that already is a member's cannot be approved: return it; the General Office is told."
        ),
    ),
    "registry.PersonalApplication",
)
COMPANY_REVIEW = Topic(
    _("Review your people's applications"),
    (
        _("Somebody who names your company as the employer appears under “To do”."),
        _("Wrong fields? Correct them on the page and save, then approve; or return it to the applicant."),
        _("After your approval the local body reviews. The list shows both reviews with their opinions."),
        _("Once approved, the person is among your people and receives an activation link."),
    ),
    "registry.PersonalApplication",
)
TRANSFER = Topic(
    _("Claim a person who works for you now"),
    (
        _("Add a transfer with the exact name and ID number."),
        _("Upload the ID card and a proof of joining your company or of leaving the former one."),
        _("Submit. The General Office decides within four working days; both companies are told."),
    ),
    "registry.Transfer",
)
CHANGE = Topic(
    _("New company name, or formal membership"),
    (
        _(
            "Add a company change. For a new name: the new login name, the notice of approved change, the new licence."
        ),
        _("For formal membership: the licence and the qualification certificate."),
        _("Submit. After a new name was approved, sign in with the new login name; the password stays."),
    ),
    "registry.CompanyChange",
)
COMPANY_PROFILE = Topic(
    _("Keep the profiles complete"),
    (
        _(
            "While a required field of the company is empty, nothing can be started; a yellow bar names the field."
        ),
        _("Look after your people's profiles too: an empty region stops an enrolment."),
        _("Upload ID card, diploma and title once to the profile; later flows need no upload again."),
    ),
    "registry.Person",
)
COLLEAGUES = Topic(
    _("Colleagues' sign-ins"),
    (
        _("The manager of your company's users adds colleagues under “Users”; each gets an activation link."),
        _("Switch off the sign-in of somebody who leaves; what he or she did stays on record."),
    ),
    "accounts.User",
)
MISSING = Topic(
    _("Somebody or something cannot be found"),
    (
        _("Without a certificate of the association: the person applies on the public home page."),
        _("Registered with another company: claim the person by a transfer."),
        _("Anything else: ask for help on the sign-in page; the General Office answers."),
    ),
)
OFFICE_REVIEW = Topic(
    _("Company applications, changes and transfers"),
    (
        _("They wait under “To do”, due in three or four working days."),
        _(
            "Approving takes effect at once: a company and its first user come in, a name changes, a person moves."
        ),
        _("“Return” needs an opinion, which the other side reads by mail or in its inbox."),
    ),
    "core.Task",
)
HELP_DESK = Topic(
    _("Help requests"),
    (
        _(
            "The page shows the matching people, certificates and companies, and what can be done with one click."
        ),
        _("“Answer” sends your text by mail or text message; the asker may ask again by the link."),
    ),
    "registry.HelpRequest",
)
MERGING = Topic(
    _("Merge duplicates"),
    (
        _("“Possible duplicates” lists pairs the search found; the button above the list searches again."),
        _("Open a pair, choose the record to keep and for each field the right value, give a reason, merge."),
        _(
            "Certificates, applications and users move along. “Not the same” is remembered. “Merges” can undo a merge."
        ),
    ),
    "registry.DuplicatePair",
)
IMPORTS = Topic(
    _("Import Excel files"),
    (
        _(
            "Choose the file under “Imports”; the preview says row by row what will happen. Nothing is "
            "written before you confirm."
        ),
        _("Bad rows come back as a marked copy of your file. An import can be undone."),
    ),
    "core.ImportRun",
)
WORDING = Topic(
    _("Wording"),
    (
        _("“Message templates” change what mails and text messages say; the preview shows the result."),
        _("“Ready-made opinions” are what reviewers choose from when they return something."),
        _(
            "“Announcements” appear on the home page and on every dashboard; a later date publishes them then."
        ),
    ),
    "core.MessageTemplate",
)
CALENDAR = Topic(
    _("Working-day calendar"),
    (
        _(
            "Every time limit counts working days: the calendar says which days are off and which weekends are worked."
        ),
        _(
            "Each November, import the announcement of the coming year: paste its text or choose a list, "
            "look it through."
        ),
        _(
            "A day can be corrected at any time; the due dates of what is open follow an imported announcement."
        ),
    ),
    "core.CalendarDay",
)
CLASSES = Topic(
    _("Training classes"),
    (
        _("Plan a class, then open it for enrolment: it appears on the home page at once."),
        _("Bodies with an open practice class are those that applicants can choose as reviewing body."),
        _(
            "Close, begin and finish it with the buttons on its page; a class that does not take place is cancelled."
        ),
    ),
    "training.TrainingClass",
)
SYSTEM = Topic(
    _("When something does not arrive, or somebody cannot sign in"),
    (
        _(
            "“System state” shows whether the background work, the mails, the backups and the reminders run, and what "
            "to do where they do not."
        ),
        _("Mails and text messages that failed stand in the “Outbox” with the reason."),
        _(
            "Too many wrong passwords lock signing in for a while; the user's page unlocks, and a one-time code helps "
            "at once."
        ),
    ),
)
LOOK_UP = Topic(
    _("Look something up"),
    (
        _(
            "Search certificates by number, ID number or name; companies by any part of a present or former name."
        ),
        _("Every record shows its history: who changed what, when, and why."),
    ),
    "registry.Certificate",
)
USERS = Topic(
    _("Users"),
    (
        _("Add users and give each one role. Nobody has a default password: an activation link goes out."),
        _("Whom neither mail nor text message reaches gets a one-time code from the user's page."),
    ),
    "accounts.User",
)
OWN_PROFILE = Topic(
    _("Your profile"),
    (
        _("Keep phone, email, region, education and title up to date."),
        _("Upload ID card, diploma and title as pictures (JPG or PNG); later flows take them from here."),
        _("Your company enrols you in training and pays; individuals do neither."),
    ),
    "registry.Person",
)

ENROL = Topic(
    _("Enrol people in training"),
    (
        _(
            "“Enrol people in training” on the first page: choose type and mode, then one of the open classes."
        ),
        _(
            "Type or paste certificate numbers, ID numbers or names of your own people, or upload an Excel file, then "
            "“Look up and add”. Practice training: you may tick members of your company, too."
        ),
        _(
            "Somebody of another company is found by certificate number and name, or the last four characters of the "
            "ID number, beside it; the line stays masked until you submit. After 20 wrong answers a day no more are "
            "looked up that day."
        ),
        _(
            "What could not be put on the roster stays below the box until you correct it or take it off; a row that "
            "does not fit the certificate waits for your tick."
        ),
        _(
            "Each line shows its price and what is missing, with a link that puts it right. A certificate that shows "
            "another employer gets “Renewal and change of employer”; a person's second certificate is waived."
        ),
        _(
            "Pictures on a person's profile count. Others are added at the line, or once for everybody at the bottom."
        ),
        _("“Submit” takes the seats and fixes the prices; the local body reviews within two working days."),
    ),
    "training.Enrolment",
)
PAY = Topic(
    _("Pay for an enrolment"),
    (
        _(
            "After the local body's approval the task “Payment voucher to be handed in” shows account, amount and "
            "the remark to write on the transfer."
        ),
        _("Hand in a picture of each transfer with payer and invoice title; both are remembered."),
        _(
            "“Disagree” instead opens the roster again. It is reviewed anew, and what was verified stays as credit."
        ),
        _(
            "Too much paid? The rest is paid back. “Payments”, “Receipts” and “Refunds” show where the money is."
        ),
    ),
    "fees.Bill",
)
RETURNED = Topic(
    _("Something was returned"),
    (
        _("It is under “To do” again with the opinion; it can be corrected from there only."),
        _(
            "By the local body: the roster is open. Remarks stand beside the people they concern. Submit again."
        ),
        _("By finance: only the voucher can be corrected. To change the roster choose “Disagree”."),
        _("The training department returns to finance, which returns it to you with that opinion."),
    ),
    "core.Task",
)
FOLLOW = Topic(
    _("Print and follow"),
    (
        _(
            "Once it is confirmed, the enrolment lists the papers to send to the local body within three working days, "
            "and prints the detail sheet to be sealed. The learning does not wait for them."
        ),
        _(
            "“Learning query” shows state and hand-over side by side: “Learning” or “Yes” means that it is open."
        ),
        _("“Statistics of your company”, above the list of enrolments, counts them by year and state."),
    ),
    "training.EnrolmentLine",
)
ROSTERS = Topic(
    _("Review a roster"),
    (
        _("Open it from “To do”. Each person's pictures are one click away; J and K go on and back."),
        _(
            "What changed since the last return is marked. A remark beside a person tells the company what to correct."
        ),
        _("“Approve” asks the company to pay. “Return” needs an opinion and gives the seats back."),
        _(
            "“Approve or return …”, in the inbox or in the list of enrolments, shows which of the chosen rosters have "
            "findings, and approves the others at once."
        ),
        _("On a confirmed enrolment note the day on which its papers came."),
    ),
    "training.Enrolment",
)
FACE_TO_FACE = Topic(
    _("Face-to-face classes"),
    (
        _("The first page shows your classes of the next days."),
        _("When a class begins, tick its people in “Learning query” and open the learning."),
        _(
            "Enter hours, scores and results in the attendance grid there, or upload the Excel file it offers."
        ),
    ),
    "training.EnrolmentLine",
)
VERIFY = Topic(
    _("Verify payments"),
    (
        _(
            "“Payments” opens with what is under review: amount due, vouchers, payer and pictures side by side."
        ),
        _("Tick several and verify them together. With less than the bill nobody goes on: return it."),
        _(
            "“Return to the company” needs an opinion; the company can then correct the voucher only, or disagree."
        ),
        _("What the training department returned to you goes further to the company with its opinion."),
    ),
    "fees.Bill",
)
RECEIPTS = Topic(
    _("Receipts and invoices"),
    (
        _(
            "A verified payment leaves its receipts due: a fiscal receipt for dues and tuition, an invoice for changes."
        ),
        _("Tick them in “Receipts” and type the numbers; a number stands on one receipt of its kind only."),
        _("A wrong one is declared void with the reason."),
    ),
    "fees.Receipt",
)
REFUNDS = Topic(
    _("Refunds"),
    (
        _(
            "They come by themselves: too much was paid, a roster was cut, an enrolment or a class was cancelled."
        ),
        _("Record the transfer when the money went back. Credit that a new bill uses is not paid back."),
    ),
    "fees.Refund",
)
FEES = Topic(
    _("Fees and bank account"),
    (
        _(
            "A new schedule begins on a day; the one before it ends then. “What would it cost?” shows cases beforehand."
        ),
        _("What was asked for once keeps its price: it stands on the bill."),
        _("The bank account shown on payment pages is under “Bank accounts”."),
    ),
    "fees.FeeSchedule",
)
CONFIRM = Topic(
    _("Confirm enrolments"),
    (
        _("They come to “To do” once they are paid. Each line is checked again; what changed is named."),
        _("“Confirm” starts both deadlines: learning within two working days, papers within three."),
        _("“Return to finance” needs an opinion, with which finance returns it to the company."),
        _(
            "“Cancel the enrolment” before the confirmation, or cancel the class: what was paid becomes a refund."
        ),
    ),
    "training.Enrolment",
)
HAND_OVER = Topic(
    _("Hand over to the learning platform"),
    (
        _("“Learning query” counts who is to be handed over; the filter “opening due” finds the late ones."),
        _(
            "Tick and hand over. By file: download the roster, upload the platform's confirmation. By direct "
            "connection it goes by itself; “Hand-overs to the platform” shows what came back."
        ),
        _(
            "People the platform refuses come back with the reason and are handed over again once it is mended."
        ),
    ),
    "training.PlatformRun",
)
RESULTS = Topic(
    _("Record results"),
    (
        _(
            "Import the platform's results, or fetch them; the preview says person by person what will happen."
        ),
        _(
            "Ticked people can be recorded as passed or failed, dropped with a reason, or opened for a retake."
        ),
        _("An enrolment is completed by itself when everybody on it is through."),
    ),
    "training.EnrolmentLine",
)
LEARNING = Topic(
    _("Your learning"),
    (
        _("Once your company has enrolled you and it is confirmed, it stands here with its state."),
        _("“Learning”, or “Yes” under handed over: you can sign in to the learning platform."),
        _("Face-to-face classes show place and date; hours and result follow."),
    ),
    "training.EnrolmentLine",
)

TOPICS: dict[str, tuple[Topic, ...]] = {
    Role.ADMIN: (USERS, SYSTEM, FEES, LOOK_UP, WORDING),
    Role.OFFICE: (INBOX, OFFICE_REVIEW, HELP_DESK, MERGING, IMPORTS, WORDING, CALENDAR, USERS, SYSTEM, LOOK_UP),
    Role.FINANCE: (INBOX, VERIFY, RECEIPTS, REFUNDS, LOOK_UP),
    Role.TRAINING: (INBOX, CLASSES, CONFIRM, HAND_OVER, RESULTS, LOOK_UP),
    Role.LOCAL_BODY: (INBOX, ROSTERS, FACE_TO_FACE, REVIEW),
    Role.COMPANY: (
        INBOX, ENROL, PAY, RETURNED, FOLLOW, COMPANY_REVIEW, TRANSFER, CHANGE, COMPANY_PROFILE, COLLEAGUES, MISSING,
    ),
    Role.PERSON: (OWN_PROFILE, LEARNING),
    Role.AUDITOR: (LOOK_UP,),
}  # fmt: skip


def help_page(request: HttpRequest) -> HttpResponse:
    role = getattr(request.user, "role", "")
    topics = [
        (topic, changelist(topic.place) if allows(role, "view", topic.place) else "")
        for topic in TOPICS.get(role, ())
    ]
    context = {**admin.site.each_context(request), "title": _("Help"), "topics": topics}
    return TemplateResponse(request, "admin/help.html", context)
