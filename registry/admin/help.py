"""求助 (specification 3.11): the General Office's help desk; what was asked beside the records it may be about."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from backoffice.core.admin import AttachmentsMixin, FlowAdmin, HistoryAdmin, Panel, PanelsMixin, ScopedAdmin
from backoffice.core.admin.attachments import ATTACHMENTS
from backoffice.core.admin.flow import is_turn_of
from backoffice.core.admin.history import HISTORY
from backoffice.core.export import ExportMixin
from backoffice.core.filters import ChoicesFilter
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from registry.flows.help_request import S
from registry.help_desk import ACTS, FollowUpRefused, certificate_offers, done_so_far, follow_up, offers_for
from registry.matching import Match, matches_of
from registry.models import HelpRequest, Transfer


@dataclass(frozen=True)
class Group:
    """Matches of one kind, as the panel shows them."""

    title: Any
    matches: list[dict[str, Any]]
    empty: Any
    offers: list[Any]
    more_url: str = ""


def matches_panel(request: HttpRequest, obj: HelpRequest) -> dict[str, Any]:
    """The records found, each with what differs, and the follow-ups of those whose turn it is."""
    matches = matches_of(obj, request.user)
    may_act = is_turn_of(obj, request.user)

    def shown(match: Match) -> dict[str, Any]:
        offers = offers_for(match, matches, request.user) if may_act else []
        return {"match": match, "url": address(match.record), "offers": offers}

    people_url = f"{reverse('admin:registry_person_changelist')}?q={obj.name}" if matches.more_people else ""
    missing = certificate_offers(obj, matches, request.user) if may_act else []
    return {
        "groups": [
            Group(
                _("People"), [*map(shown, matches.people)], _("Nobody in the register fits."), [], people_url
            ),
            Group(_("Certificates"), [*map(shown, matches.certificates)], _("No certificate fits."), missing),
            Group(_("Companies"), [*map(shown, matches.companies)], _("No company fits."), []),
            Group(_("Users"), [*map(shown, matches.users)], _("Nobody who fits has a sign-in."), []),
        ],
        "done": done_so_far(obj),
        "transfers": transfers_of(request, obj),
        "follow_up_url": reverse("admin:registry_helprequest_followup", args=[obj.pk]),
    }


def address(record: Any) -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


def transfers_of(request: HttpRequest, obj: HelpRequest) -> list[tuple[str, Transfer]]:
    """The transfers of the asker's ID number that are under way, started from here or not."""
    if not obj.id_number:
        return []
    rows = visible_to(Transfer, request.user).filter(id_number=obj.id_number).select_related("company")
    return [(address(row), row) for row in rows.exclude(state="CANCELLED")[:5]]


@admin.register(HelpRequest)
class HelpRequestAdmin(ExportMixin, FlowAdmin, AttachmentsMixin, PanelsMixin, HistoryAdmin, ScopedAdmin):
    list_display = ["name", "topic", "company_name", "show_state", "created_at", "show_age"]
    phone_lines = (("name", "show_state"), ("topic",), ("company_name",), ("created_at",))
    list_filter = [("topic", ChoicesFilter), ("state", ChoicesFilter)]
    search_fields = ["name", "=id_number", "certificate_number", "company_name"]
    search_help_text = _("Name, whole ID number, certificate number, or words of the company's name")
    ordering = ["-id"]
    sortable_by = ["created_at"]
    readonly_fields = ["text", "answer_text", "created_at"]
    fieldsets = [
        (_("The question"), {"fields": [("topic", "created_at"), "text", "answer_text"]}),
        (_("Who asks, and about what"), {
            "fields": [("name", "id_number"), ("company_name", "certificate_number"), ("phone", "email")],
            "description": _("Correct a mistyped number and save: the matching records are looked up again."),
        }),
    ]  # fmt: skip
    review_fields = (
        "topic", "text", "name", "id_number", "company_name", "certificate_number", "phone", "email", "answer_text",
    )  # fmt: skip
    #: The question stays as it was asked.
    editable_by: ClassVar = {
        Role.OFFICE: ("topic", "name", "id_number", "company_name", "certificate_number", "phone", "email")
    }
    panels = (
        Panel("matches", _("Matching records"), matches_panel, "admin/registry/help_matches.html"),
        ATTACHMENTS,
        HISTORY,
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.follow_up_view)
        return [
            path("<path:object_id>/follow-up/", view, name="registry_helprequest_followup"),
            *super().get_urls(),
        ]

    def review_notes(self, request: HttpRequest, obj: HelpRequest) -> list[tuple[str, Any]]:
        """On the decision page: what was done already, so that the answer can say so."""
        return [("info", row.history_change_reason) for row in done_so_far(obj)]

    def follow_up_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST does one follow-up. Out of scope, of the request or of the record it is about: 404."""
        obj: Any = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        act = request.POST.get("act", "")
        if act not in ACTS:
            raise Http404
        if not self.has_change_permission(request, obj):
            return self.back(request, obj, _("This question is not with you; look at where it stands."))
        record, company = request.POST.get("record", ""), request.POST.get("company", "")
        try:
            outcome = follow_up(obj, act, request.user, record=record, company=company)
        except FollowUpRefused as refusal:
            return self.back(request, obj, refusal)
        except ObjectDoesNotExist:
            raise Http404 from None
        if outcome.code:
            return self.code_page(request, obj, outcome)
        messages.success(request, outcome.sentence)
        return HttpResponseRedirect(outcome.address or address(obj))

    @staticmethod
    def back(request: HttpRequest, obj: HelpRequest, sentence: Any) -> HttpResponse:
        messages.error(request, str(sentence))
        return HttpResponseRedirect(address(obj))

    def code_page(self, request: HttpRequest, obj: HelpRequest, outcome: Any) -> HttpResponse:
        """The code is shown once, as on the user's own page."""
        context = {
            **self.admin_site.each_context(request), "title": _("One-time code"), "subtitle": str(obj),
            "object": outcome.user, "opts": self.opts, "back": address(obj), "code": outcome.code,
        }  # fmt: skip
        return TemplateResponse(request, "accounts/admin_code.html", context)

    @display(description=_("waiting"))
    def show_age(self, obj: HelpRequest) -> str:
        """How long an open question has been waiting, in days."""
        if obj.state != S.OPEN:
            return "–"
        days = (timezone.localdate() - timezone.localtime(obj.created_at).date()).days
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
