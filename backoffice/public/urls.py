"""Public addresses. None carries anything personal: records are named by signed tokens (core/links.py)."""

from django.urls import path
from django.views.generic import RedirectView

from backoffice.public import views_check, views_help, views_home

app_name = "public"
urlpatterns = [
    path("", views_home.home, name="home"),
    path("announcements/", views_home.announcement_list, name="announcements"),
    path("announcements/<int:pk>/", views_home.announcement, name="announcement"),
    path("announcements/<int:pk>/files/<int:file_pk>/", views_home.announcement_file, name="announcement_file"),
    path("announcements/<int:pk>/files/<int:file_pk>/thumb/", views_home.announcement_file, {"form": "thumb"},
         name="announcement_thumb"),
    path("announcements/<int:pk>/files/<int:file_pk>/download/", views_home.announcement_file, {"form": "download"},
         name="announcement_download"),
    path("classes/", views_home.class_list, name="classes"),
    path("contacts/", views_home.contacts, name="contacts"),
    path("check/", views_check.check, name="check"),
    path("help/", views_help.help_form, name="help"),
    path("help/sent/<str:token>/", views_help.help_sent, name="help_sent"),
    path("help/how-to/", views_home.howto, name="howto"),
    # Home, how-to and sign-in lead to "apply_person" and "apply_company" as soon as these have addresses.
    path("a/<str:token>/", RedirectView.as_view(pattern_name="admin:index"), name="application"),
]  # fmt: skip
