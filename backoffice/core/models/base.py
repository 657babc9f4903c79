"""What several core models share: natural keys for dictionaries, and the generic owner."""

from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class CodeManager(models.Manager):
    def get_by_natural_key(self, code: str) -> Any:
        return self.get(code=code)


class Dictionary(models.Model):
    """A short list kept by the office: a code for the machine, a name in each language for people."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)

    objects = CodeManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return (
            ((get_language() or settings.LANGUAGE_CODE).startswith("zh") and self.name)
            or self.name_en
            or self.name
        )

    def natural_key(self) -> tuple[str]:
        return (self.code,)


class Owned(models.Model):
    """A row that hangs on a record of another app; visible where that record is (roles.OWNER)."""

    content_type = models.ForeignKey(ContentType, models.PROTECT, verbose_name=_("kind of record"))
    object_id = models.PositiveBigIntegerField(_("record"))
    owner = GenericForeignKey("content_type", "object_id")

    class Meta:
        abstract = True

    @classmethod
    def of(cls, obj: models.Model) -> "models.QuerySet[Self]":
        """The rows that hang on `obj`."""
        content_type = ContentType.objects.get_for_model(obj)
        return cls._default_manager.filter(content_type=content_type, object_id=obj.pk)
