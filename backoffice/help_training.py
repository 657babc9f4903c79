"""What the help pages say of enrolling, paying, learning and the desks behind them; short, true steps."""

from django.utils.translation import gettext_lazy as _

from backoffice.help_topics import Topic

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
        _(
            "Open it from “To do”. Each person's pictures are one click away; J and K go on and back, unless you "
            "switched them off in the menu under your name."
        ),
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
