"""“My learning”: what an individual member reads of the own learning, in plain words (manual ch. 7a, FAQ 12)."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from backoffice.core import written
from backoffice.core.scoping import visible_to
from backoffice.core.stages import Stage, moves_of, names_for, stages
from backoffice.roles import Role
from training.flows.learning import L
from training.models import EnrolmentLine


class MyLearningMixin:
    """For EnrolmentLineAdmin."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.my_learning_view)  # type: ignore[attr-defined]
        return [path("my-learning/", view, name="training_enrolmentline_mine"), *super().get_urls()]  # type: ignore[misc]

    def my_learning_view(self, request: HttpRequest) -> HttpResponse:
        if request.user.role != Role.PERSON:
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request), "title": _("My learning"), "opts": EnrolmentLine._meta,  # type: ignore[attr-defined]
            "cards": learning_of(request.user, 50),
        }  # fmt: skip
        return TemplateResponse(request, "admin/training/learning_mine.html", context)


@dataclass(frozen=True)
class LearningCard:
    """One training of the learner: what the state means, and the way of the learning."""

    line: EnrolmentLine
    now: str
    stages: list[Stage]


def learning_of(user: Any, most: int) -> list[LearningCard]:
    """The newest trainings of the individual member."""
    lines = visible_to(EnrolmentLine, user).select_related(
        "enrolment__training_class", "enrolment__company", "enrolment__local_body"
    )
    found = list(lines.order_by("-pk")[:most])
    moves, name = moves_of(found), names_for(user)
    return [LearningCard(line, what_now(line), stages(line, name, moves=moves[line.pk])) for line in found]


def what_now(line: EnrolmentLine) -> str:
    """What the state means for the learner, and what comes next."""
    course, body = line.enrolment.training_class, line.enrolment.local_body
    begins = written.day(course.start_date) if course.start_date else ""
    if line.state == L.PENDING and not course.is_online:
        return _("Your place is booked. The class begins on %(date)s: %(place)s.") % {
            "date": begins, "place": course.place or body.name,
        }  # fmt: skip
    if line.state == L.PENDING:
        due = line.enrolment.open_by
        return _("You are enrolled. The learning opens by %(date)s.") % {
            "date": written.day(due) if due else begins
        }
    if line.state == L.LEARNING and not course.is_online:
        return _("The class is running. Your hours and your result are entered by %(body)s.") % {"body": body}
    if line.state == L.PASSED:
        said = _(
            "You have passed. The certificate is made within 20 working days and handed out by %(body)s."
        )
        proof = _(" Bring the proof of your study hours.") if course.is_online else ""
        return said % {"body": body} + proof
    return {
        L.SUBMITTED: _("The learning platform has your name; you can sign in there shortly."),
        L.LEARNING: _("The learning is open: sign in to the learning platform and study."),
        L.FAILED: _("You have not passed this time. Your company can ask for a retake."),
        L.DROPPED: _("You no longer take part in this class. Your company knows why."),
    }.get(line.state, "")
