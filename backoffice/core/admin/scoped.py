"""ScopedAdmin: rows from `visible_to()`, verbs from GRANTS, and the holes of a stock admin closed."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from unfold import forms
from unfold.admin import ModelAdmin

from backoffice.core.admin.readonly import ReadonlyField
from backoffice.core.admin.saved_filters import SavedFiltersMixin
from backoffice.core.lists import FastListMixin
from backoffice.core.scoping import visible_to
from backoffice.roles import Role, allows

forms.UnfoldAdminReadonlyField = ReadonlyField  # Unfold has no hook for it


class ScopedAdmin(SavedFiltersMixin, FastListMixin, ModelAdmin):
    """Base of every admin class. A row out of scope does not exist: 404, in no list, no drop-down, no count."""

    list_fullwidth = True
    empty_value_display = "–"
    list_before_template = "admin/core/list_tools.html"
    warn_unsaved_form = True
    compressed_fields = True
    actions: ClassVar = []
    #: Fields a role may edit; a role that is not named edits whatever the form offers.
    editable_by: ClassVar[dict[Role, tuple[str, ...]]] = {}
    #: What stands above the empty list of a role: a sentence, and links to what to do next (label, name of the view).
    empty_hints: ClassVar[dict[str, tuple[Any, tuple[tuple[Any, str], ...]]]] = {}

    class Media:
        js = ("backoffice/backoffice.js", "backoffice/back.js")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return visible_to(self.model, request.user, queryset=super().get_queryset(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        text, links = self.empty_hints.get(request.user.role, ("", ()))
        hint = {"empty_hint": text, "empty_links": links}
        return super().changelist_view(request, {**hint, **(extra_context or {})})

    # -- verbs -----------------------------------------------------------------------------------

    def may(self, request: HttpRequest, verb: str, obj: models.Model | None = None) -> bool:
        """Whether GRANTS lets the role do the verb and, for a row, whether the row is in scope."""
        if not request.user.is_active or not allows(request.user.role, verb, self.model._meta.label):
            return False
        return obj is None or obj.pk is None or self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, "delete", obj)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "export")

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "import")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "view")

    # -- and back --------------------------------------------------------------------------------

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """Whoever came from another page to put something right (`?back=` a path of this site) is there again."""
        answer = super().response_change(request, obj)
        back = request.GET.get("back", "")
        saved = isinstance(answer, HttpResponseRedirect) and "_continue" not in request.POST
        if saved and back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            return HttpResponseRedirect(back)
        return answer

    # -- choices ---------------------------------------------------------------------------------

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        related = db_field.remote_field.model
        kwargs["queryset"] = visible_to(related, request.user, queryset=kwargs.get("queryset"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.reader = request.user  # the class is made anew for each request
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        readonly = tuple(super().get_readonly_fields(request, obj))
        role = request.user.role
        if obj is None or role not in self.editable_by:
            return readonly
        allowed = self.editable_by[Role(role)]
        shown = [
            name
            for _title, options in self.get_fieldsets(request, obj)
            for name in flatten(options["fields"])
        ]
        return (*readonly, *(name for name in shown if name not in allowed and name not in readonly))

    # -- holes -----------------------------------------------------------------------------------

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Out of scope and not there are one answer: 404 (the stock admin redirects to the index)."""
        raise Http404

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if request.method != "GET" or self.get_object(request, object_id) is None:
            raise Http404
        return super().history_view(request, object_id, extra_context)


class ImportLinkMixin:
    """The button above a list that leads to the import of `import_layout`, for roles that may import."""

    import_layout: ClassVar[str] = ""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if self.has_import_permission(request):  # type: ignore[attr-defined]
            address = f"{reverse('admin:core_importrun_add')}?layout={self.import_layout}"
            extra_context = {**(extra_context or {}), "import_url": address}
        return super().changelist_view(request, extra_context)  # type: ignore[misc]


def flatten(fields: Sequence[Any]) -> list[str]:
    """The field names of a fieldset, with rows of several fields taken apart."""
    return [name for entry in fields for name in (entry if isinstance(entry, list | tuple) else (entry,))]
