"""网络培训报名查询 (manual ch. 7a, FAQ 12): who is enrolled and how far, with 状态 and 提交正保 side by side."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.flow import object_url
from backoffice.core.admin.history import HISTORY
from backoffice.core.admin.panels import Panel, table
from backoffice.core.export import Column, ExportMixin
from backoffice.core.filters import ChoicesFilter, ScopedDropdownFilter, ScopedRelatedFilter
from backoffice.core.public_numbers import narrowed
from backoffice.core.rows import two_lines
from backoffice.core.scoping import visible_to
from backoffice.core.search import prefix
from backoffice.core.sensitive import shown_to
from backoffice.roles import BINDINGS, MASKED_IN_TEXT, Role
from registry.search import Holders, Term, numbered
from training.admin.attendance import AttendanceMixin
from training.admin.class_cancelling import DroppingMixin
from training.admin.learning_acts import LearningActsMixin
from training.admin.my_learning import MyLearningMixin
from training.corrections import WITH_PLATFORM, correction_of, outdated
from training.flows.learning import L
from training.learning_export import learning
from training.models import EnrolmentLine, PlatformRow

#: 提交正保: beside the state, the column by which people tell that the learning is open (manual ch. 7a).
HANDED_OFF = pgettext_lazy("learning query", "Handed over")


class LearningFilter(ChoicesFilter):
    """State of the learning; whoever is not enrolled for good yet is shown only when asked for."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return super().queryset(request, queryset) if self.value() else queryset.exclude(state=L.ENROLLING)


class HandedOffFilter(SimpleListFilter):
    """提交正保 是 / 否."""

    title = HANDED_OFF
    parameter_name = "handed_off"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(handed_off_at__isnull=self.value() == "no")


