"""Who may do what, and who sees what: the three tables that everything asks. Imports no app.

GRANTS     model -> role -> verbs. A verb that is not listed is refused.
SCOPES     model -> role -> which rows. A role that is not listed sees none (specification 1: "Unknown means none").
SENSITIVE  personal field -> role -> whole or masked. A role that is not listed does not see the field
           (core/sensitive.py applies it); PAPERS says the same of pictures, by their kind.

A scope is ALL, OWNER (the row is visible if the record it hangs on is) or a look-up path that must equal
the record the user is bound to: a company for COMPANY, a person for PERSON, a local body for LOCAL_BODY.
"""

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    ADMIN = "ADMIN", _("System administrator")
    OFFICE = "OFFICE", _("General Office")
    FINANCE = "FINANCE", _("Finance department")
    TRAINING = "TRAINING", _("Training department")
    LOCAL_BODY = "LOCAL_BODY", _("Local body")
    COMPANY = "COMPANY", _("Member company")
    PERSON = "PERSON", _("Individual member")
    AUDITOR = "AUDITOR", _("Auditor")


#: Which field of User binds a role to its record; the other roles are bound to nothing.
BINDINGS: Final[dict[str, str]] = {
    Role.LOCAL_BODY: "local_body_id",
    Role.COMPANY: "company_id",
    Role.PERSON: "person_id",
}

#: Somebody without an account who holds the signed link to one application or help request (core/links.py).
APPLICANT: Final = "APPLICANT"
#: Who takes the steps that follow by themselves (Flow.onward): no desk, no account.
SYSTEM: Final = "SYSTEM"
DESKS: Final = [*Role.choices, (APPLICANT, _("Applicant")), (SYSTEM, _("The system"))]
DESK_BINDINGS: Final[dict[str, str]] = BINDINGS | {APPLICANT: "record_id"}

ALL: Final = "*"
OWNER: Final = "@owner"
#: The user's own rows (saved filters).
SELF: Final = "@self"

A, O, F, T = Role.ADMIN, Role.OFFICE, Role.FINANCE, Role.TRAINING  # noqa: E741
L, C, P, U = Role.LOCAL_BODY, Role.COMPANY, Role.PERSON, Role.AUDITOR

LINK: Final[dict[str, str]] = {APPLICANT: "pk"}
PUBLIC: Final[dict[str, str]] = {APPLICANT: ALL}

STAFF: Final[dict[str, str]] = {A: ALL, O: ALL, F: ALL, T: ALL, U: ALL}
EVERYONE: Final[dict[str, str]] = dict.fromkeys(Role, ALL)

