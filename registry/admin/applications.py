"""Applications of people and of companies: the lists, the reviewers' pages, and corrections during a review."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core import written
from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, Panel, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.history import HISTORY, HistoryForm
from backoffice.core.admin.panels import table
from backoffice.core.excel.errors import BadValue
from backoffice.core.excel.identity import birthday_of, gender_of
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter, ScopedDropdownFilter, ScopedRelatedFilter
from backoffice.core.links import new_key
from backoffice.core.rows import two_lines
from backoffice.core.scoping import visible_to
from backoffice.core.search import any_of
from backoffice.core.sensitive import shown_to
from backoffice.roles import Role
from registry import notices
from registry.admin.application_notes import age_of, company_notes, personal_notes
from registry.admin.company import link
from registry.bodies import offered_bodies
from registry.flows import company_application, personal_application
from registry.models import Company, CompanyApplication, Person, PersonalApplication
from registry.search import Term, numbers_of

REVIEW_COLOURS = {"PENDING": "", "RETURNED": "warning", "PASSED": "success"}


class StateFilter(ChoicesFilter):
    """The states that others than the applicant see."""

    def options(self) -> list[tuple[Any, Any]]:
        private = getattr(self.field.model, "private_states", ())
        return [option for option in super().options() if option[0] not in private]


class ApplicationForm(HistoryForm):
    """A correction must leave the application fit for approval; what else stands against it, the flow's guards say."""

    #: (guard, the field at which its sentence stands)
    checks: ClassVar[tuple[tuple[Any, str], ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.instance.required:
            if name in self.fields:
                self.fields[name].required = True

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        for guard, name in self.checks:
            if name in self.changed_data and name not in self.errors and (reason := guard(self.instance)):
                self.add_error(name, reason)


class PersonalApplicationForm(ApplicationForm):
    checks = ((personal_application.no_other_application, "id_number"),)


class CompanyApplicationForm(ApplicationForm):
    checks = (
        (company_application.no_other_application, "credit_code"),
        (company_application.login_name_free, "login_name"),
    )


def admitted_panel(request: HttpRequest, application: Any) -> dict[str, Any] | None:
    """Who or what came of it, for those who may see that record (a transfer may have moved the person on)."""
    name = "person" if isinstance(application, PersonalApplication) else "company"
    model = application._meta.get_field(name).related_model
    rows = visible_to(model, request.user).filter(pk=getattr(application, f"{name}_id"))
    if not rows:
        return None
    return table([_("Name"), _("Member since")], rows, lambda r: [link(r), written.day(r.created_at)])


ADMITTED = Panel("admitted", _("New member"), admitted_panel)


class ApplicationAdmin(ExportMixin, AttachmentsMixin, PanelsMixin, FlowAdmin, HistoryAdmin, ScopedAdmin):
    """What both kinds share: nobody adds or deletes one here, and a corrected mail address gets a new link."""

    panels = (ATTACHMENTS, ADMITTED, HISTORY)
    ordering = ["-id"]
    sortable_by: ClassVar = ["show_begun"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        moved = change and "email" in form.changed_data
        if moved:
            obj.key = new_key()  # the link in the mail that went to a wrong address opens nothing any more
        super().save_model(request, obj, form, change)
        if moved:
            notices.application_link(obj)
            told = _("A new link was sent to %(email)s; the earlier link does not work any more.")
            messages.success(request, told % {"email": obj.email})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kw: Any
    ) -> Any:
        """Two corrections to the same number at the same moment: the second is told (outside its transaction)."""
        try:
            return super().changeform_view(request, object_id, *args, **kw)
        except IntegrityError:
            messages.error(request, _("Another application under review has this number since just now. Nothing was "
                                      "saved."))  # fmt: skip
            return HttpResponseRedirect(request.path)

    @display(description=_("begun at"), ordering="id")
    def show_begun(self, application: Any) -> str:
        return written.day(application.created_at)


@admin.register(PersonalApplication)
class PersonalApplicationAdmin(ApplicationAdmin):
    form = PersonalApplicationForm
    empty_hints: ClassVar = {
        Role.COMPANY: (
            _("Nobody who matches named your company as the employer. Your people apply on the public page:"),
            ((_("Personal application"), "public:apply_person"),),
        ),
        Role.LOCAL_BODY: (
            _("No application that matches is addressed to you. Applicants can choose you while one of your practice "
              "classes is open."),
            ((_("Training plan"), "public:classes"),),
        ),
    }  # fmt: skip
    list_display = [
        "show_name", "show_identity", "company", "local_body", "show_state", "show_company_review",
        "show_local_review", "show_opinions", "show_begun",
    ]  # fmt: skip
    phone_lines = (
        ("show_name", "show_state"), ("company",), ("show_company_review", "show_local_review"), ("show_begun",),
    )  # fmt: skip
    list_select_related = ["company", "local_body"]
    list_filter = [
        ("state", StateFilter), ("company_review", ChoicesFilter), ("local_review", ChoicesFilter),
        ("local_body", ScopedDropdownFilter), ("company", ScopedRelatedFilter),
    ]  # fmt: skip
    search_fields = ["name"]
    search_help_text = _("Name, ID number or mobile phone")
    autocomplete_fields = ["region"]
    fieldsets = [
        (None, {"fields": [("name", "id_number"), ("show_gender", "show_birthday"), ("phone", "email")]}),
        (_("Work and qualification"), {"fields": [("company", "region"), ("education", "title"), "local_body"]}),
        (_("Reviews"), {
            "fields": [("company_review", "company_opinion"), ("local_review", "local_opinion")],
        }),
    ]  # fmt: skip
    readonly_fields = [
        "show_gender", "show_birthday", "company_review", "company_opinion", "local_review", "local_opinion",
    ]  # fmt: skip
    editable_by: ClassVar = {
        Role.COMPANY: ("name", "id_number", "phone", "email", "region", "education", "title", "local_body")
    }
    review_fields = (
        "name", "id_number", "show_gender", "show_birthday", "phone", "email", "company", "region", "education",
        "title", "local_body", "company_review", "company_opinion", "local_review", "local_opinion",
    )  # fmt: skip
    #: What is the same in every row of a bound role's list.
    same_everywhere: ClassVar[dict[str, str]] = {Role.COMPANY: "company", Role.LOCAL_BODY: "local_body"}

    def get_list_display(self, request: HttpRequest) -> list[str]:
        left_out = self.same_everywhere.get(request.user.role)
        return [name for name in super().get_list_display(request) if name != left_out]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        left_out = {self.same_everywhere.get(request.user.role)}
        if request.user.role == Role.LOCAL_BODY:
            left_out.add("company")  # it sees no list of companies to choose from
        return [entry for entry in super().get_list_filter(request) if entry[0] not in left_out]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "local_body" in form.base_fields:
            form.base_fields["local_body"].queryset = offered_bodies(also=obj.local_body_id if obj else None)
        return form

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(
            named_or_numbered(search_term, self.model, ("id_number", "phone"), request.user)
        ), False

    def review_notes(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        return personal_notes(obj, request.user)

    @display(description=_("full name"))
    def show_name(self, application: PersonalApplication) -> str:
        """In one line: between so many columns a name of three characters would break."""
        return format_html('<span class="bo-one-line">{}</span>', application)

    @display(description=_("ID number and phone"))
    def show_identity(self, application: Any) -> Any:
        reader = application.reader
        return two_lines(shown_to(reader, application, "id_number"), shown_to(reader, application, "phone"))

    @display(description=_("gender"))
    def show_gender(self, application: PersonalApplication) -> str:
        try:
            return str(Person.Gender(gender_of(application.id_number)).label)
        except (IndexError, ValueError):
            return self.empty_value_display

    @display(description=_("birthday"))
    def show_birthday(self, application: PersonalApplication) -> str:
        try:
            born = birthday_of(application.id_number)
        except BadValue:
            return self.empty_value_display
        return str(
            _("%(birthday)s (%(age)d years)") % {"birthday": born, "age": age_of(application.id_number)}
        )

    @display(description=_("company review"), label=REVIEW_COLOURS)
    def show_company_review(self, application: PersonalApplication) -> tuple[str, str]:
        return application.company_review, str(application.get_company_review_display())

    @display(description=_("local review"), label=REVIEW_COLOURS)
    def show_local_review(self, application: PersonalApplication) -> tuple[str, str]:
        return application.local_review, str(application.get_local_review_display())

    @display(description=_("opinions"))
    def show_opinions(self, application: PersonalApplication) -> str:
        """What the company and what the body said, each in a line of its own (manual ch. 4a-2)."""
        said = (_("Company"), application.company_opinion), (_("Local body"), application.local_opinion)
        lines = [(who, Truncator(opinion).chars(30)) for who, opinion in said if opinion]
        return format_html_join(mark_safe("<br>"), "{}: {}", lines) if lines else ""


@admin.register(CompanyApplication)
class CompanyApplicationAdmin(ApplicationAdmin):
    form = CompanyApplicationForm
    list_display = [
        "name", "credit_code", "show_purpose", "region", "contact_name", "contact_phone", "login_name", "show_state",
        "show_begun",
    ]  # fmt: skip
    phone_lines = (
        ("name",),
        ("show_state", "show_purpose"),
        ("contact_name", "contact_phone"),
        ("show_begun",),
    )
    list_select_related = ["region"]
    list_filter = [("state", StateFilter), ("purpose", ChoicesFilter), ("region", ScopedRelatedFilter)]
    search_fields = ["name"]
    search_help_text = _("Part of the name, credit code or contact phone")
    autocomplete_fields = ["region"]
    fieldsets = [
        (None, {"fields": [("name", "credit_code"), ("purpose", "login_name")]}),
        (_("Where couriers and the association find the company"), {
            "fields": [("region", "office_address"), ("contact_name", "contact_phone"), "email"],
        }),
    ]  # fmt: skip
    review_fields = (
        "name", "credit_code", "purpose", "region", "office_address", "contact_name", "contact_phone", "email",
        "login_name",
    )  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(
            named_or_numbered(search_term, self.model, ("credit_code", "contact_phone"), request.user)
        ), False

    def review_notes(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        return company_notes(obj, request.user)

    @display(description=_("purpose"), label=Company.MEMBERSHIP_COLOURS)
    def show_purpose(self, application: CompanyApplication) -> tuple[str, str]:
        return application.purpose, str(application.get_purpose_display())


def named_or_numbered(term: str, model: Any, numbers: tuple[str, ...], user: Any) -> Q:
    """Every word stands in the name; of the numbers any is the beginning of one of the columns."""
    wanted = Term.parse(term)
    if wanted.is_empty:
        return Q(pk__in=[])
    condition = Q()
    for word in wanted.words:
        condition &= Q(name__icontains=word)
    codes = [*wanted.identities, *wanted.credit_codes, *wanted.certificates]
    if codes:
        condition &= any_of(numbers_of(model, numbers, code, user) for code in codes)
    return condition
