"""The office's own lists: attachment kinds, outbox, failed sign-ins, remembered mappings."""

import re
from typing import Any, Final

from axes.models import AccessAttempt
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from backoffice.core.admin.scoped import ScopedAdmin
from backoffice.core.excel.header import column_letter
from backoffice.core.excel.layouts import get_layouts
from backoffice.core.excel.template import label_of
from backoffice.core.export import mask
from backoffice.core.filters import ChoicesFilter
from backoffice.core.models import AttachmentKind, HeaderMapping, Message

#: ID numbers and phone numbers, also as the code page counts them ("code:…") or typed with a digit less.
ID_IN_NAME: Final = re.compile(r"\d{11,}[Xx]?")


@admin.register(AttachmentKind)
class AttachmentKindAdmin(ScopedAdmin):
    list_display = ["code", "name", "name_en", "hint", "order"]
    search_fields = ["code", "name", "name_en"]
    ordering = ["order", "code"]


@admin.register(Message)
class MessageAdmin(ScopedAdmin):
    list_display = ["created_at", "channel", "recipient", "subject", "show_status", "attempts", "sent_at"]
    list_filter = [("channel", ChoicesFilter), ("status", ChoicesFilter)]
    search_fields = ["=recipient"]
    search_help_text = _("The whole address or phone number")
    ordering = ["-id"]
    sortable_by = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A text with a credential is stored masked; of one written before that was so, nobody reads the text."""
        fields = ["channel", "recipient", "subject", "body", "status", "attempts"]
        fields += ["next_attempt_at", "error", "sent_at"]
        if obj is not None and obj.secret and not obj.sealed and obj.status in ("QUEUED", "SENDING"):
            fields.remove("body")
        return fields

    @display(
        description=_("status"),
        label={"SENT": "success", "FAILED": "danger", "QUEUED": "info", "SENDING": "info"},
    )
    def show_status(self, message: Message) -> tuple[str, str]:
        return message.status, str(message.get_status_display())


@admin.register(HeaderMapping)
class HeaderMappingAdmin(ScopedAdmin):
    list_display = ["header", "show_layout", "show_columns", "created_by", "created_at"]
    list_select_related = ["created_by"]
    fields = ["header", "show_layout", "header_row", "show_columns", "created_by", "created_at"]
    ordering = ["-id"]
    sortable_by = ()

    @display(description=_("what"))
    def show_layout(self, known: HeaderMapping) -> str:
        layout = get_layouts().get(known.layout)
        return str(layout.label) if layout else known.layout

    @display(description=_("columns"))
    def show_columns(self, known: HeaderMapping) -> str:
        """'A = 证书编号, C = 姓名': what stands in which column."""
        layout = get_layouts().get(known.layout)
        labels = {column.name: label_of(column) for column in layout.fields} if layout else {}
        pairs = sorted((int(index), name) for index, name in known.mapping.items() if name)
        return ", ".join(f"{column_letter(index)} = {labels.get(name, name)}" for index, name in pairs) or "–"


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ScopedAdmin):
    list_display = ["attempt_time", "masked_username", "ip_address", "failures_since_start"]
    fields = ["attempt_time", "masked_username", "ip_address", "user_agent", "failures_since_start"]
    readonly_fields = ["masked_username"]
    search_fields = ["=username", "=ip_address"]
    ordering = ["-attempt_time"]
    sortable_by = ()

    @display(description=_("login name"))
    def masked_username(self, attempt: AccessAttempt) -> str:
        """An ID number is nobody's business here; who looks for one types it whole into the search."""
        return ID_IN_NAME.sub(lambda found: mask(found[0]), attempt.username or "")
