"""What every admin class is made of: one mixin per concern (docs/architecture.md, "The shape of an app")."""

# Registered by being imported, after the mixins that other apps' admin modules ask this package for.
from backoffice.core.admin import (  # noqa: F401
    announcements,
    calendar,
    disclosures,
    importruns,
    inbox,
    office,
    wording,
)
from backoffice.core.admin.attachments import AttachmentsMixin
from backoffice.core.admin.flow import FlowAdmin
from backoffice.core.admin.history import HistoryAdmin
from backoffice.core.admin.panels import Panel, PanelsMixin
from backoffice.core.admin.scoped import ImportLinkMixin, ScopedAdmin

__all__ = [
    "AttachmentsMixin",
    "FlowAdmin",
    "HistoryAdmin",
    "ImportLinkMixin",
    "Panel",
    "PanelsMixin",
    "ScopedAdmin",
]
