"""All addresses: public pages, the admin, accounts, files, language."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("backoffice.public.urls")),
    path("admin/", admin.site.urls),
    path("account/", include("backoffice.accounts.urls")),
    path("files/", include("backoffice.core.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
