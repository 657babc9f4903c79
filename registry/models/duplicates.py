"""Duplicate people and companies: pairs the office decides about, and the merges it made."""

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _


class DuplicatePair(models.Model):
    """Two records that may be one. "Not a duplicate" is remembered, so that nobody is asked twice."""

    class Kind(models.TextChoices):
        PERSON = "PERSON", _("People")
        COMPANY = "COMPANY", _("Companies")

    class Status(models.TextChoices):
        OPEN = "OPEN", _("To be decided")
        DIFFERENT = "DIFFERENT", _("Not a duplicate")
        MERGED = "MERGED", _("Merged")

    COLOURS = {"OPEN": "warning", "DIFFERENT": "", "MERGED": "success"}

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    #: Keys of two people or companies, the smaller first.
    first_id = models.PositiveBigIntegerField(_("first record"))
    second_id = models.PositiveBigIntegerField(_("second record"))
    label = models.CharField(_("records"), max_length=250)
    reason = models.CharField(_("why"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("decided by"),
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    found_at = models.DateTimeField(_("found at"), auto_now_add=True)

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "first_id", "second_id"], name="one_pair_of_two_records")
        ]
        indexes = [models.Index("status", models.F("id").desc(), name="duplicate_status")]

    def __str__(self) -> str:
        return self.label


class Merge(models.Model):
    """One merge: what was kept, what went into it, and everything needed to undo it."""

    content_type = models.ForeignKey(ContentType, models.PROTECT, verbose_name=_("kind of record"))
    kept_id = models.PositiveBigIntegerField(_("kept record"))
    merged_id = models.PositiveBigIntegerField(_("merged record"))
    label = models.CharField(_("records"), max_length=250)
    reason = models.TextField(_("reason"), blank=True)
    #: {"kept": {field: old value}, "moved": {"app.Model.field": [ids]}, …}: what undo puts back.
    undo_data: models.JSONField = models.JSONField(default=dict, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("undone by"),
    )  # fmt: skip
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-id"]
        indexes = [models.Index(fields=["content_type", "merged_id"], name="merge_merged")]

    def __str__(self) -> str:
        return self.label


class DuplicateSearch(models.Model):
    """One search for duplicates: when it ran, for whom, and how many pairs it found that nobody knew."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    found = models.PositiveIntegerField(_("new pairs"), default=0)

    class Meta:
        verbose_name = _("search for duplicates")
        verbose_name_plural = _("searches for duplicates")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"