SCOPES: Final[dict[str, dict[str, str]]] = {
    # Dictionaries are public (the home page shows the local bodies).
    "registry.Region": EVERYONE | PUBLIC,
    "registry.Specialty": EVERYONE,
    "registry.LocalBody": EVERYONE | PUBLIC,
    "core.CalendarDay": EVERYONE,
    "core.AttachmentKind": EVERYONE | PUBLIC,
    # The register.
    "registry.Company": STAFF | {C: "pk", P: "people"},
    "registry.FormerName": STAFF | {C: "company", P: "company__people"},
    "registry.Person": STAFF | {C: "company", P: "pk"},
    "registry.Certificate": STAFF | {C: "company", P: "person"},
    "registry.CertificateTerm": STAFF | {C: "certificate__company", P: "certificate__person"},
    "registry.DuplicatePair": {A: ALL, O: ALL, U: ALL},
    "registry.Merge": {A: ALL, O: ALL, U: ALL},
    "registry.DuplicateSearch": {A: ALL, O: ALL, U: ALL},
    # Flows of the register. A draft is its author's alone (Flow.private_states).
    "registry.PersonalApplication": {A: ALL, O: ALL, T: ALL, U: ALL, L: "local_body", C: "company"} | LINK,
    "registry.CompanyApplication": {A: ALL, O: ALL, F: ALL, U: ALL} | LINK,
    "registry.CompanyChange": {A: ALL, O: ALL, F: ALL, U: ALL, C: "company"},
    "registry.Transfer": {A: ALL, O: ALL, T: ALL, U: ALL, C: "company"},
    "registry.HelpRequest": {A: ALL, O: ALL, U: ALL} | LINK,
    # The cash desk.
    "fees.FeeSchedule": EVERYONE,
    "fees.BankAccount": EVERYONE,
    "fees.Bill": STAFF | {C: "company"},
    "fees.BillItem": STAFF | {C: "bill__company"},
    "fees.Voucher": STAFF | {C: "bill__company"},
    "fees.Receipt": STAFF | {C: "bill__company"},
    "fees.Refund": STAFF | {C: "bill__company"},
    "fees.PayerDefault": {A: ALL, F: ALL, U: ALL, C: "company"},
    # Enrolments. Bodies and finance see them once they were submitted, people their own learning (shown_to).
    "training.Enrolment": STAFF | {L: "local_body", C: "company"},
    "training.EnrolmentLine": STAFF | {L: "enrolment__local_body", C: "enrolment__company", P: "person"},
    "training.CertificateLookup": {A: ALL, O: ALL, U: ALL},
    "training.PlatformRun": {A: ALL, O: ALL, T: ALL, U: ALL},
    "training.PlatformRow": {A: ALL, O: ALL, T: ALL, U: ALL},
    # The year's training plan is public.
    "training.TrainingClass": EVERYONE | PUBLIC,
    "core.Announcement": EVERYONE | PUBLIC,
    # Users: a company's manager looks after the company's own users.
    "accounts.User": {A: ALL, O: ALL, U: ALL, C: "company"},
    # The office's machinery.
    "core.Attachment": dict.fromkeys([*Role, APPLICANT], OWNER),
    "core.TransitionLog": dict.fromkeys([*Role, APPLICANT], OWNER),
    "core.Task": {A: ALL, O: ALL, U: ALL, F: "@desk", T: "@desk", L: "@desk", C: "@desk", P: "@desk"},
    "core.FinishedTask": dict.fromkeys(Role, OWNER),
    "core.TrackedTask": dict.fromkeys(Role, OWNER),
    "core.SavedFilter": dict.fromkeys(Role, SELF),
    "core.ReadyOpinion": EVERYONE,
    "core.MessageTemplate": {A: ALL, O: ALL, U: ALL},
    "core.Message": {A: ALL, O: ALL, U: ALL},
    # Training department and bodies import results; they see what they uploaded themselves (ImportRun.shown_to).
    "core.ImportRun": {A: ALL, O: ALL, T: ALL, L: ALL, U: ALL},
    "core.HeaderMapping": {A: ALL, O: ALL, U: ALL},
    "axes.AccessAttempt": {A: ALL, U: ALL},
    # Who had a masked value shown, and why: read by those who answer for the data.
    "core.Disclosure": {A: ALL, O: ALL},
    "core.SignOfLife": {A: ALL, O: ALL},
}

