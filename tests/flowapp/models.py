"""A small flow that exists only to prove the machinery: two desks, a return, guards, a bound desk."""

from django.db import models

from backoffice.core.flow import Desk, Flow, step
from backoffice.core.history import History
from backoffice.core.state_field import StateField
from backoffice.roles import Role


class State(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    LOCAL_REVIEW = "LOCAL_REVIEW", "Local review"
    OFFICE_REVIEW = "OFFICE_REVIEW", "Office review"
    APPROVED = "APPROVED", "Approved"
    CANCELLED = "CANCELLED", "Cancelled"


def has_title(paper: "Paper") -> str:
    return "" if paper.title else "The title is empty; fill it in first."


class Paper(Flow):
    state = StateField("state", default=State.DRAFT, choices=State.choices)
    title = models.CharField(max_length=100, blank=True)
    company = models.ForeignKey("registry.Company", models.PROTECT)
    local_body = models.ForeignKey("registry.LocalBody", models.PROTECT, null=True)
    effects = models.PositiveIntegerField(default=0)
    history = History()
    takes_attachments = ("OTHER",)

    desks = {
        State.DRAFT: Desk(Role.COMPANY, bound="company_id"),
        State.LOCAL_REVIEW: Desk(Role.LOCAL_BODY, bound="local_body_id", working_days=2),
        State.OFFICE_REVIEW: Desk(Role.OFFICE, working_days=4),
    }

    def __str__(self) -> str:
        return self.title or f"Paper {self.pk}"

    @step(
        state,
        State.DRAFT,
        State.LOCAL_REVIEW,
        by=Role.COMPANY,
        label="Submit",
        when=[has_title],
        in_bulk=True,
    )
    def submit(self, by, **data):
        """Hand the paper to the local body."""

    @step(
        state,
        State.LOCAL_REVIEW,
        State.OFFICE_REVIEW,
        by=Role.LOCAL_BODY,
        label="Approve locally",
        in_bulk=True,
    )
    def local_approve(self, by, **data):
        """Hand the paper on to the General Office."""

    @step(
        state,
        State.LOCAL_REVIEW,
        State.DRAFT,
        by=Role.LOCAL_BODY,
        label="Return",
        opinion_required=True,
        in_bulk=True,
    )
    def local_return(self, by, **data):
        """Give the paper back."""

    @step(state, State.OFFICE_REVIEW, State.APPROVED, by=Role.OFFICE, label="Approve", in_bulk=True)
    def approve(self, by, **data):
        """Let the paper take effect."""
        self.effects += 1

    @step(
        state,
        State.OFFICE_REVIEW,
        State.DRAFT,
        by=Role.OFFICE,
        label="Return",
        opinion_required=True,
        in_bulk=True,
    )
    def office_return(self, by, **data):
        """Give the paper back."""

    @step(state, State.DRAFT, State.CANCELLED, by=Role.COMPANY, label="Cancel", tone="danger")
    def cancel(self, by, **data):
        """End without effect."""
