"""AttachmentsMixin: hand in, look at and take back the files of a record, on a page of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldBooleanWidget

from backoffice.core import attachments
from backoffice.core.admin.panels import Panel
from backoffice.core.filters import key_or_none
from backoffice.core.models import Attachment, AttachmentKind
from backoffice.core.scoping import visible_to
from backoffice.roles import allows


class UploadForm(forms.Form):
    kind = forms.ModelChoiceField(
        AttachmentKind.objects.none(), label=_("Kind"), widget=UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label=_("Picture (JPG or PNG, in colour, at most 10 MB)"), widget=UnfoldAdminFileFieldWidget
    )

    replace = forms.BooleanField(
        label=_("Take back the files of this kind that are there now"),
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def __init__(self, *args: Any, kinds: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].queryset = AttachmentKind.objects.filter(code__in=kinds)  # type: ignore[attr-defined]


def present(obj: Any, user: Any) -> Any:
    """The record's attachments that are not taken back, within the user's scope."""
    return visible_to(Attachment, user, queryset=Attachment.of(obj).filter(removed_at=None)).select_related(
        "kind"
    )


def attachments_panel(request: HttpRequest, obj: Any) -> dict[str, Any]:
    upload = all(
        allows(request.user.role, verb, label)
        for verb, label in (("add", "core.Attachment"), ("change", obj._meta.label))
    ) and attachments.takes_files(obj, request.user)
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_attachments"
    return {
        "attachments": present(obj, request.user),
        "is_profile": hasattr(obj, "profile_papers"),
        "upload_url": reverse(name, args=[obj.pk]) if upload else "",
    }


@dataclass(frozen=True)
class Box:
    """What is there of one kind, and whether the record needs it."""

    kind: AttachmentKind
    files: list[Attachment]
    is_wanted: bool

    @property
    def is_missing(self) -> bool:
        return self.is_wanted and not self.files


def wanted_kinds(obj: Any) -> tuple[str, ...]:
    """The codes of the kinds that this record must have, or its profile should."""
    if hasattr(obj, "required_papers"):
        return tuple(obj.required_papers())
    return tuple(getattr(obj, "profile_papers", ()))


def boxes(obj: Any, files: Iterable[Attachment]) -> list[Box]:
    """A box for each kind the record takes or has: the missing ones first, then the kinds' own order."""
    found: dict[AttachmentKind, list[Attachment]] = {
        kind: [] for kind in AttachmentKind.objects.filter(code__in=obj.takes_attachments)
    }
    for file in files:
        found.setdefault(file.kind, []).append(file)
    wanted = wanted_kinds(obj)
    made = [Box(kind, there, kind.code in wanted) for kind, there in found.items()]
    return sorted(made, key=lambda box: (not box.is_missing, box.kind.order, box.kind.code))


ATTACHMENTS = Panel("attachments", _("Attachments"), attachments_panel, "admin/core/panel_attachments.html")


class AttachmentsMixin:
    """Mixin for a ScopedAdmin whose model declares `takes_attachments`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.attachments_view)  # type: ignore[attr-defined]
        name = f"{self.opts.app_label}_{self.opts.model_name}_attachments"  # type: ignore[attr-defined]
        return [path("<path:object_id>/attachments/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def attachments_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """List, upload (POST with a file) and take back (POST with `remove`); out of scope: 404."""
        obj = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        kinds = AttachmentKind.objects.filter(code__in=obj.takes_attachments)
        asked = next((kind for kind in kinds if kind.code == request.GET.get("kind")), None)
        form = UploadForm(
            kinds=obj.takes_attachments, initial={"kind": asked, "replace": "replace" in request.GET}
        )
        if request.method == "POST":
            if not self.has_change_permission(request, obj):  # type: ignore[attr-defined]
                raise PermissionDenied
            if "remove" in request.POST:
                if not allows(request.user.role, "delete", "core.Attachment"):
                    raise PermissionDenied
                self.take_back(request, obj)
                return HttpResponseRedirect(request.path)
            form = UploadForm(request.POST, request.FILES, kinds=obj.takes_attachments)
            if form.is_valid() and self.take_in(request, obj, form):
                return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Attachments"), "subtitle": str(obj), "object": obj, "opts": obj._meta, "form": form,
            "boxes": boxes(obj, present(obj, request.user)),
            "may_change": self.has_change_permission(request, obj)  # type: ignore[attr-defined]
            and allows(request.user.role, "add", "core.Attachment")
            and attachments.takes_files(obj, request.user),
        }  # fmt: skip
        return TemplateResponse(request, "admin/core/attachments.html", context)

    @staticmethod
    def take_back(request: HttpRequest, obj: Any) -> None:
        """Take the file back that the form names, or say why not."""
        named = get_object_or_404(present(obj, request.user), pk=key_or_none(request.POST["remove"]) or 0)
        try:
            attachments.remove(named, request.user)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("The file was taken back."))

    @staticmethod
    def take_in(request: HttpRequest, obj: Any, form: UploadForm) -> bool:
        """Store the upload; on refusal put the sentence beside the field and return False."""
        kind = form.cleaned_data["kind"]
        try:
            # Looked at before anything is locked: that takes a while, and may end with a refusal.
            picture = attachments.looked_at(form.cleaned_data["file"], kind.code, obj, request.user)
            with transaction.atomic():
                taken = attachments.store(picture, kind, obj, request.user)
                if form.cleaned_data["replace"]:
                    for old in present(obj, request.user).filter(kind=kind).exclude(pk=taken.pk):
                        attachments.remove(old, request.user)
        except ValidationError as refusal:
            form.add_error("file", refusal)
            return False
        messages.success(request, _("The file was received."))
        return True
