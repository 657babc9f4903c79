"""Regions, specialties, local bodies."""

from django.contrib import admin
from unfold.decorators import display

from backoffice.core.admin import ScopedAdmin
from backoffice.core.filters import ChoicesFilter
from registry.models import LocalBody, Region, Specialty


@admin.register(Region)
class RegionAdmin(ScopedAdmin):
    list_display = ["code", "name", "name_en", "parent", "level"]
    list_select_related = ["parent"]
    list_filter = [("level", ChoicesFilter)]
    search_fields = ["=code", "name", "name_en"]
    ordering = ["code"]
    autocomplete_fields = ["parent"]


@admin.register(Specialty)
class SpecialtyAdmin(ScopedAdmin):
    list_display = ["code", "name", "name_en"]
    search_fields = ["=code", "name", "name_en"]
    ordering = ["code"]


@admin.register(LocalBody)
class LocalBodyAdmin(ScopedAdmin):
    list_display = ["code", "name", "show_kind", "region", "contact_name", "phone", "address", "is_active"]
    list_select_related = ["region"]
    list_filter = [("kind", ChoicesFilter)]
    search_fields = ["=code", "name", "name_en", "short_name"]
    ordering = ["code"]
    autocomplete_fields = ["region"]

    @display(description=LocalBody._meta.get_field("kind").verbose_name, label=True, ordering="kind")
    def show_kind(self, body: LocalBody) -> str:
        return str(body.get_kind_display())
