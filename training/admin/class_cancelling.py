"""The cancel page of a class and of an enrolment: what will happen, and afterwards what did, with links."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.admin.flow import object_url
from backoffice.core.admin.panels import Panel, table
from backoffice.core.scoping import visible_to
from backoffice.roles import allows
from fees.flows.payment import yuan
from training.cancelling import Impact, impact_of_class, impact_of_enrolment, to_withdraw
from training.models import Enrolment, EnrolmentLine, TrainingClass
from training.notices import money_of_dropped


def link(text: str, view: str, query: str = "") -> Any:
    return format_html('<a class="bo-link" href="{}{}">{}</a>', reverse(view), query, text)


class ClassCancellingMixin:
    """Mixin before FlowAdmin for the classes."""

    def step_notes(self, request: HttpRequest, obj: TrainingClass, step: Any) -> list[tuple[str, Any]]:
        notes: list[tuple[str, Any]] = super().step_notes(request, obj, step)  # type: ignore[misc]
        if step.name != "cancel":
            return notes
        impact = impact_of_class(obj)
        if not impact.enrolments:
            return [*notes, ("info", _("Nobody has enrolled; nothing else ends with the class."))]
        text = ngettext("%(count)d enrolment ends with the class.", "%(count)d enrolments end with the class.",
                        impact.enrolments) % {"count": impact.enrolments}  # fmt: skip
        listed = f"?training_class={obj.pk}"
        first = format_html(
            "{} {}", text, link(_("Its enrolments"), "admin:training_enrolment_changelist", listed)
        )
        return [*notes, ("danger", first), *(("warning", sentence) for sentence in impact.before())]

    def take(self, request: HttpRequest, obj: Any, step: str, data: dict[str, Any]) -> bool:
        """Remember what the class held, to say afterwards what became of it."""
        if step == "cancel":
            request.impact = impact_of_class(obj)  # type: ignore[attr-defined]
        return bool(super().take(request, obj, step, data))  # type: ignore[misc]

    def outcome(self, request: HttpRequest, obj: TrainingClass, step: str) -> list[Any]:
        found: list[Any] = super().outcome(request, obj, step)  # type: ignore[misc]
        impact: Impact | None = getattr(request, "impact", None)
        if step != "cancel" or impact is None or not impact.enrolments:
            return found
        text = ngettext(
            "%(count)d enrolment was cancelled.", "%(count)d enrolments were cancelled.", impact.enrolments
        )
        listed = f"?training_class={obj.pk}&state=CANCELLED"
        found.append(format_html(
            "{} {}", text % {"count": impact.enrolments},
            link(_("Show them"), "admin:training_enrolment_changelist", listed),
        ))  # fmt: skip
        return found + rest_of_outcome(request, impact, obj)


def rest_of_outcome(request: HttpRequest, impact: Impact, course: TrainingClass) -> list[Any]:
    """The money, and who is to be withdrawn at the platform."""
    found = []
    if impact.back:
        text = _("%(amount)s yuan are due to be paid back by finance.") % {"amount": yuan(impact.back)}
        shown = allows(request.user.role, "view", "fees.Refund")
        refunds = link(_("Refunds due"), "admin:fees_refund_changelist", "?state=DUE") if shown else ""
        found.append(format_html("{} {}", text, refunds))
    if impact.on_platform:
        text = ngettext(
            "%(count)d person is to be withdrawn at the learning platform.",
            "%(count)d people are to be withdrawn at the learning platform.", impact.on_platform,
        )  # fmt: skip
        found.append(format_html(
            "{} {}", text % {"count": impact.on_platform},
            link(_("The list, to be exported"), "admin:training_enrolmentline_changelist", withdrawn_query(course)),
        ))  # fmt: skip
    return found


def withdrawn_query(course: TrainingClass) -> str:
    return f"?enrolment__training_class={course.pk}&state=DROPPED&handed_off=yes"


def withdrawals_panel(request: HttpRequest, course: TrainingClass) -> dict[str, Any] | None:
    """Of a cancelled class: whom the platform still has; left out where there is nobody."""
    rows = visible_to(EnrolmentLine, request.user, queryset=to_withdraw(course))
    if not rows.exists():
        return None
    return table(
        [_("Name"), _("Certificate number"), _("Company"), _("Handed over at")], rows,
        lambda line: [
            format_html('<a class="bo-link" href="{}">{}</a>', object_url(line), line.name), line.certificate_number,
            str(line.enrolment.company), f"{timezone.localtime(line.handed_off_at):%Y-%m-%d %H:%M}",
        ],
        more_url=reverse("admin:training_enrolmentline_changelist") + withdrawn_query(course),
    )  # fmt: skip


WITHDRAWALS = Panel("withdrawals", gettext_lazy("To withdraw at the platform"), withdrawals_panel)


class EnrolmentCancellingMixin:
    """Mixin before FlowAdmin for the enrolments."""

    def step_notes(self, request: HttpRequest, obj: Enrolment, step: Any) -> list[tuple[str, Any]]:
        notes: list[tuple[str, Any]] = super().step_notes(request, obj, step)  # type: ignore[misc]
        if step.name not in ("cancel", "training_cancel"):
            return notes
        end = _("The enrolment ends here and cannot be opened again; it stays on record, and its people can be "
                "enrolled anew.")  # fmt: skip
        sentences = [end, *impact_of_enrolment(obj).before()]
        return [*notes, *(("warning", sentence) for sentence in sentences)]


class DroppingMixin:
    """Mixin before FlowAdmin for the enrolled people."""

    def step_notes(self, request: HttpRequest, obj: EnrolmentLine, step: Any) -> list[tuple[str, Any]]:
        notes: list[tuple[str, Any]] = super().step_notes(request, obj, step)  # type: ignore[misc]
        return [*notes, ("warning", money_of_dropped([obj]))] if step.name == "drop" else notes
