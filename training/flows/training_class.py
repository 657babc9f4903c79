"""培训班 (specification 2): a class of the year's training plan, from planned to finished."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from backoffice.core.flow import Flow, step
from backoffice.core.state_field import StateField
from backoffice.roles import Role


class S(models.TextChoices):
    PLANNED = "PLANNED", gettext_lazy("Planned")
    OPEN = "OPEN", gettext_lazy("Open for enrolment")
    CLOSED = "CLOSED", gettext_lazy("Enrolment closed")
    IN_PROGRESS = "IN_PROGRESS", gettext_lazy("In progress")
    FINISHED = "FINISHED", gettext_lazy("Finished")
    CANCELLED = "CANCELLED", pgettext_lazy("flow", "Cancelled")


def dates_known(obj: Any) -> str:
    if obj.start_date and obj.end_date:
        return ""
    return _("Enter first when the class begins and ends.")


class TrainingClassFlow(Flow):
    state = StateField(gettext_lazy("state"), default=S.PLANNED, choices=S.choices)

    colours = {
        S.PLANNED: "", S.OPEN: "success", S.CLOSED: "warning", S.IN_PROGRESS: "info", S.FINISHED: "",
        S.CANCELLED: "danger",
    }  # fmt: skip
    #: A class waits for its dates, at nobody's desk.
    resting = frozenset({S.PLANNED, S.OPEN, S.CLOSED, S.IN_PROGRESS})

    class Meta:
        abstract = True

    @step(
        state, (S.PLANNED, S.CLOSED), S.OPEN, by=Role.TRAINING, label=gettext_lazy("Open for enrolment"),
        when=[dates_known],
    )  # fmt: skip
    def open(self, by: Any, **data: Any) -> None:
        """Show the class publicly and take enrolments."""

    @step(state, S.OPEN, S.CLOSED, by=Role.TRAINING, label=gettext_lazy("Close enrolment"), tone="default")
    def close(self, by: Any, **data: Any) -> None:
        """Take no more enrolments; what is under way goes on."""

    @step(state, (S.OPEN, S.CLOSED), S.IN_PROGRESS, by=Role.TRAINING, label=gettext_lazy("Begin the class"))
    def begin(self, by: Any, **data: Any) -> None:
        """The class runs."""

    @step(state, S.IN_PROGRESS, S.FINISHED, by=Role.TRAINING, label=gettext_lazy("Finish the class"))
    def finish(self, by: Any, **data: Any) -> None:
        """The class is over."""

    @step(
        state, (S.PLANNED, S.OPEN, S.CLOSED), S.CANCELLED, by=Role.TRAINING, label=gettext_lazy("Cancel the class"),
        opinion_required=True, tone="danger",
    )  # fmt: skip
    def cancel(self, by: Any, opinion: str = "", **data: Any) -> None:
        """The class does not take place; its enrolments are cancelled, and paid money goes back (specification 3.5)."""
        from training.enrolling import cancel_enrolments

        cancel_enrolments(self, by, opinion)
