"""Regions, local bodies, specialties (specification 2)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.bounds import validate_phones
from backoffice.core.models.base import Dictionary
from registry.validators import validate_contact


class Region(Dictionary):
    """Guangdong's 21 cities and their districts by GB/T 2260 code; a city has no parent (the province is given)."""

    class Level(models.TextChoices):
        CITY = "CITY", _("City")
        DISTRICT = "DISTRICT", _("District")

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="districts", verbose_name=_("city")
    )
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)

    class Meta:
        verbose_name = _("administrative region")
        verbose_name_plural = _("regions")
        ordering = ["code"]


class Specialty(Dictionary):
    class Meta:
        verbose_name = _("specialty")
        verbose_name_plural = _("specialties")
        ordering = ["code"]


class LocalBody(Dictionary):
    """会员服务机构: a city association or a training institution. Not a region: 广州 and 南海 stand side by side."""

    class Kind(models.TextChoices):
        CITY_ASSOCIATION = "CITY_ASSOCIATION", _("City association")
        TRAINING_INSTITUTION = "TRAINING_INSTITUTION", _("Training institution")

    short_name = models.CharField(_("short name"), max_length=30)
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("region"), related_name="+")
    contact_name = models.CharField(_("contact"), max_length=50, blank=True, validators=[validate_contact])
    phone = models.CharField(_("phone"), max_length=40, blank=True, validators=[validate_phones])
    address = models.CharField(_("address"), max_length=200, blank=True)
    email = models.EmailField(_("email"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("local body")
        verbose_name_plural = _("local bodies")
        ordering = ["code"]
