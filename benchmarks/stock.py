"""What someone would write without this project's tools: Unfold's ModelAdmin, Django's filters and search.

Used by `benchmarks.lists` and `benchmarks.export_certificates` to compare with, never by the product.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import include, path
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from registry.models import Certificate, Company, Person

site = UnfoldAdminSite(name="stock")


class StockAdmin(ModelAdmin):
    list_per_page = 50
    company_path = "company"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        queryset = super().get_queryset(request)
        company = getattr(request.user, "company_id", None)
        return queryset if company is None else queryset.filter(**{self.company_path: company})


class StockCertificateAdmin(StockAdmin):
    list_display = ("number", "type", "person", "company", "specialty", "issue_date", "renewal_date", "expiry_date",
                    "status")  # fmt: skip
    list_filter = ("type", "status", "region")
    search_fields = ("number", "person__name", "person__id_number", "person__phone", "company__name")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return True


class StockPersonAdmin(StockAdmin):
    list_display = ("name", "id_number", "gender", "phone", "company", "region", "education", "title")
    list_filter = ("region",)
    search_fields = ("name", "id_number", "phone", "company__name")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return True


class StockCompanyAdmin(StockAdmin):
    list_display = ("name", "credit_code", "membership", "status", "region", "contact_name", "contact_phone")
    list_filter = ("membership", "status", "region")
    search_fields = ("name", "former_names__name", "initials", "credit_code")
    company_path = "pk"


site.register(Certificate, StockCertificateAdmin)
site.register(Person, StockPersonAdmin)
site.register(Company, StockCompanyAdmin)

urlpatterns = [path("stock/", site.urls), path("", include("backoffice.urls"))]
