"""Who looked up the certificates of other companies by number."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.core.admin import ScopedAdmin
from training.models import CertificateLookup


@admin.register(CertificateLookup)
class CertificateLookupAdmin(ScopedAdmin):
    list_display = ["at", "by", "certificate"]
    list_select_related = ["by", "certificate"]
    search_fields = ["certificate__number", "by__username"]
    search_help_text = _("Certificate number or login name")
    sortable_by = ()
    ordering = ["-id"]
