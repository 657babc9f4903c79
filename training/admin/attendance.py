"""Attendance and results of face-to-face classes (specification 3.5): the local body opens the learning at the
beginning of the class and enters hours, scores and results in a grid, or by Excel."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.admin.panels import Panel
from backoffice.core.excel.template import label_of
from backoffice.core.excel.write import write_xlsx
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from training.flows.learning import L
from training.models import EnrolmentLine, TrainingClass
from training.platform.acts import act
from training.results.record import (
    MOST_HOURS,
    MOST_POINTS,
    Result,
    differs,
    hours_or_none,
    record_results,
    score_or_none,
    taught_by,
)
from training.results.results import ResultsImporter
from training.results.rules import impossible, odd

TEACHERS: tuple[str, ...] = (Role.TRAINING, Role.LOCAL_BODY)
RESULTS = {"": None, "pass": True, "fail": False}


@dataclass
class Entry:
    """One person of the grid: what is stored, what was typed, and what is wrong with it."""

    line: EnrolmentLine
    hours: str
    score: str
    result: str = ""
    errors: list[str] = field(default_factory=list)
    #: What is unusual and has to be confirmed.
    remarks: list[str] = field(default_factory=list)
    typed: Result = field(default_factory=Result)

    @property
    def is_open(self) -> bool:
        return bool(self.line.state == L.LEARNING)


class AttendanceMixin:
    """For EnrolmentLineAdmin: the classes, the grid of one, and its roster as a file."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view  # type: ignore[attr-defined]
        name = "training_enrolmentline_attendance"
        return [
            path("attendance/", wrap(self.courses_view), name=name),
            path("attendance/<int:pk>/", wrap(self.attendance_view), name=f"{name}_grid"),
            path("attendance/<int:pk>/roster/", wrap(self.roster_view), name=f"{name}_roster"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def courses_view(self, request: HttpRequest) -> HttpResponse:
        """The face-to-face classes with people, those under way first."""
        must_teach(request)
        lines = Q(enrolments__lines__state__in=(L.PENDING, L.LEARNING, L.PASSED, L.FAILED))
        courses = courses_of(request.user).filter(lines).annotate(
            people=Count("enrolments__lines", filter=lines),
            waiting=Count("enrolments__lines", filter=Q(enrolments__lines__state=L.PENDING)),
            learning=Count("enrolments__lines", filter=Q(enrolments__lines__state=L.LEARNING)),
        )  # fmt: skip
        context = {"title": _("Attendance and results"), "today": timezone.localdate(),
                   "courses": courses.select_related("local_body").order_by("-start_date", "-pk")[:200]}  # fmt: skip
        return self.attendance_page(request, "admin/training/attendance_classes.html", context)

    def attendance_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The grid of one class; POST opens the learning, or saves what was entered, all of it or nothing."""
        must_teach(request)
        course = self.course(request, pk)
        entries = entries_of(request.user, course)
        if request.method == "POST" and "open" in request.POST:
            return self.open_course(request, course, entries)
        if request.method == "POST":
            take(entries, request.POST)
            if request.POST.get("seen") != seen(entries):
                messages.error(request, _("Somebody saved results of this class meanwhile. Your entries are kept; "
                                          "compare and save again."))  # fmt: skip
            elif any(entry.errors for entry in entries):
                messages.error(request, _("Nothing was saved yet: correct the entries in red."))
            elif (unusual := mark_of_remarks(entries)) and request.POST.get("confirmed") != unusual:
                messages.warning(request, _("Nothing was saved yet: some entries are unusual. Look at the remarks, and "
                                            "confirm below that they are right."))  # fmt: skip
            else:
                return self.save_course(request, course, entries)
        context = {
            "title": _("Attendance and results"), "subtitle": str(course), "course": course, "entries": entries,
            "seen": seen(entries), "waiting": sum(entry.line.state == L.PENDING for entry in entries),
            "open": sum(entry.is_open for entry in entries), "unusual": mark_of_remarks(entries),
            "import_url": f"{reverse('admin:core_importrun_add')}?layout=results",
        }  # fmt: skip
        return self.attendance_page(request, "admin/training/attendance.html", context)

    def open_course(self, request: HttpRequest, course: TrainingClass, entries: list[Entry]) -> HttpResponse:
        waiting = [entry.line.pk for entry in entries if entry.line.state == L.PENDING]
        acted = act(waiting, "open_learning", by=request.user)
        text = ngettext("The learning of %(count)d person is open.", "The learning of %(count)d people is open.",
                        len(acted.done))  # fmt: skip
        messages.success(request, text % {"count": len(acted.done)})
        for reasons in list(acted.refused.values())[:20]:
            messages.error(request, "; ".join(reasons))
        return HttpResponseRedirect(grid_url(course))

    def save_course(self, request: HttpRequest, course: TrainingClass, entries: list[Entry]) -> HttpResponse:
        changed = {
            entry.line.pk: entry.typed
            for entry in entries
            if entry.is_open and (entry.typed.passed is not None or differs(entry.line, entry.typed))
        }
        done = record_results(changed, by=request.user)
        values = {"passed": len(done.passed), "failed": len(done.failed), "noted": len(done.noted)}
        messages.success(
            request,
            _("Saved: %(passed)d passed, %(failed)d failed, hours or scores of %(noted)d more.") % values,
        )
        for reasons in list(done.refused.values())[:20]:
            messages.error(request, "; ".join(reasons))
        return HttpResponseRedirect(grid_url(course))

    def roster_view(self, request: HttpRequest, pk: int) -> FileResponse:
        """The roster of the class to fill in; our own import reads it (training/results)."""
        must_teach(request)
        course = self.course(request, pk)
        fields = ResultsImporter.fields
        rows = [
            [
                {"reference": str(line.pk), "name": line.name, "id_number": line.id_number, "course": course.title,
                 "certificate": line.certificate_number, "study_hours": line.study_hours, "score": line.score,
                 "passed_on": line.passed_on}.get(column.name, "")
                for column in fields
            ]
            for line in (entry.line for entry in entries_of(request.user, course))
        ]  # fmt: skip
        file = io.BytesIO()
        write_xlsx(file, _("Results"), [label_of(column) for column in fields], rows)
        file.seek(0)
        name = f"{course.title}-{timezone.localdate():%Y%m%d}.xlsx"
        return FileResponse(file, as_attachment=True, filename=name)

    def course(self, request: HttpRequest, pk: int) -> TrainingClass:
        course = courses_of(request.user).filter(pk=pk).select_related("local_body").first()
        if course is None:
            raise Http404
        return course

    def attendance_page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": EnrolmentLine._meta}  # type: ignore[attr-defined]
        return TemplateResponse(request, template, shared | context)


def must_teach(request: HttpRequest) -> None:
    if request.user.role not in TEACHERS:
        raise PermissionDenied


def grid_url(course: TrainingClass) -> str:
    return reverse("admin:training_enrolmentline_attendance_grid", args=[course.pk])


def courses_of(user: Any) -> Any:
    """The face-to-face classes the user looks after: the department's all, a body's own."""
    courses = visible_to(TrainingClass, user).filter(mode=TrainingClass.Mode.FACE_TO_FACE)
    return courses.filter(local_body=user.local_body_id) if user.role == Role.LOCAL_BODY else courses


def entries_of(user: Any, course: TrainingClass) -> list[Entry]:
    """The people of the class as they are stored, by name."""
    lines = taught_by(user).filter(enrolment__training_class=course).exclude(state=L.DROPPED)
    return [
        Entry(line, plain(line.study_hours), plain(line.score))
        for line in lines.select_related("enrolment__company", "enrolment__training_class").order_by(
            "name", "pk"
        )
    ]


def plain(value: Any) -> str:
    return "" if value is None else f"{value.normalize():f}"


def seen(entries: list[Entry]) -> str:
    """A mark of what is stored: it differs as soon as somebody else has saved."""
    stored = "|".join(f"{e.line.pk}:{e.line.state}:{e.line.study_hours}:{e.line.score}" for e in entries)
    return hashlib.sha256(stored.encode()).hexdigest()[:16]


def mark_of_remarks(entries: list[Entry]) -> str:
    """A mark of what has to be confirmed, empty if nothing has: another remark is not confirmed with the first."""
    remarks = "|".join(remark for entry in entries for remark in entry.remarks)
    return hashlib.sha256(remarks.encode()).hexdigest()[:16] if remarks else ""


def take(entries: list[Entry], posted: Mapping[str, Any]) -> None:
    """Put what was typed into the entries of those who are learning, with what is wrong with it."""
    for entry in entries:
        if not entry.is_open:
            continue
        pk = entry.line.pk
        entry.hours = str(posted.get(f"hours_{pk}", "")).strip()
        entry.score = str(posted.get(f"score_{pk}", "")).strip()
        entry.result = posted.get(f"result_{pk}", "") if posted.get(f"result_{pk}") in RESULTS else ""
        hours = number(
            entry, entry.hours, hours_or_none, _("Hours: a number from 0 to %(most)s."), MOST_HOURS
        )
        score = number(
            entry, entry.score, score_or_none, _("Score: a number from 0 to %(most)s."), MOST_POINTS
        )
        entry.typed = Result(hours, score, RESULTS[entry.result])
        if not entry.errors and (entry.typed.passed is not None or differs(entry.line, entry.typed)):
            entry.errors += filter(None, [impossible(entry.line, entry.typed)])
            entry.remarks = odd(entry.line, entry.typed)


def number(entry: Entry, text: str, parse: Any, sentence: str, most: Any) -> Any:
    try:
        return parse(text)
    except ValueError:
        entry.errors.append(sentence % {"most": most})
        return None


def attendance_panel(request: HttpRequest, course: TrainingClass) -> dict[str, Any] | None:
    """For the class's page: how far its people are, and the way to the grid for those who enter results."""
    if request.user.role not in TEACHERS or course.is_online:
        return None
    lines = taught_by(request.user).filter(enrolment__training_class=course)
    way = grid_url(course) if courses_of(request.user).filter(pk=course.pk).exists() else ""
    names = dict(EnrolmentLine._meta.get_field("state").flatchoices)  # type: ignore[union-attr]
    counts = lines.order_by().values_list("state").annotate(number=Count("pk")).order_by("state")
    return {
        "headers": [_("State"), _("Number of people")], "rows": [[names[state], number] for state, number in counts],
        "empty": _("Nobody's enrolment in this class is confirmed yet."), "more_url": way,
        "more_label": _("Enter attendance and results"),
    }  # fmt: skip


ATTENDANCE = Panel("attendance", gettext_lazy("Attendance and results"), attendance_panel)
