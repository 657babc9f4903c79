"""报名 (specification 3.5): begun by a company, reviewed by the class's body, finance and the training department."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.contenttypes.models import ContentType
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import display

from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter, ScopedDropdownFilter, ScopedRelatedFilter
from backoffice.core.models import Task
from backoffice.core.returns import DraftsFilter, with_returns
from backoffice.roles import Role, allows
from fees.admin.payment import PaymentMixin
from registry.admin.drafts import CompanyDraftAdmin
from training.admin.class_cancelling import EnrolmentCancellingMixin
from training.admin.printing import PAPERS, PrintMixin
from training.admin.review import ReviewMixin
from training.admin.roster import RosterMixin
from training.admin.roster_export import RosterExportMixin
from training.admin.roster_table import ROSTER
from training.admin.statistics import StatisticsMixin
from training.admin.training_class import YearFilter
from training.flows.enrolment import S
from training.models import Enrolment
from training.printing import contact_of
from training.search import search_enrolments


class ClassYearFilter(YearFilter):
    """The year the class begins in."""

    field_name = "training_class__start_date"


class PapersFilter(SimpleListFilter):
    """The paper materials that the body waits for (manual ch. 4b-6)."""

    title = _("paper materials")
    parameter_name = "papers"
    scoped = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("awaited", pgettext_lazy("papers", "Awaited")),
            ("late", _("Overdue")),
            ("received", pgettext_lazy("papers", "Received")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "received":
            return queryset.filter(papers_received_on__isnull=False)
        awaited = queryset.filter(papers_due_on__isnull=False, papers_received_on=None)
        if self.value() == "late":
            return awaited.filter(papers_due_on__lt=timezone.localdate())
        return awaited if self.value() == "awaited" else queryset


@admin.register(Enrolment)
class EnrolmentAdmin(
    EnrolmentCancellingMixin,
    PaymentMixin,
    RosterMixin,
    ReviewMixin,
    StatisticsMixin,
    RosterExportMixin,
    PrintMixin,
    ExportMixin,
    CompanyDraftAdmin,
    AttachmentsMixin,
    PanelsMixin,
    FlowAdmin,
    HistoryAdmin,
    ScopedAdmin,
):
    list_display = [
        "number", "training_class", "company", "local_body", "people", "amount", "show_state", "show_contact",
        "submitted_at", "show_due",
    ]  # fmt: skip
    list_select_related = ["training_class", "company", "local_body"]
    list_filter = [
        ("state", DraftsFilter), ("training_class__type", ChoicesFilter), ("training_class__mode", ChoicesFilter),
        ("local_body", ScopedDropdownFilter), ("company", ScopedRelatedFilter),
        ("training_class", ScopedRelatedFilter), ClassYearFilter, PapersFilter,
    ]  # fmt: skip
    list_before_template = "admin/training/enrolment_list_tools.html"
    search_fields = ["company__name"]
    search_help_text = _(
        "Number of the enrolment, company, class, name of a person on the roster, certificate number or ID number"
    )
    sortable_by = ("number", "amount", "submitted_at")
    ordering = ["-id"]
    phone_lines = (
        ("training_class", "show_state"),
        ("company",),
        ("number", "people"),
        ("amount", "show_due"),
    )
    actions: ClassVar = ["print_selected"]
    autocomplete_fields = ["training_class"]
    review_fields = (
        "number", "company", "training_class", "local_body", "people", "amount", "contact_name", "contact_phone",
        "remark", "created_by", "created_at", "submitted_at", "confirmed_at", "open_by", "papers_due_on",
        "papers_received_on",
    )  # fmt: skip
    readonly_fields = ("show_company", "show_author")
    #: Dates that are shown once they are there.
    LATER: ClassVar = ("submitted_at", "confirmed_at", "open_by", "papers_due_on", "papers_received_on")
    #: What a bound role need not be told: its own name.
    HIDDEN: ClassVar = {Role.COMPANY: ("company", "local_body"), Role.LOCAL_BODY: ("local_body",)}
    panels = (PAPERS, ROSTER, ATTACHMENTS, HISTORY)
    empty_hints: ClassVar = {
        Role.COMPANY: (
            _("No enrolment here yet. Choose a class and put your people on the roster:"),
            ((_("Begin an enrolment"), "admin:training_enrolment_add"),
             (_("Classes open now"), "admin:training_trainingclass_changelist")),
        ),
        Role.LOCAL_BODY: (
            _("No enrolment was submitted to your body yet. Companies enrol in its open classes:"),
            ((_("Training classes"), "admin:training_trainingclass_changelist"),),
        ),
        Role.TRAINING: (
            _("No enrolment fits. Companies enrol as soon as a class is open:"),
            ((_("Training classes"), "admin:training_trainingclass_changelist"),),
        ),
        Role.FINANCE: (
            _("No enrolment fits. Vouchers to be checked are in your inbox:"),
            ((_("To do"), "admin:core_task_changelist"),),
        ),
    }  # fmt: skip

    # -- the list ------------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> list[str]:
        hidden = self.HIDDEN.get(Role(request.user.role), ())
        return [name for name in super().get_list_display(request) if name not in hidden]

    def get_list_filter(self, request: HttpRequest) -> Any:
        hidden = self.HIDDEN.get(Role(request.user.role), ())
        if not allows(request.user.role, "view", "registry.Company"):
            hidden = (*hidden, "company")  # its autocomplete would find none
        return [
            row
            for row in super().get_list_filter(request)
            if not isinstance(row, tuple) or row[0] not in hidden
        ]

    def annotate_rows(self, rows: QuerySet) -> QuerySet:
        """The day on which the desk that has it now should be done."""
        kind = ContentType.objects.get_for_model(Enrolment)
        task = Task.objects.filter(content_type=kind, object_id=OuterRef("pk"), closed_at=None).order_by()
        return with_returns(rows).annotate(task_due_on=Subquery(task.values("due_on")[:1]))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        found, duplicates, notice = search_enrolments(queryset, search_term, request.user)
        if notice:
            self.message_user(request, notice, "warning")
        return found, duplicates

    @display(description=_("contact"))
    def show_contact(self, enrolment: Enrolment) -> str:
        return contact_of(enrolment, getattr(enrolment, "reader", None))

    @display(description=_("due on"))
    def show_due(self, enrolment: Any) -> str:
        due = enrolment.task_due_on
        if due is None:
            return "–"
        if due >= timezone.localdate():
            return str(due.isoformat())
        return format_html('<span class="bo-late">{} · {}</span>', due.isoformat(), _("overdue"))

    # -- the page ------------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Class, contact and roster are the company's to edit, and in DRAFT only (manual ch. 5)."""
        return super().has_change_permission(request, obj) and (
            obj is None or not obj.pk or obj.state == S.DRAFT
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return [(None, {"fields": ["training_class", "contact_name", "contact_phone", "remark"]})]
        shown = [self.linked(name, request) for name in self.reviewed(obj)]
        pairs = [tuple(shown[at : at + 2]) for at in range(0, len(shown), 2)]
        return [(None, {"fields": pairs})]

    def reviewed(self, obj: Enrolment) -> tuple[str, ...]:
        return tuple(
            name for name in self.review_fields if name not in self.LATER or getattr(obj, name) is not None
        )

    #: Fields that lead to another record's page: shown without the link to who may not open such pages.
    PLAIN: ClassVar = {
        "company": ("registry.Company", "show_company"),
        "created_by": ("accounts.User", "show_author"),
    }

    def linked(self, name: str, request: HttpRequest) -> str:
        model, plain = self.PLAIN.get(name, ("", ""))
        return plain if plain and not allows(request.user.role, "view", model) else name

    def save_model(self, request: HttpRequest, obj: Enrolment, form: Any, change: bool) -> None:
        obj.local_body = obj.training_class.local_body  # another class may have another reviewer
        super().save_model(request, obj, form, change)

    @display(description=_("company"))
    def show_company(self, enrolment: Enrolment) -> str:
        return str(enrolment.company)

    @display(description=_("begun by"))
    def show_author(self, enrolment: Enrolment) -> str:
        return str(enrolment.created_by or "–")
