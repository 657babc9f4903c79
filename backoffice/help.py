"""The help page of each role: its topics, each with the list where it is done."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from backoffice import help_topics as office
from backoffice import help_training as training
from backoffice.navigation import changelist
from backoffice.roles import Role, allows

TOPICS: dict[str, tuple[office.Topic, ...]] = {
    Role.ADMIN: (office.USERS, office.SYSTEM, training.FEES, office.LOOK_UP, office.WORDING),
    Role.OFFICE: (
        office.INBOX,
        office.OFFICE_REVIEW,
        office.HELP_DESK,
        office.MERGING,
        office.IMPORTS,
        office.WORDING,
        office.CALENDAR,
        office.USERS,
        office.SYSTEM,
        office.LOOK_UP,
    ),
    Role.FINANCE: (office.INBOX, training.VERIFY, training.RECEIPTS, training.REFUNDS, office.LOOK_UP),
    Role.TRAINING: (
        office.INBOX,
        office.CLASSES,
        training.CONFIRM,
        training.HAND_OVER,
        training.RESULTS,
        office.LOOK_UP,
    ),
    Role.LOCAL_BODY: (office.INBOX, training.ROSTERS, training.FACE_TO_FACE, office.REVIEW),
    Role.COMPANY: (
        office.INBOX,
        training.ENROL,
        training.PAY,
        training.RETURNED,
        training.FOLLOW,
        office.COMPANY_REVIEW,
        office.TRANSFER,
        office.CHANGE,
        office.COMPANY_PROFILE,
        office.COLLEAGUES,
        office.MISSING,
    ),
    Role.PERSON: (office.OWN_PROFILE, training.LEARNING),
    Role.AUDITOR: (office.LOOK_UP,),
}


def help_page(request: HttpRequest) -> HttpResponse:
    role = getattr(request.user, "role", "")
    topics = [
        (topic, changelist(topic.place) if allows(role, "view", topic.place) else "")
        for topic in TOPICS.get(role, ())
    ]
    context = {**admin.site.each_context(request), "title": _("Help"), "topics": topics}
    return TemplateResponse(request, "admin/help.html", context)