VIEW: Final = frozenset({"view"})
EDIT: Final = frozenset({"view", "add", "change"})
READERS: Final[dict[str, frozenset[str]]] = dict.fromkeys(Role, VIEW)
#: Verbs: view, add, change, delete (the admin's own), export and import (Excel).
GRANTS: Final[dict[str, dict[str, frozenset[str]]]] = {
    "registry.Region": READERS | {A: EDIT},
    "registry.Specialty": READERS | {A: EDIT, O: EDIT},
    "registry.LocalBody": READERS | {A: EDIT, O: EDIT, L: VIEW},
    "core.CalendarDay": READERS | {A: EDIT | {"delete"}, O: EDIT | {"delete"}},
    "core.AttachmentKind": READERS | {A: EDIT},
    "registry.Company": {
        A: VIEW | {"export"},
        O: EDIT | {"export", "import"},
        F: VIEW | {"export"},
        T: VIEW | {"export"},
        C: frozenset({"view", "change"}),
        P: VIEW,
        U: VIEW | {"export"},
    },
    "registry.FormerName": {A: VIEW, O: VIEW, F: VIEW, T: VIEW, C: VIEW, P: VIEW, U: VIEW},
    "registry.Person": {
        A: VIEW | {"export"},
        O: EDIT | {"export", "import"},
        F: VIEW,
        T: VIEW | {"export"},
        C: frozenset({"view", "change", "export"}),
        P: frozenset({"view", "change"}),
        U: VIEW | {"export"},
    },
    "registry.Certificate": {
        A: VIEW | {"export"},
        O: EDIT | {"export", "import"},
        F: VIEW,
        T: VIEW | {"export"},
        C: VIEW | {"export"},
        P: VIEW,
        U: VIEW | {"export"},
    },
    "registry.CertificateTerm": {A: VIEW, O: VIEW, F: VIEW, T: VIEW, C: VIEW, P: VIEW, U: VIEW},
    "registry.DuplicatePair": {A: VIEW, O: VIEW | {"change"}, U: VIEW},
    "registry.Merge": {A: VIEW, O: VIEW | {"change"}, U: VIEW},
    "registry.DuplicateSearch": {A: VIEW, O: VIEW, U: VIEW},
    "registry.PersonalApplication": {
        A: VIEW | {"export"}, O: VIEW | {"export"}, T: VIEW, U: VIEW | {"export"}, L: VIEW | {"export"},
        C: frozenset({"view", "change", "export"}), APPLICANT: frozenset({"view", "change"}),
    },
    "registry.CompanyApplication": {
        A: VIEW | {"export"}, O: frozenset({"view", "change", "export"}), F: VIEW, U: VIEW | {"export"},
        APPLICANT: frozenset({"view", "change"}),
    },
    "registry.CompanyChange": {A: VIEW, O: VIEW | {"export"}, F: VIEW, U: VIEW, C: EDIT},
    "registry.Transfer": {A: VIEW, O: VIEW | {"export"}, T: VIEW, U: VIEW, C: EDIT},
    "registry.HelpRequest": {A: VIEW, O: frozenset({"view", "change", "export"}), U: VIEW,
                             APPLICANT: frozenset({"view", "change"})},
    "training.TrainingClass": READERS | {A: VIEW | {"export"}, T: EDIT | {"export"}, U: VIEW | {"export"}},
    "fees.FeeSchedule": READERS | {A: EDIT, L: VIEW},
    "fees.BankAccount": READERS | {A: EDIT},
    "fees.Bill": {A: VIEW | {"export"}, O: VIEW, F: VIEW | {"export"}, T: VIEW, U: VIEW | {"export"}, C: VIEW},
    "fees.BillItem": {A: VIEW, O: VIEW, F: VIEW, T: VIEW, U: VIEW, C: VIEW},
    # "change": a company reads the pictures of what it hands in; they are fixed from then on.
    "fees.Voucher": {
        A: VIEW | {"export"}, O: VIEW, F: VIEW | {"export"}, T: VIEW, U: VIEW | {"export"},
        C: frozenset({"view", "change"}),
    },
    "fees.Receipt": {
        A: VIEW | {"export"}, O: VIEW, F: frozenset({"view", "change", "export"}), T: VIEW,
        U: VIEW | {"export"}, C: VIEW,
    },
    "fees.Refund": {
        A: VIEW | {"export"}, O: VIEW, F: frozenset({"view", "change", "export"}), T: VIEW,
        U: VIEW | {"export"}, C: VIEW,
    },
    "fees.PayerDefault": {A: VIEW, F: VIEW, U: VIEW, C: VIEW},
    "training.Enrolment": {
        A: VIEW | {"export"}, O: VIEW, F: VIEW, T: frozenset({"view", "change", "export"}), U: VIEW | {"export"},
        L: frozenset({"view", "change", "export"}), C: EDIT | {"export"},
    },
    "training.EnrolmentLine": {
        A: VIEW | {"export"}, O: VIEW, F: VIEW, T: frozenset({"view", "change", "export", "import"}),
        U: VIEW | {"export"}, L: frozenset({"view", "change", "export", "import"}),
        C: frozenset({"view", "change", "export"}),
        P: VIEW,
    },
    "training.CertificateLookup": {A: VIEW, O: VIEW, U: VIEW},
    "training.PlatformRun": {A: VIEW, O: VIEW, T: frozenset({"view", "change", "import"}), U: VIEW},
    "training.PlatformRow": {A: VIEW, O: VIEW, T: VIEW, U: VIEW},
    "core.Announcement": READERS | {O: EDIT, A: VIEW, T: EDIT, APPLICANT: VIEW},
    "accounts.User": {A: EDIT, O: EDIT, U: VIEW, C: EDIT},
    "core.Attachment": {A: VIEW, O: EDIT | {"delete"}, F: VIEW, T: EDIT | {"delete"}, L: VIEW, U: VIEW,
                        C: EDIT | {"delete"}, P: EDIT | {"delete"}, APPLICANT: EDIT | {"delete"}},
    "core.TransitionLog": READERS,
    "core.Task": READERS,
    "core.FinishedTask": READERS,
    "core.TrackedTask": READERS,
    "core.SavedFilter": dict.fromkeys(Role, EDIT | {"delete"}),
    "core.ReadyOpinion": READERS | {O: EDIT | {"delete"}, T: EDIT | {"delete"}, A: EDIT | {"delete"}},
    "core.MessageTemplate": {A: frozenset({"view", "change"}), O: frozenset({"view", "change"}), U: VIEW},
    "core.Message": {A: VIEW, O: VIEW, U: VIEW},
    "core.ImportRun": {A: VIEW, O: EDIT, T: EDIT, L: EDIT, U: VIEW},
    "core.HeaderMapping": {A: VIEW, O: VIEW | {"delete"}, U: VIEW},
    "axes.AccessAttempt": {A: VIEW | {"delete"}, U: VIEW},
    "core.Disclosure": {A: VIEW, O: VIEW},
    "core.SignOfLife": {A: VIEW, O: VIEW},
}  # fmt: skip

