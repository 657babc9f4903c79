"""What the help pages say of applications, the register and the office; short, true steps."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


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