class OverdueFilter(SimpleListFilter):
    """Should be open by now and is not (FAQ 1: two working days), or opens today."""

    title = _("opening due")
    parameter_name = "due"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("late", _("Overdue")), ("today", _("Due today"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        waiting = queryset.filter(state__in=(L.PENDING, L.SUBMITTED))
        today = timezone.localdate()
        if self.value() == "late":
            return waiting.filter(enrolment__open_by__lt=today)
        return waiting.filter(enrolment__open_by=today) if self.value() == "today" else queryset


class CorrectedFilter(SimpleListFilter):
    """The platform has an old name or ID number: the register was corrected after the hand-over."""

    title = _("corrected since the hand-over")
    parameter_name = "corrected"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return outdated(queryset) if self.value() == "yes" else queryset


def platform_panel(request: HttpRequest, line: EnrolmentLine) -> dict[str, Any] | None:
    """The hand-overs of this person; left out for roles that do not see them."""
    rows = visible_to(PlatformRow, request.user).filter(line=line).select_related("run").order_by("-pk")
    if not rows.exists():
        return None
    return table(
        [_("Hand-over"), _("Handed over at"), _("Answer"), _("Reason")], rows,
        lambda row: [
            format_html('<a class="bo-link" href="{}">{}</a>', object_url(row.run), row.run), at(row.run.created_at),
            row.get_outcome_display(), row.reason,
        ],
    )  # fmt: skip


def at(moment: Any) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""


@admin.register(EnrolmentLine)
class EnrolmentLineAdmin(
    DroppingMixin, LearningActsMixin, AttendanceMixin, MyLearningMixin, ExportMixin, AttachmentsMixin, PanelsMixin,
    FlowAdmin, HistoryAdmin, ScopedAdmin,
):  # fmt: skip
    list_display = [
        "show_learner", "show_certificate", "show_class", "show_company", "show_state", "show_handed_off",
        "show_opening", "show_result",
    ]  # fmt: skip
    list_select_related = ["enrolment__training_class", "enrolment__company", "enrolment__local_body"]
    list_filter = [
        ("state", LearningFilter), HandedOffFilter, OverdueFilter,
        ("enrolment__training_class", ScopedRelatedFilter), ("enrolment__training_class__type", ChoicesFilter),
        ("enrolment__training_class__mode", ChoicesFilter), ("category", ChoicesFilter),
        CorrectedFilter, ("enrolment__local_body", ScopedDropdownFilter),
    ]  # fmt: skip
    #: Links from enrolments and classes.
    url_lookups = ("enrolment", "enrolment__training_class")
    search_fields = ["name", "certificate_number"]
    search_help_text = _("Number of the enrolment, name, ID number, certificate number or company")
    sortable_by = ("show_learner",)
    ordering = ["-id"]
    phone_lines = (
        ("show_learner", "show_state"),
        ("show_class",),
        ("show_handed_off", "show_opening"),
        ("show_result",),
    )
    review_fields = (
        "enrolment", "name", "id_number", "certificate_number", "category", "matter", "amount", "show_handed_over",
        "handed_off_at", "opened_at", "show_open_by", "study_hours", "attended_hours", "score", "passed_on",
        "show_attempt",
    )  # fmt: skip
    panels = (ATTACHMENTS, Panel("platform", _("Learning platform"), platform_panel), HISTORY)

    class Media:
        css = {"all": ("backoffice/learning.css",)}

    def get_list_display(self, request: HttpRequest) -> list[str]:
        names = list(super().get_list_display(request))
        hidden: dict[str, set[str]] = {
            Role.PERSON: {"show_learner"},
        }
        return [name for name in names if name not in hidden.get(request.user.role, ())]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What was corrected since, for those who work with it; a face-to-face class knows no platform."""
        names = list(super().get_fields(request, obj))
        goes = obj is not None and obj.state in (L.PENDING, *WITH_PLATFORM)
        if goes and request.user.role not in MASKED_IN_TEXT and correction_of(obj):
            names.insert(0, "show_correction")
        if obj is not None and not obj.enrolment.training_class.is_online:
            names = [name for name in names if name not in ("show_handed_over", "handed_off_at")]
        return names

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = list(super().get_list_filter(request))
        return filters if request.user.role not in BINDINGS else filters[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """The roster is edited on the enrolment's page, the learning moves by its steps: here one reads."""
        return (*super().get_readonly_fields(request, obj), *self.review_fields, "show_correction")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of the line itself only the attachments are changed, while the roster is a draft."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.pk is None or obj.takes_changes_from(request.user))

    def export_columns(self, request: HttpRequest) -> list[Column]:
        return list(learning(request.user))

    # -- search ------------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Staff search by the register's indexes; who sees few people, in these very columns."""
        if not search_term.strip():
            return queryset, False
        queryset, search_term, mistyped = narrowed(queryset, search_term, "enrolment__number")
        if mistyped:
            self.message_user(request, mistyped, messages.WARNING)
        if not search_term:
            return queryset, False
        wanted = Term.parse(search_term)
        if wanted.is_empty:
            return queryset.none(), False
        if request.user.role in BINDINGS:
            return queryset.filter(among_few(wanted)), False
        if wanted.certificates:
            queryset = queryset.filter(numbered("certificate__number", wanted.certificates))
        if wanted.identities or wanted.credit_codes or wanted.words:
            holders = Holders.find(wanted, request.user)
            if holders.notice:
                self.message_user(request, holders.notice, messages.WARNING)
            named = Q(person__in=holders.people)
            if holders.companies:
                named |= Q(enrolment__company__in=holders.companies)
            queryset = queryset.filter(named)
        return queryset, False

    # -- a single person ---------------------------------------------------------------------------

    # -- columns -----------------------------------------------------------------------------------

    @display(description=_("Corrected in the register since"))
    def show_correction(self, line: EnrolmentLine) -> str:
        return correction_of(line)

    @display(description=_("training class"))
    def show_class(self, line: EnrolmentLine) -> str:
        """With the number of the enrolment, by which company and association speak of it."""
        enrolment = line.enrolment
        return two_lines(enrolment.training_class, enrolment.number)

    @display(description=_("full name"), ordering="name")
    def show_learner(self, line: Any) -> Any:
        """With the ID number, as far as the reader sees it, below: three people are called 陈静."""
        return two_lines(line.name, shown_to(line.reader, line, "id_number"))

    @display(description=_("certificate number"), ordering="certificate_number")
    def show_certificate(self, line: EnrolmentLine) -> Any:
        return two_lines(line.certificate_number or "–", line.get_category_display())

    @display(description=_("company"))
    def show_company(self, line: Any) -> Any:
        """The company and the body that holds the class; without the name that is the reader's own."""
        enrolment = line.enrolment
        names = {"company_id": enrolment.company, "local_body_id": enrolment.local_body}
        names.pop(BINDINGS.get(line.reader.role, ""), None)
        return two_lines(*names.values())

    @display(description=HANDED_OFF)
    def show_handed_off(self, line: EnrolmentLine) -> Any:
        """提交正保, as people ask for it: 是 or 否; and since when."""
        return two_lines(self.show_handed_over(line), self.show_handed_off_at(line))

    @display(description=_("opened at"))
    def show_opening(self, line: EnrolmentLine) -> Any:
        """When the learning was opened; before, by when it is to open."""
        opened = self.show_opened_at(line)
        due = self.show_open_by(line)
        return opened or (format_html(pgettext("day", "by {}"), due) if due else "–")

    @display(description=_("hours and score"))
    def show_result(self, line: EnrolmentLine) -> str:
        return f"{dash(line.study_hours)} / {dash(line.score)}"

    @display(description=HANDED_OFF)
    def show_handed_over(self, line: EnrolmentLine) -> str:
        return gettext("Yes") if line.is_handed_off else gettext("No")

    @display(description=pgettext_lazy("learning query", "attempt"))
    def show_attempt(self, line: EnrolmentLine) -> int:
        return line.attempts

    @display(description=_("handed to the platform at"))
    def show_handed_off_at(self, line: EnrolmentLine) -> str:
        return at(line.handed_off_at)

    @display(description=_("opened at"))
    def show_opened_at(self, line: EnrolmentLine) -> str:
        return at(line.opened_at)

    @display(description=_("opens by"))
    def show_open_by(self, line: EnrolmentLine) -> Any:
        """The day by which the learning opens (FAQ 1), as long as it has not; late ones in red."""
        day = line.enrolment.open_by
        if day is None or line.state not in (L.PENDING, L.SUBMITTED):
            return ""
        if day >= timezone.localdate():
            return day.isoformat()
        return format_html('<span class="bo-late">{} {}</span>', day.isoformat(), gettext("(overdue)"))


def dash(value: Any) -> Any:
    return "–" if value is None or value == "" else value


def among_few(wanted: Term) -> Q:
    """Every word in name or company, any of the numbers: for the few rows that a bound user sees."""
    condition = Q()
    for word in [*wanted.words, *wanted.credit_codes]:
        condition &= Q(name__icontains=word) | Q(enrolment__company__name__icontains=word)
    if wanted.certificates:
        condition &= numbered("certificate_number", wanted.certificates)
    if wanted.identities:
        numbers = Q(pk__in=[])
        for number in wanted.identities:
            numbers |= prefix("id_number", number)
        condition &= numbers
    return condition
