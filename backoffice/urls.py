"""All addresses: the admin at the root of the site, accounts, files, language."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("account/", include("backoffice.accounts.urls")),
    path("files/", include("backoffice.core.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
