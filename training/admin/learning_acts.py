"""Acts on many people of the learning list: chosen by hand, a whole class, or everything due; confirmed on a page."""

import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextareaWidget

from backoffice.core.bounds import validate_day
from backoffice.core.filters import key_or_none
from backoffice.core.scoping import visible_to
from backoffice.roles import Role, allows
from training.corrections import DIFFERS, correction_of, outdated
from training.flows.learning import L
from training.models import EnrolmentLine, PlatformRun, TrainingClass
from training.notices import money_of_dropped
from training.platform.acts import ACTS, act
from training.platform.hand_off import adapter, pending
from training.results.record import Result
from training.results.rules import impossible, odd

#: So many people are moved at once.
MOST = 5_000
#: So many names a page shows.
SHOWN = 100


class ActForm(forms.Form):
    """The opinion, and the day somebody passed."""

    opinion = forms.CharField(
        label=_("Reason"), required=False, max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    passed_on = forms.DateField(
        validators=[validate_day],
        label=_("Passed on"), required=False, widget=UnfoldAdminSingleDateWidget,
        help_text=_("For everybody of this page; empty: today."),
    )  # fmt: skip

    def __init__(self, *args: Any, step: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["opinion"].required = EnrolmentLine.steps()[step].opinion_required
        if not self.fields["opinion"].required:
            del self.fields["opinion"]
        if step != "record_pass":
            del self.fields["passed_on"]

    def clean_passed_on(self) -> datetime.date | None:
        day = self.cleaned_data["passed_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("This day is in the future. Check the date."))
        return day


def list_action(step: str) -> Any:
    """The action of the list that leads to the page of `step`."""

    def chosen(model_admin: Any, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        return model_admin.confirm_page(
            request, step, list(queryset.values_list("pk", flat=True)[: MOST + 1])
        )

    chosen.short_description = EnrolmentLine.steps()[step].label  # type: ignore[attr-defined]
    chosen.__name__ = f"{step}_selected"
    return chosen


class LearningActsMixin:
    """For EnrolmentLineAdmin: its actions, their confirmation page, and the desk of what waits for the platform."""

    actions: ClassVar = [list_action(step) for step in ACTS[Role.TRAINING]]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path("act/<str:step>/", wrap(self.act_view), name="training_enrolmentline_act"),
            path("hand-off/", wrap(self.hand_off_view), name="training_enrolmentline_hand_off"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        offered = {f"{step}_selected" for step in ACTS.get(request.user.role, ())}
        return {name: entry for name, entry in super().get_actions(request).items() if name in offered}  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        links = [
            {"url": reverse(f"admin:{name}") + query, "title": title}
            for name, query, title, role in LINKS
            if request.user.role in role
        ]
        return super().changelist_view(request, {"list_links": links, **(extra_context or {})})  # type: ignore[misc]

    # -- confirm and do ----------------------------------------------------------------------------

    def act_view(self, request: HttpRequest, step: str) -> HttpResponse:
        """POST only. With `confirm` the step is taken and the outcomes are shown, else its page asks first."""
        if step not in EnrolmentLine.steps():
            raise Http404
        if step not in ACTS.get(request.user.role, ()):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(list_url())
        ids = self.posted(request)
        form = ActForm(request.POST, step=step)
        if "confirm" not in request.POST or len(ids) > MOST or not form.is_valid():
            return self.confirm_page(request, step, ids, form if "confirm" in request.POST else None)
        acted = act(ids, step, by=request.user, **form.cleaned_data)
        names = visible_to(EnrolmentLine, request.user).in_bulk([*acted.refused, *acted.done[:SHOWN]])
        context = {
            "title": EnrolmentLine.steps()[step].label, "done": len(acted.done), "refused": len(acted.refused),
            "refusals": [(names.get(pk), reasons) for pk, reasons in acted.refused.items()],
            "lines": [names[pk] for pk in acted.done[:SHOWN] if pk in names],
            "more": max(0, len(acted.done) - SHOWN), "runs": acted.runs, "corrected": acted.corrected,
        }  # fmt: skip
        return self.page(request, "admin/training/learning_result.html", context)

    def posted(self, request: HttpRequest) -> list[int]:
        """Whom the page means: `ids`, all that wait for the platform in a class (`course`), or all that do (`due`)."""
        if (course := key_or_none(request.POST.get("course", ""))) is not None:
            wanted = pending(request.user).filter(enrolment__training_class=course)
        elif "due" in request.POST:
            wanted = pending(request.user)
        else:
            keys = map(key_or_none, request.POST.get("ids", "").split(","))
            return list(dict.fromkeys(key for key in keys if key is not None))
        return list(wanted.order_by("pk").values_list("pk", flat=True)[: MOST + 1])

    def confirm_page(
        self, request: HttpRequest, step: str, ids: list[int], form: forms.Form | None = None
    ) -> HttpResponse:
        """Who is meant, in which states they are, and whom the step will leave out."""
        declared = EnrolmentLine.steps()[step]
        chosen = visible_to(EnrolmentLine, request.user).filter(pk__in=ids)
        names = dict(EnrolmentLine._meta.get_field("state").flatchoices)  # type: ignore[union-attr]
        counts = chosen.order_by().values_list("state").annotate(number=Count("pk")).order_by("state")
        states = [(state, names[state], number, state in declared.sources) for state, number in counts]
        lines = chosen.select_related("enrolment__training_class", "enrolment__company").order_by("pk")
        corrected = chosen.filter(DIFFERS, state=L.PENDING) if step == "hand_off" else chosen.none()
        context = {
            "title": declared.label, "step": declared, "ids": ",".join(map(str, ids)), "states": states,
            "fits": sum(number for *_rest, number, fits in states if fits), "lines": lines[:SHOWN],
            "more": max(0, sum(number for *_rest, number, _fits in states) - SHOWN), "too_many": len(ids) > MOST,
            "corrected": [text for line in corrected.select_related("person") if (text := correction_of(line))],
            "money": money_of_dropped(lines.filter(state__in=declared.sources)) if step == "drop" else "",
            "most": MOST, "form": form or ActForm(step=step), "by_file": step == "hand_off" and adapter() == "EXCEL",
            "remarks": remarks_on(chosen, step),
        }  # fmt: skip
        return self.page(request, "admin/training/learning_confirm.html", context)

    # -- what waits for the platform ---------------------------------------------------------------

    def hand_off_view(self, request: HttpRequest) -> HttpResponse:
        """The classes with people to hand over, the most urgent first; within two working days (FAQ 1)."""
        if not allows(request.user.role, "view", "training.PlatformRun"):
            raise PermissionDenied
        waiting = pending(request.user).order_by().values("enrolment__training_class")
        found = list(
            waiting.annotate(number=Count("pk"), due=Min("enrolment__open_by")).order_by("due")[:200]
        )
        courses = visible_to(TrainingClass, request.user).in_bulk(
            [row["enrolment__training_class"] for row in found]
        )
        today = timezone.localdate()
        rows = [
            (
                courses[row["enrolment__training_class"]],
                row["number"],
                row["due"],
                row["due"] and row["due"] < today,
            )
            for row in found
        ]
        open_runs = visible_to(PlatformRun, request.user).filter(
            status__in=("QUEUED", "SENDING", "SENT", "FAILED")
        )
        context = {
            "title": _("To hand to the learning platform"), "rows": rows, "total": sum(row[1] for row in rows),
            "may_act": "hand_off" in ACTS.get(request.user.role, ()), "by_file": adapter() == "EXCEL",
            "open_runs": open_runs.select_related("created_by")[:20],
            "outdated": outdated(visible_to(EnrolmentLine, request.user)).count(),
        }  # fmt: skip
        return self.page(request, "admin/training/learning_hand_off.html", context)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        site: Any = self.admin_site  # type: ignore[attr-defined]
        shared = {**site.each_context(request), "opts": EnrolmentLine._meta, "back_url": list_url()}
        return TemplateResponse(request, template, shared | context)


def remarks_on(chosen: "QuerySet[EnrolmentLine]", step: str) -> list[str]:
    """What whoever records a result should look at again first; the first few."""
    if step not in ("record_pass", "record_fail"):
        return []
    lines = chosen.filter(state=L.LEARNING).select_related("enrolment__training_class").order_by("pk")[:SHOWN]
    result = Result(passed=step == "record_pass")
    return [
        remark for line in lines for remark in filter(None, [impossible(line, result), *odd(line, result)])
    ]


def list_url() -> str:
    return reverse("admin:training_enrolmentline_changelist")


#: What else there is to do: name of the view, query, title, for which roles.
LINKS: tuple[tuple[str, str, Any, tuple[str, ...]], ...] = (
    ("training_enrolmentline_hand_off", "", _("To hand to the platform"), (Role.TRAINING,)),
    ("training_platformrun_changelist", "", _("Hand-overs"), (Role.TRAINING, Role.ADMIN, Role.AUDITOR)),
    ("training_enrolmentline_attendance", "", _("Attendance and results"), (Role.TRAINING, Role.LOCAL_BODY)),
    ("core_importrun_add", "?layout=results", _("Import results"), (Role.TRAINING, Role.LOCAL_BODY)),
    ("training_enrolmentline_mine", "", _("My learning"), (Role.PERSON,)),
)
