"""Public addresses. None carries anything personal: records are named by signed tokens (core/links.py)."""

from django.urls import path

from backoffice.public import api, views_apply, views_check, views_help, views_home, views_link

app_name = "public"
urlpatterns = [
    path("", views_home.home, name="home"),
    path("robots.txt", views_home.robots, name="robots"),
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
    path("apply/person/", views_apply.apply, {"kind": "person"}, name="apply_person"),
    path("apply/company/", views_apply.apply, {"kind": "company"}, name="apply_company"),
    path("apply/employers/", api.employers, name="employers"),
    path("apply/check/<str:field>/", api.check_field, name="check_field"),
    path("apply/<str:kind>/begin/", api.begin, name="begin"),
    path("a/<str:token>/", views_link.application, name="application"),
    path("a/<str:token>/save/", api.save, name="save"),
    path("a/<str:token>/withdraw/", views_link.withdraw, name="withdraw"),
    path("a/<str:token>/upload/<str:code>/", api.picture, name="upload"),
    path("a/<str:token>/files/<int:pk>/", views_link.file, name="file"),
    path("a/<str:token>/files/<int:pk>/thumb/", views_link.file, {"small": True}, name="thumb"),
]  # fmt: skip
