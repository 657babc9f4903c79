"""CompletenessMixin: the meter at the top of a person's and a company's page, each gap a link to where it is filled."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst

from backoffice.roles import Role, allows
from registry.profile import Completeness, Item, completeness


@dataclass(frozen=True)
class Gap:
    item: Item
    #: Where this user fills it; empty for what somebody else has to fill in.
    url: str


class CompletenessMixin:
    """Mixin for a ScopedAdmin whose model has `required_for_flows` and `profile_papers`."""

    change_form_outer_before_template = "admin/registry/completeness.html"

    def render_change_form(
        self, request: HttpRequest, context: dict, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None and (is_staff(request.user) or self.has_change_permission(request, obj)):  # type: ignore[attr-defined]
            context["profile"] = profile = completeness(obj)
            context["profile_gaps"] = self.gaps(request, obj, profile)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Starred, but not forced: a profile can be saved half filled, and flows wait until it is whole."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and db_field.name in self.model.required_for_flows and not field.required:  # type: ignore[attr-defined]
            field.label = f"{capfirst(str(field.label))} *"
        return field

    def gaps(self, request: HttpRequest, obj: Any, profile: Completeness) -> list[Gap]:
        changes = self.has_change_permission(request, obj)  # type: ignore[attr-defined]
        attaches = changes and allows(request.user.role, "add", "core.Attachment")
        fixed = self.get_readonly_fields(request, obj)  # type: ignore[attr-defined]
        page = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_attachments", args=[obj.pk])

        def where(item: Item) -> str:
            if item.is_picture:
                return f"{page}?kind={item.name}#upload" if attaches else ""
            return f"#id_{item.name}" if changes and item.name not in fixed else ""

        return [Gap(item, where(item)) for item in profile.missing]


def is_staff(user: Any) -> bool:
    """Whether the user looks after others' records; a member reads the employer's page without its gaps."""
    return user.role not in (Role.COMPANY, Role.PERSON)