WHOLE: Final = "whole"
MASKED: Final = "masked"
NONE: Final = "none"

#: Who works with members' data reads it whole; the auditor reads it masked, and has one value shown with a reason.
WORKS_WITH: Final[dict[str, str]] = {A: WHOLE, O: WHOLE, T: WHOLE, U: MASKED}
#: Finance tells people of one name apart by the ends of the number; it calls and writes to nobody.
NUMBERED: Final = WORKS_WITH | {F: MASKED}
OFFICE_ONLY: Final[dict[str, str]] = {A: WHOLE, O: WHOLE, U: MASKED}
OPEN_TO_ALL: Final[dict[str, str]] = dict.fromkeys([*Role, APPLICANT], WHOLE)
WHOLE_FOR_REVIEW: Final = {L: WHOLE, C: WHOLE, APPLICANT: WHOLE}

#: A system check refuses a model with such a field (ID number, phone, mail, birthday, account, file) that is not here.
SENSITIVE: Final[dict[str, dict[str, str]]] = {
    # The local body compares the number with the papers it reviews, and reads the phone beside them.
    "registry.Person.id_number": NUMBERED | {C: WHOLE, P: WHOLE, L: WHOLE},
    "registry.Person.birthday": WORKS_WITH | {C: WHOLE, P: WHOLE},
    "registry.Person.phone": WORKS_WITH | {C: WHOLE, P: WHOLE, L: WHOLE},
    "registry.Person.email": WORKS_WITH | {C: WHOLE, P: WHOLE},
    "registry.Company.contact_phone": WORKS_WITH | {C: WHOLE, P: WHOLE},
    "registry.Company.email": WORKS_WITH | {C: WHOLE, P: WHOLE},
    "registry.LocalBody.phone": OPEN_TO_ALL,
    "registry.LocalBody.email": OPEN_TO_ALL,
    "registry.PersonalApplication.id_number": WORKS_WITH | WHOLE_FOR_REVIEW,
    "registry.PersonalApplication.show_birthday": WORKS_WITH | WHOLE_FOR_REVIEW,
    "registry.PersonalApplication.phone": WORKS_WITH | WHOLE_FOR_REVIEW,
    "registry.PersonalApplication.email": WORKS_WITH | WHOLE_FOR_REVIEW,
    "registry.CompanyApplication.contact_phone": OFFICE_ONLY | {APPLICANT: WHOLE},
    "registry.CompanyApplication.email": OFFICE_ONLY | {APPLICANT: WHOLE},
    "registry.Transfer.id_number": WORKS_WITH | {C: WHOLE},
    "registry.HelpRequest.id_number": OFFICE_ONLY | {APPLICANT: WHOLE},
    "registry.HelpRequest.phone": OFFICE_ONLY | {APPLICANT: WHOLE},
    "registry.HelpRequest.email": OFFICE_ONLY | {APPLICANT: WHOLE},
    # Labels of pairs and merges name people with their numbers.
    "registry.DuplicatePair.label": OFFICE_ONLY,
    "registry.Merge.label": OFFICE_ONLY,
    "training.EnrolmentLine.id_number": NUMBERED | {L: WHOLE, C: WHOLE, P: WHOLE},
    "training.Enrolment.contact_phone": WORKS_WITH | {L: WHOLE, C: WHOLE},
    # A person's login name is the ID number.
    "accounts.User.username": OFFICE_ONLY | {C: WHOLE},
    "accounts.User.email": OFFICE_ONLY | {C: WHOLE},
    "accounts.User.phone": OFFICE_ONLY | {C: WHOLE},
    "axes.AccessAttempt.username": {A: WHOLE, U: MASKED},
    # The association's own account, printed on every request to pay.
    "fees.BankAccount.number": OPEN_TO_ALL,
    # Where money goes back to: finance pays it, the company wrote it down.
    "fees.Refund.payee_account": {A: WHOLE, O: WHOLE, F: WHOLE, C: WHOLE, T: MASKED, U: MASKED},
    "core.Message.recipient": OFFICE_ONLY,
    "core.Message.body": OFFICE_ONLY,
    # By kind: PAPERS.
    "core.Attachment.file": OPEN_TO_ALL,
    # Whole lists of people: for those who may hand one in.
    "core.ImportRun.file": {A: WHOLE, O: WHOLE, T: WHOLE, L: WHOLE},
    "core.ImportRun.marked_copy": {A: WHOLE, O: WHOLE, T: WHOLE, L: WHOLE},
    "core.ImportRun.samples": {A: WHOLE, O: WHOLE, T: WHOLE, L: WHOLE, U: MASKED},
}

