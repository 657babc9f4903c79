"""求助 (specification 3.11, manual ch. 1, FAQ 16): from every dead end into the General Office's inbox, followed by
link."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.flow import Desk, Flow, Step, step
from backoffice.core.state_field import StateField
from backoffice.roles import APPLICANT, Role
from registry.flows.guards import all_filled_in


class S(models.TextChoices):
    DRAFT = "DRAFT", gettext_lazy("Being filled in")
    OPEN = "OPEN", gettext_lazy("With the General Office")
    ANSWERED = "ANSWERED", gettext_lazy("Answered")
    CLOSED = "CLOSED", gettext_lazy("Closed")


class Topic(models.TextChoices):
    SIGN_IN = "SIGN_IN", gettext_lazy("I cannot sign in")
    NOT_FOUND = "NOT_FOUND", gettext_lazy("A person is not found in the list")
    CERTIFICATE = "CERTIFICATE", gettext_lazy("A certificate is wrong or missing")
    STALE = "STALE", gettext_lazy("A date or an employer is out of date")
    KNOWN_MEMBER = "KNOWN_MEMBER", gettext_lazy("An applicant is a member already")
    LOOKUPS = "LOOKUPS", gettext_lazy("Too many wrong look-ups of other companies' certificates")
    OTHER = "OTHER", gettext_lazy("Something else")


def can_be_answered(obj: Any) -> str:
    """An answer must reach the asker: by mail, by text message, or read under the signed link."""
    return "" if obj.email or obj.phone else _("Give an email address or a mobile phone for the answer.")


class HelpRequestFlow(Flow):
    state = StateField(gettext_lazy("state"), default=S.DRAFT, choices=S.choices)

    link_code = "h"
    private_states = frozenset({S.DRAFT})
    colours = {S.DRAFT: "", S.OPEN: "info", S.ANSWERED: "success", S.CLOSED: ""}
    desks = {
        S.DRAFT: Desk(APPLICANT, bound="pk"),
        S.OPEN: Desk(Role.OFFICE, working_days=4),
        S.ANSWERED: Desk(APPLICANT, bound="pk"),
    }

    class Meta:
        abstract = True

    @step(
        state, S.DRAFT, S.OPEN, by=APPLICANT, label=gettext_lazy("Send"),
        when=[all_filled_in, can_be_answered],
    )  # fmt: skip
    def send(self, by: Any, **data: Any) -> None:
        """Into the General Office's inbox."""

    @step(state, S.OPEN, S.ANSWERED, by=Role.OFFICE, label=gettext_lazy("Answer"), opinion_required=True)
    def answer(self, by: Any, opinion: str = "", **data: Any) -> None:
        """The asker gets the answer by mail or text message, and reads it under the link."""
        self.answer_text = opinion

    @step(
        state, S.ANSWERED, S.OPEN, by=APPLICANT, label=gettext_lazy("Ask again"), opinion_required=True,
        tone="default",
    )  # fmt: skip
    def ask_again(self, by: Any, **data: Any) -> None:
        """The answer did not help yet."""

    @step(
        state, S.ANSWERED, S.CLOSED, by=(APPLICANT, Role.OFFICE), label=gettext_lazy("Close"), tone="default"
    )
    def close(self, by: Any, **data: Any) -> None:
        """Nothing is left to do."""

    def transition_done(self, done: Step, by: Any, opinion: str) -> None:
        from registry import notices

        notices.help_request(self, done.name, opinion)
