"""ScopedAdmin: rows from `visible_to()`, verbs from GRANTS, and the holes of a stock admin closed."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from backoffice import roles
from backoffice.core.admin.readonly import ReadonlyField
from backoffice.core.admin.saved_filters import SavedFiltersMixin
from backoffice.core.filters import key_or_none
from backoffice.core.hidden_terms import hide_numbers, is_forgotten
from backoffice.core.lists import FastListMixin
from backoffice.core.once import SAFE, once
from backoffice.core.scoping import visible_to
from backoffice.core.sensitive import is_hidden, level_for, sensitive_fields
from backoffice.core.theme import use_readonly_field
from backoffice.roles import MASKED, WHOLE, Role, allows

use_readonly_field(ReadonlyField)


WRITING = frozenset({"add", "change", "delete", "import"})


class KeySelect(AutocompleteSelect):
    """Django's autocomplete box; a posted value that is no key is refused by the field, and drawn as nothing chosen.
    (Django's own asks the database for it, and fails.)"""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        keys = [text for text in value if not text or key_or_none(str(text)) is not None]
        return super().optgroups(name, keys, attrs)


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

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return visible_to(self.model, request.user, queryset=super().get_queryset(request))

    def rows_of_page(self, request: HttpRequest) -> models.QuerySet:
        """Where the object of a page that is only read is looked for: with the records that its keys name."""
        rows = self.get_queryset(request)
        keys = keys_of(self.model)
        return rows.select_related(*keys) if keys and request.method in SAFE else rows

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if (address := self.address_to_show(request)) is not None:
            return HttpResponseRedirect(address)
        text, links = self.empty_hints.get(request.user.role, ("", ()))
        hint = {"empty_hint": text, "empty_links": links}
        return super().changelist_view(request, {**hint, **(extra_context or {})})

    def address_to_show(self, request: HttpRequest) -> str | None:
        """Where a posted search is shown, and a search for a person's number without the number (hidden_terms)."""
        is_posted = request.method == "POST" and SEARCH_VAR in request.POST and "action" not in request.POST
        query = (request.POST if is_posted else request.GET).copy()
        query.pop("csrfmiddlewaretoken", None)
        if is_posted and not query[SEARCH_VAR].strip():
            del query[SEARCH_VAR]
        if is_forgotten(request, query.get(SEARCH_VAR, "")):
            messages.info(
                request, _("Searches for a number are kept for your session only: type the number again.")
            )
            del query[SEARCH_VAR]
        hide_numbers(request, query)
        if not is_posted and (request.method != "GET" or query == request.GET):
            return None
        return f"{request.path}?{query.urlencode()}" if query else request.path

    # -- sensitive fields ------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Without the columns that the role does not see (roles.SENSITIVE); masked ones are masked in core/rows.py."""
        return [
            name
            for name in super().get_list_display(request)
            if not is_hidden(request.user, self.model, name)
        ]

    def get_sortable_by(self, request: HttpRequest) -> Sequence[str]:
        """The order of masked values would tell what is under the mask."""
        names = super().get_sortable_by(request)
        return [name for name in names if level_for(request.user, self.model, name) == WHOLE]

    def get_search_fields(self, request: HttpRequest) -> Sequence[str]:
        """Neither would a search for a part of a masked value keep it; a whole one may be looked for."""
        return [
            name
            for name in super().get_search_fields(request)
            if (level := level_for(request.user, self.model, name.lstrip("^=@"))) == WHOLE
            or (level == MASKED and name.startswith("="))
        ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the fields that the role does not see."""
        hidden = {name for name in sensitive_fields(self.model) if is_hidden(request.user, self.model, name)}
        fieldsets = super().get_fieldsets(request, obj)
        if not hidden:
            return fieldsets
        return [(title, {**said, "fields": without(said["fields"], hidden)}) for title, said in fieldsets]

    # -- verbs -----------------------------------------------------------------------------------

    def may(self, request: HttpRequest, verb: str, obj: models.Model | None = None) -> bool:
        """Whether GRANTS lets the role do the verb and, for a row, whether the row is in scope."""
        if not request.user.is_active or not allows(request.user.role, verb, self.model._meta.label):
            return False
        if (
            verb in WRITING
            and self.model._meta.label in roles.OF_ACTIVE_COMPANIES
            and starts_nothing(request.user)
        ):
            return False
        return obj is None or obj.pk is None or self.sees(request, obj)

    def sees(self, request: HttpRequest, obj: models.Model) -> bool:
        """Whether the row is in scope: a page asks that for each verb, link and tab."""
        rows = self.get_queryset(request).filter(pk=obj.pk)
        return once(request, (type(self), request.user.pk, obj.pk), rows.exists)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """One object a page, with the records it names; a row that was found was found in scope."""

        def found() -> Any:
            field = self.opts.pk if from_field is None else self.opts.get_field(from_field)
            try:
                obj = self.rows_of_page(request).filter(**{field.name: field.to_python(object_id)}).first()
            except (ValidationError, ValueError):
                return None
            if obj is not None:
                once(request, (type(self), request.user.pk, obj.pk), lambda: True)
            return obj

        return once(request, (type(self), request.user.pk, "object", str(object_id), from_field), found)

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
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeySelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.reader, form.request = request.user, request  # the class is made anew for each request
        if obj is not None:
            obj.reader = request.user  # for display methods of sensitive values
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        readonly = tuple(super().get_readonly_fields(request, obj))
        role = request.user.role
        # What is masked must not be written back.
        readonly += tuple(
            name
            for name in sensitive_fields(self.model)
            if name not in readonly and level_for(request.user, self.model, name) != WHOLE
        )
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


def keys_of(model: type[models.Model]) -> list[str]:
    """The model's foreign keys: what its page names beside the record itself."""
    return [field.name for field in model._meta.fields if field.many_to_one or field.one_to_one]


def starts_nothing(user: Any) -> bool:
    """Whether the user's company is suspended or has left: it signs in to read and to settle (specification 2,
    Company)."""
    return user.role == Role.COMPANY and not user.company.is_active_member


def without(fields: Sequence[Any], hidden: set[str]) -> list[Any]:
    """The fields of a fieldset without the hidden ones; rows of several fields stay rows."""
    kept: list[Any] = []
    for entry in fields:
        if isinstance(entry, list | tuple):
            if row := tuple(name for name in entry if name not in hidden):
                kept.append(row)
        elif entry not in hidden:
            kept.append(entry)
    return kept


def flatten(fields: Sequence[Any]) -> list[str]:
    """The field names of a fieldset, with rows of several fields taken apart."""
    return [name for entry in fields for name in (entry if isinstance(entry, list | tuple) else (entry,))]
