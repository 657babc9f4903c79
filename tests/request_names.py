"""The registry of what pages read from addresses and forms: words, or the name of a record.

tests/test_request_names.py finds every read in the source and refuses one that is not here, and it puts the key of a
foreign record wherever a record is named. A new read gets a line here: a `Names` where its value may name a record
(a key, a number, a list of them), else what it is.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Names:
    """A parameter that names a record of the model `label`: where it is sent, beside what."""

    label: str
    view: str
    #: The model of the record in the address, of which one's own is taken.
    own: str = ""
    args: tuple[str, ...] = ()
    #: Its name, where it is not that of the read.
    name: str = ""
    method: str = "POST"
    #: How the key stands in it (or in its name).
    form: str = "{}"
    #: Sent beside it; `@label` stands for the key of one's own record.
    data: dict[str, str] = field(default_factory=dict)


WORDS = "typed or chosen: words, a date, a number of something, a choice of a fixed list"
BUTTON = "which button was pressed"
PAGE = "which part of a list"
SEEN = "what the page showed when it was opened, compared with what is there"
MODEL = "a kind of records, asked for its grant"
PATH = "a path of this site, checked as such"
PUBLIC = "a record that everybody sees: a class, a price list, a service body, a kind of paper"
SIGNED = "a signed link: tests/access_links.py asks with own and forged ones"
NUMBERS = "numbers of people and certificates to be looked up, as typed; tests/training/test_foreign.py"
OWN = "fields of the record that is in the address"
WHOLE = "handed on to what is read by name elsewhere"

DRAFT = "training.enrolment:draft"
ROSTER = "admin:training_enrolment_roster"
HAND_OVER = "admin:core_task_hand_over"
LINE = "training.enrolmentline"
ACT = "admin:training_enrolmentline_act"

READS: dict[str, dict[str, Any]] = {
    "backoffice/accounts/admin.py": {"ReasonForm(…)": WORDS},
    "backoffice/core/admin/attachments.py": {
        "UploadForm(…)": PUBLIC, "kind": PUBLIC, "replace": BUTTON,
        "remove": Names("core.attachment", "admin:registry_person_attachments", own="registry.person"),
    },
    "backoffice/core/admin/calendar.py": {
        "AnnouncementForm(…)": WORDS, "Days(…)": WORDS, "confirm": BUTTON, "form-TOTAL_FORMS": PAGE,
    },
    "backoffice/core/admin/disclosures.py": {"AskForm(…)": WORDS},
    "backoffice/core/admin/flow.py": {
        "_popup": PAGE, "next": BUTTON, "seen": SEEN, "perform(…)": OWN, "type(form)(…)": OWN,
    },
    "backoffice/core/admin/history.py": {"change_reason": WORDS, "p": PAGE},
    "backoffice/core/admin/importruns.py": {
        "OptionsForm(…)": WORDS, "UploadForm(…)": WORDS, "header_row": WORDS, "layout": WORDS, "remember": BUTTON,
        "sheet": WORDS, "show": PAGE,
    },
    "backoffice/core/admin/inbox.py": {"SEARCH_VAR": WORDS},
    "backoffice/core/admin/inbox_actions.py": {
        "HandOverForm(…)": Names("accounts.user", HAND_OVER, name="to", data={"task": "@core.task"}),
        "OpinionForAll(…)": WORDS, "opinion": WORDS, "step": BUTTON,
        "task": [
            Names("core.task", "admin:core_task_decide", data={"step": "company_approve", "opinion": "好"}),
            Names("core.task", HAND_OVER, data={"to": ""}),
        ],
    },
    "backoffice/core/admin/next_task.py": {
        "INBOX": Names("registry.company", "admin:registry_personalapplication_change", method="GET",
                       own="registry.personalapplication", name="_inbox", form="company={}"),
        "LIST": Names("registry.company", "admin:registry_personalapplication_change", method="GET",
                      own="registry.personalapplication", name="_changelist_filters", form="company={}"),
        "name": WHOLE,
    },
    "backoffice/core/admin/saved_filters.py": {
        ":4 * LONGEST_QUERY": WHOLE, "_popup": PAGE, "keep(…)": WORDS, "len(…)": WHOLE, "list": MODEL, "name": WORDS,
        "pairs(…)": WHOLE, "delete": Names("core.savedfilter", "admin:core_savedfilter_save"),
        "query": Names("registry.company", "admin:core_savedfilter_save", form="company={}",
                       data={"list": "registry.person", "name": "某单位"}),
    },
    "backoffice/core/admin/scoped.py": {
        "SEARCH_VAR": WORDS, "_continue": BUTTON, "action": BUTTON, "back": PATH, "csrfmiddlewaretoken": WHOLE,
        "hide_numbers(…)": WHOLE,
    },
    "backoffice/core/export.py": {"format": WORDS, "p": PAGE},
    "backoffice/core/hidden_terms.py": {"SEARCH_VAR": WORDS},
    "backoffice/core/middleware.py": {"without_nul(…)": WHOLE},
    "backoffice/public/api.py": {
        "FORMS[type(record)](…)": PUBLIC, "link": BUTTON, "q": WORDS, "remove": BUTTON, "seen": SEEN, "token": SIGNED,
        "value": WORDS,
    },
    "backoffice/public/views_apply.py": {
        "FORMS[type(record)](…)": PUBLIC, "find": BUTTON, "remove": WORDS, "save": BUTTON, "seen": SEEN,
        "submit": BUTTON, "token": SIGNED, "website": WORDS,
    },
    "backoffice/public/views_check.py": {"CheckForm(…)": NUMBERS},
    "backoffice/public/views_help.py": {
        "HelpForm(…)": WORDS, "TOKEN": SIGNED, "certificate": WORDS, "opinion": WORDS, "seen": SEEN, "step": BUTTON,
        "text": WORDS, "topic": WORDS, "remove": "a picture of one's own question: the last test of the file",
    },
    "backoffice/public/views_home.py": {"body": PUBLIC, "page": PAGE, "type": WORDS},
    "backoffice/public/views_link.py": {"seen": SEEN},
    "backoffice/site.py": {"app_label": MODEL, "field_name": MODEL, "model_name": MODEL, "s": WORDS},
    "fees/admin/bill_actions.py": {
        "OpinionForm(…)": WORDS, "back": BUTTON, "f'seen_{key}'": SEEN, "step": BUTTON,
        "bill": Names("fees.bill", "admin:fees_bill_decide", data={"step": "finance_approve", "opinion": "好"}),
    },
    "fees/admin/bill_list.py": {"StageFilter.parameter_name": WORDS},
    "fees/admin/correcting.py": {"CorrectionForm(…)": OWN},
    "fees/admin/issuing.py": {
        "DateForm(…)": WORDS, "f'number-{receipt.pk}'": WORDS, "f'start-{kind}'": WORDS, "fill": BUTTON,
        "self.rows(…)": WHOLE,
        "row": [
            Names("fees.receipt", "admin:fees_receipt_issue", method="GET"),
            Names("fees.receipt", "admin:fees_receipt_issue", data={"fill": "1", "start-DUES": "1"}),
        ],
    },
    "fees/admin/payment_forms.py": {
        "PageForm(…)": OWN, "add_row": BUTTON, "f'{PREFIX}-TOTAL_FORMS'": PAGE, "f'{PREFIX}-{index}-payer_name'": OWN,
        "f'{PREFIX}-{index}-{name}'": OWN, "name": OWN, "typed_rows(…)": OWN,
    },
    "fees/admin/successor.py": {
        "SuccessorForm(…)": OWN, "first_values(…)": WORDS, "name": WORDS, "preview": BUTTON, "succeed(…)": OWN,
    },
    "fees/admin/whatif.py": {"CaseForm(…)": WORDS, "name": WORDS, "of": PUBLIC},
    "registry/admin/changes.py": {"kind": WORDS},
    "registry/admin/duplicates.py": {
        "ReasonForm(…)": WORDS, "compared(…)": OWN, "f'field_{field.name}'": OWN, "seen": SEEN,
        "self.comparison(…)": OWN,
        "keep": Names("registry.person", "admin:registry_duplicatepair_merge", own="registry.duplicatepair",
                      data={"reason": "同一人"}),
    },
    "registry/admin/help.py": {
        "act": BUTTON,
        "company": Names("registry.company", "admin:registry_helprequest_followup", own="registry.helprequest",
                         data={"act": "move"}),
        "record": Names("registry.person", "admin:registry_helprequest_followup", own="registry.helprequest",
                        data={"act": "move"}),
    },
    "registry/admin/merging.py": {
        "csrfmiddlewaretoken": WHOLE, "hide_numbers(…)": WHOLE, "q": WORDS,
        "other": Names("registry.person", "admin:registry_person_merge_with", own="registry.person"),
    },
    "registry/admin/terms.py": {"TermForm(…)": OWN},
    "registry/admin/transfers.py": {"id_number": NUMBERS},
    "training/admin/attendance.py": {
        "confirmed": SEEN, "open": BUTTON, "seen": SEEN,
        "take(…)": Names(LINE, "admin:training_enrolmentline_attendance_grid", own="attendance", name="hours_{}",
                         data={"seen": "x"}, form="8"),
    },
    "training/admin/begin.py": {"mode": WORDS, "training_class": PUBLIC, "type": WORDS},
    "training/admin/class_copying.py": {"class": PUBLIC},
    "training/admin/learning_acts.py": {
        "ActForm(…)": WORDS, "confirm": BUTTON, "due": BUTTON, "course": Names("attendance", ACT, args=("hand_off",)),
        "ids": [Names(LINE, ACT, args=("drop",), data={"confirm": "1", "opinion": "好"}),
                Names(LINE, ACT, args=("open_learning",))],
    },
    "training/admin/platform.py": {"opinion": WORDS, "page": PAGE, "show": PAGE},
    "training/admin/printing.py": {"PapersForm(…)": OWN},
    "training/admin/review.py": {
        "remark": WORDS, "step": BUTTON,
        "line": Names(LINE, "admin:training_enrolment_remark", own="training.enrolment", data={"remark": "好"}),
    },
    "training/admin/roster.py": {
        "ContactForm(…)": OWN, "UploadForm(…)": PUBLIC, "act": BUTTON, "drop": NUMBERS, "p": PAGE, "part": PAGE,
        "q": WORDS, "seen": SEEN,
        "LineForm(…)": Names(LINE, ROSTER, own=DRAFT, name="line", data={"act": "edit", "matter": "CONTINUING"}),
    },
    "training/admin/roster_entry.py": {
        "drop": NUMBERS, "f'entry-{entry.key}'": NUMBERS, "take": NUMBERS, "text": NUMBERS,
        "name": [Names(LINE, ROSTER, own=DRAFT, name="line", data={"act": "remove"}),
                 Names("registry.person", ROSTER, own=DRAFT, name="person", data={"act": "pick"})],
    },
    "training/admin/roster_export.py": {
        "format": WORDS, "p": PAGE,
        "id": Names("training.enrolment", "admin:training_enrolment_roster_export", method="GET",
                    data={"format": "csv"}),
    },
    "training/admin/training_class.py": {"month": WORDS, "year": WORDS},
}  # fmt: skip
