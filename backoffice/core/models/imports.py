"""An upload of rows and what became of it: looked through, confirmed, done, downloaded, undone."""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.roles import Role


def upload_path(run: "ImportRun", filename: str) -> str:
    return f"imports/{secrets.token_hex(16)}.bin"


class ImportRun(models.Model):
    """One uploaded file. Its numbers and first rows are kept; the rows themselves stay in the file."""

    class Status(models.TextChoices):
        UPLOADED = "UPLOADED", _("Being checked")
        UNMAPPED = "UNMAPPED", _("Columns unknown")
        PREVIEWED = "PREVIEWED", _("Waiting for confirmation")
        QUEUED = "QUEUED", _("Queued")
        RUNNING = "RUNNING", _("Running")
        DONE = "DONE", _("Imported")
        REFUSED = "REFUSED", _("Nothing imported")
        FAILED = "FAILED", _("Failed")
        DISCARDED = "DISCARDED", _("Discarded")
        UNDOING = "UNDOING", _("Being undone")
        PARTLY = "PARTLY", _("Undone in part")
        UNDONE = "UNDONE", _("Undone")

    COLOURS = {
        "UPLOADED": "info", "UNMAPPED": "warning", "PREVIEWED": "warning", "QUEUED": "info", "RUNNING": "info",
        "DONE": "success", "REFUSED": "danger", "FAILED": "danger", "DISCARDED": "", "UNDOING": "info",
        "PARTLY": "warning", "UNDONE": "",
    }  # fmt: skip

    layout = models.CharField(_("what"), max_length=40)
    file = models.FileField(_("file"), upload_to=upload_path, max_length=200)
    filename = models.CharField(_("file name"), max_length=200)
    sha256 = models.CharField(max_length=64, editable=False)
    # all_or_nothing, accept (conflict kinds), create_companies, sheets, header_row, mapping
    options: models.JSONField[dict[str, Any], Any] = models.JSONField(_("options"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.UPLOADED)
    progress = models.PositiveSmallIntegerField(_("progress in percent"), default=0)
    # what the file is and which column means what, the count of each outcome, the first rows of each
    seen = models.JSONField(_("what was read"), default=dict)
    counts = models.JSONField(_("counts"), default=dict)
    samples = models.JSONField(_("first rows"), default=dict)
    error = models.TextField(_("error"), blank=True)
    marked_copy = models.FileField(_("marked copy"), upload_to=upload_path, max_length=200, blank=True)
    # model label -> [first, last] history_id written by this run: what undo goes back over
    history_ranges = models.JSONField(_("history written"), default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    created_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("undone by")
    )

    # who does it now (core.tasks.this_worker), how often somebody began it, and the last sign of life: by these
    # what nobody does any more is found again (core/import_watch.py)
    worker = models.CharField(max_length=100, blank=True, editable=False)
    restarts = models.PositiveSmallIntegerField(default=0, editable=False)
    alive_at = models.DateTimeField(null=True, blank=True, editable=False)
    # of an undo: how many records were to be taken back, how many stay, and the first of them with the reasons
    undo_state: models.JSONField[dict[str, Any], Any] = models.JSONField(
        _("what could not be undone"), default=dict, editable=False
    )

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.filename

    @staticmethod
    def shown_to(user: Any) -> models.Q:
        """Who works for a part of the register only sees the own uploads (core/scoping.py)."""
        return models.Q(created_by=user.pk) if user.role in (Role.TRAINING, Role.LOCAL_BODY) else models.Q()


class HeaderMapping(models.Model):
    """How someone once mapped a header we did not know, used again when the same header comes back."""

    layout = models.CharField(_("what"), max_length=40)
    signature = models.CharField(_("header"), max_length=64)
    header = models.TextField(_("header row"))
    mapping = models.JSONField(_("columns"), default=dict)
    # where the captions stood, and their signature where that is another row than the one we recognise
    header_row = models.PositiveIntegerField(_("row of the header"), null=True, blank=True)
    points_to = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("at"), auto_now=True)

    class Meta:
        verbose_name = _("remembered column mapping")
        verbose_name_plural = _("remembered column mappings")
        constraints = [models.UniqueConstraint(fields=["layout", "signature"], name="one_mapping_per_header")]

    def __str__(self) -> str:
        return self.header[:60]
