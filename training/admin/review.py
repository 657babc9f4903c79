"""The reviewer's page: the decision page of local body and training department with every person's papers on it."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext

from backoffice.core.admin.flow import is_turn_of, object_url, step_url
from backoffice.core.admin.review import EMPTY
from backoffice.core.filters import key_or_none
from backoffice.core.flow import StepRefused
from backoffice.core.models import Attachment
from backoffice.roles import Role
from training.flows.enrolment import S
from training.models import Enrolment
from training.review import look_through, may_remark, proposed_opinion, save_remark

#: The steps that are decided with the roster before one's eyes, and where a proposed opinion is offered.
REVIEWED: Final = ("local_approve", "local_return", "training_confirm", "training_return")
RETURNS: Final = ("local_return", "training_return")
REVIEWERS: Final[tuple[str, ...]] = (Role.LOCAL_BODY, Role.TRAINING)


class ReviewMixin:
    """Mixin before FlowAdmin for the enrolments: the page of REVIEWED steps, and remarks."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.remark_view)  # type: ignore[attr-defined]
        return [
            path("<path:object_id>/remark/", view, name="training_enrolment_remark"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    # -- the page ------------------------------------------------------------------------------------

    def step_page(self, request: HttpRequest, obj: Any, offer: Any, form: Any, offers: Any) -> HttpResponse:
        if offer.step.name not in REVIEWED:
            return super().step_page(request, obj, offer, form, offers)  # type: ignore[misc]
        review = look_through(obj, request.user)
        if offer.step.name in RETURNS and not form.is_bound:
            form.initial["opinion"] = review.opinion()
        # The remarks of `review_notes` are what the page itself shows at length.
        request.reviewed = True  # type: ignore[attr-defined]
        answer: Any = super().step_page(request, obj, offer, form, offers)  # type: ignore[misc]
        answer.template_name = "admin/training/review.html"
        answer.context_data |= {
            "fields": [row for row in answer.context_data["fields"] if row.value != EMPTY],
            "review": review, "pictures": Attachment.objects.none(), "may_remark": may_remark(obj, request.user),
            "remark_url": reverse("admin:training_enrolment_remark", args=[obj.pk]),
            "first_unclean": next((seen.line.pk for seen in review.unclean), None),
        }  # fmt: skip
        return answer

    def review_notes(self, request: HttpRequest, obj: Enrolment) -> list[tuple[str, Any]]:
        """For the company: what the reviewer said of whom. For a reviewer: how many people need a look."""
        notes = super().review_notes(request, obj)  # type: ignore[misc]
        if request.user.role == Role.COMPANY and obj.state == S.DRAFT:
            remarked = obj.lines.exclude(review_remark="")
            return [*notes, *(("warning", f"{line}: {line.review_remark}") for line in remarked)]
        reviewing = request.user.role in REVIEWERS and is_turn_of(obj, request.user)
        if reviewing and not getattr(request, "reviewed", False):
            return [*notes, summary(obj, request.user)]
        return notes

    # -- remarks -------------------------------------------------------------------------------------

    def remark_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST `line` and `remark`: saved for the company to read; answers scripts with JSON, others with the page."""
        if not self.may(request, "change"):  # type: ignore[attr-defined]
            raise PermissionDenied
        obj = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        by_script = request.headers.get("X-Requested-With") == "fetch"
        key = key_or_none(request.POST.get("line", ""))
        try:
            line = save_remark(obj.pk, key, request.POST.get("remark", ""), request.user)
        except StepRefused as refusal:
            if by_script:
                return JsonResponse({"refusal": str(refusal)}, status=409)
            messages.error(request, str(refusal))
        else:
            if by_script:
                return JsonResponse({"remark": line.review_remark, "opinion": proposed_opinion(obj)})
            messages.success(request, gettext("The remark on %(who)s was saved.") % {"who": line})
        step = request.POST.get("step")
        back = step_url(obj, obj.pk, step) if step in REVIEWED else object_url(obj)
        return HttpResponseRedirect(f"{back}#line-{key}" if key else back)


def summary(obj: Enrolment, user: Any) -> tuple[str, str]:
    """One line about the whole roster for the page the reviewer comes to first."""
    review = look_through(obj, user)
    people, unclean = len(review.people), len(review.unclean)
    if review.is_clean:
        text = ngettext("Clean: nothing stands against the %(people)d person on the roster.",
                        "Clean: nothing stands against the %(people)d people on the roster.", people)  # fmt: skip
        return "info", text % {"people": people}
    text = ngettext("%(unclean)d of %(people)d people needs a look.", "%(unclean)d of %(people)d people need a look.",
                    unclean)  # fmt: skip
    return "warning", text % {"unclean": unclean, "people": people}