#: Papers about a person: for those who review and keep them. The auditor asks for each with a reason.
PERSONAL_PAPER: Final = WORKS_WITH | {L: WHOLE, C: WHOLE, P: WHOLE, APPLICANT: WHOLE}
#: Papers of a company, which stand in public registers.
COMPANY_PAPER: Final[dict[str, str]] = {**dict.fromkeys((A, O, T, L, C, P, U), WHOLE), APPLICANT: WHOLE}
#: Kind of attachment -> role -> level. A kind that is not here is a personal paper.
PAPERS: Final[dict[str, dict[str, str]]] = {
    **dict.fromkeys(
        (
            "PHOTO",
            "ID_CARD",
            "DIPLOMA",
            "TITLE",
            "CERTIFICATE",
            "LEAVING",
            "JOINING",
            "SOCIAL_SECURITY",
            "OTHER",
        ),
        PERSONAL_PAPER,
    ),
    **dict.fromkeys(("LICENCE", "QUALIFICATION", "RENAME_NOTICE"), COMPANY_PAPER),
    # What finance is paid with, and what the auditor checks.
    "VOUCHER": dict.fromkeys((A, O, F, T, C, U), WHOLE),
}
#: What a company edits, and whom it invites, as long as it is an active member.
OF_ACTIVE_COMPANIES: Final = frozenset({"registry.Company", "registry.Person", "accounts.User"})
#: Roles that have one masked value shown with a reason (core/models/disclosure.py keeps the reason).
MAY_ASK: Final = frozenset({U})
#: Roles to whom ID numbers are masked in free text, too (opinions, remarks, reasons).
MASKED_IN_TEXT: Final[frozenset[str]] = frozenset({F, U})


def level_of(role: str | None, label: str, name: str) -> str:
    """WHOLE, MASKED or NONE: how the role reads the field `name` of the model; what is not sensitive is WHOLE."""
    return _level(SENSITIVE.get(f"{label}.{name}"), role)


def paper_level(role: str | None, kind: str) -> str:
    """WHOLE, MASKED or NONE: how the role reads attachments of the kind with this code."""
    return _level(PAPERS.get(kind, PERSONAL_PAPER), role)


def _level(levels: dict[str, str] | None, role: str | None) -> str:
    return WHOLE if levels is None else levels.get(role or "", NONE)


def desk_label(role: str) -> str:
    """The name of a role, or of the applicant, in the reader's language."""
    return str(dict(DESKS).get(role, role))


def allows(role: str | None, verb: str, model_label: str) -> bool:
    """Whether the role may do the verb on the model at all (which rows, SCOPES says)."""
    return verb in GRANTS.get(model_label, {}).get(role or "", ())
