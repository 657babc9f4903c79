"""Public addresses. None carries anything personal: records are named by signed tokens (core/links.py)."""

from django.urls import path
from django.views.generic import RedirectView

app_name = "public"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("a/<str:token>/", RedirectView.as_view(pattern_name="admin:index"), name="application"),
]
