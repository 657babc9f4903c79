"""What duplicates mean on the pages of people and companies: "Merge with…", and merged records lead to the kept one."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from backoffice.core.hidden_terms import hide_numbers, typed_term
from backoffice.core.scoping import visible_to
from backoffice.roles import allows
from registry.duplicates import ordered, pair_label
from registry.merging import KINDS, Record, title_of
from registry.models import DuplicatePair

Status = DuplicatePair.Status


def page_of(record: Any) -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


#: What tells records of one name apart, by model.
SHOWN: Final[dict[str, tuple[str, ...]]] = {
    "person": ("name", "id_number", "phone", "company"),
    "company": ("name", "credit_code", "contact_phone", "region"),
}
MOST_SHOWN: Final = 20


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
        query = (request.POST if "q" in request.POST else request.GET).copy()
        query.pop("csrfmiddlewaretoken", None)
        hide_numbers(request, query)
        if "q" in request.POST or query != request.GET:
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        if request.method == "POST":
            chosen = request.POST.get("other", "")
            others = visible_to(type(record), request.user).exclude(pk=record.pk)
            other = others.filter(pk=chosen).first() if chosen.isdecimal() and len(chosen) < 19 else None
            if other is not None:
                pair = pair_by_hand(record, other)
                return HttpResponseRedirect(reverse("admin:registry_duplicatepair_change", args=[pair.pk]))
            messages.error(request, _("Choose another record that is still there."))
        term = typed_term(request, request.GET.get("q", record.name))
        names = SHOWN[record._meta.model_name]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Merge with…"), "subtitle": title_of(record), "object": record, "opts": record._meta,
            "back_url": page_of(record), "term": term,
            "headers": [capfirst(str(record._meta.get_field(name).verbose_name)) for name in names],
            "found": [(row.pk, [getattr(row, name) for name in names]) for row in self.others(request, record, term)],
        }  # fmt: skip
        return TemplateResponse(request, "admin/registry/merge_choose.html", context)

    def others(self, request: HttpRequest, record: Any, term: str) -> Any:
        """The first records that the list's own search finds, without this one."""
        if not term.strip():
            return []
        rows, _many = self.get_search_results(request, self.get_queryset(request), term)  # type: ignore[attr-defined]
        related = [
            name for name in SHOWN[record._meta.model_name] if record._meta.get_field(name).remote_field
        ]
        return rows.exclude(pk=record.pk).select_related(*related)[:MOST_SHOWN]

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
