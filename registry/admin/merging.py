"""What duplicates mean on the pages of people and companies: "Merge with…", and merged records lead to the kept one."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import site as default_site
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from backoffice.core.scoping import visible_to
from backoffice.roles import allows
from registry.duplicates import ordered, pair_label
from registry.merging import KINDS, Record, title_of
from registry.models import DuplicatePair

Status = DuplicatePair.Status


def page_of(record: Any) -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


class OtherForm(forms.Form):
    """Which other record is the same; found by typing, within the user's scope."""

    def __init__(self, *args: Any, record: Record, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = type(record)
        self.fields["other"] = forms.ModelChoiceField(
            visible_to(model, user).exclude(pk=record.pk), label=_("The other record"),
            widget=AutocompleteSelect(model._meta.get_field("merged_into"), default_site),
            help_text=_("Type a part of the name or the number."),
            error_messages={
                "required": _("Choose the record that is the same."),
                "invalid_choice": _("Choose another record than this one."),
            },
        )  # fmt: skip


def pair_by_hand(one: Record, other: Record) -> DuplicatePair:
    """The pair of two records; made, or opened again after a merge that was undone."""
    first, second = (one, other) if ordered(one.pk, other.pk) == (one.pk, other.pk) else (other, one)
    pair, _new = DuplicatePair.objects.get_or_create(
        kind=KINDS[type(one)], first_id=first.pk, second_id=second.pk,
        defaults={"label": pair_label(title_of(first), title_of(second)), "reason": "by_hand"},
    )  # fmt: skip
    if pair.status == Status.MERGED:
        DuplicatePair.objects.filter(pk=pair.pk).update(status=Status.OPEN, decided_by=None, decided_at=None)
    return pair


class MergeMixin:
    """Mixin for the ScopedAdmin of a model with `merged_into`; before it in the list of bases."""

    actions_detail = ("merge_with",)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        may = allows(request.user.role, "change", DuplicatePair._meta.label)
        offered = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [entry for entry in offered if may or entry.path != "merge-with"]

    @action(description=_("Merge with…"), url_path="merge-with", icon="merge")
    def merge_with(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose the record that is the same; the comparison page decides."""
        record = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if record is None:
            raise Http404
        if not allows(request.user.role, "change", DuplicatePair._meta.label):
            raise PermissionDenied
        bound = (request.POST,) if request.method == "POST" else ()
        form = OtherForm(*bound, record=record, user=request.user)
        if bound and form.is_valid():
            pair = pair_by_hand(record, form.cleaned_data["other"])
            return HttpResponseRedirect(reverse("admin:registry_duplicatepair_change", args=[pair.pk]))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Merge with…"), "subtitle": title_of(record), "object": record, "opts": record._meta,
            "form": form, "media": self.media + form.media,  # type: ignore[attr-defined]
            "back_url": page_of(record),
        }  # fmt: skip
        return TemplateResponse(request, "admin/registry/merge_choose.html", context)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """A merged record's page leads to the kept one, for whoever may see that one."""
        model = self.model  # type: ignore[attr-defined]
        merged = model._default_manager.filter(merged_into__isnull=False)
        row = (
            merged.filter(pk=int(object_id)).first()
            if object_id.isdecimal() and len(object_id) < 19
            else None
        )
        kept = visible_to(model, request.user).filter(pk=row.merged_into_id).first() if row else None
        if row is None or kept is None:
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc, no-any-return]
        messages.info(
            request,
            _("This record was merged into %(kept)s, which is shown here.") % {"kept": title_of(kept)},
        )
        return HttpResponseRedirect(page_of(kept))
