"""Whose papers a local body reads: those of the people on rosters it reviews (specification 3.5, local_approve)."""

from typing import Any

from django.db.models import QuerySet

from backoffice.core.models import Attachment
from backoffice.core.scoping import bound_id, lend
from backoffice.roles import Role
from registry.models import Person
from training.flows.enrolment import UNDER_WAY
from training.flows.learning import L
from training.models import EnrolmentLine


def people_under_review(user: Any) -> QuerySet:
    """The keys of the people on rosters addressed to the user's body, from the submit to the end of the learning.

    A return to the company and the end of the enrolment close the papers again; so does dropping out.
    """
    lines = EnrolmentLine.objects.filter(enrolment__state__in=UNDER_WAY).exclude(state=L.DROPPED).order_by()
    return lines.filter(enrolment__local_body=bound_id(user)).values("person_id")


def lend_papers() -> None:
    """Called once at start-up (TrainingConfig.ready)."""
    lend(Attachment, Person, Role.LOCAL_BODY, people_under_review)
