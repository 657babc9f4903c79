"""Addresses under /account/. No address ever carries a login name: a person's is the ID number."""

from django.urls import path

from backoffice.accounts import views

app_name = "accounts"
urlpatterns = [
    path("activate/<uidb64>/<token>/", views.ActivateView.as_view(), name="activate"),
    path("code/", views.CodeView.as_view(), name="code"),
    path("set-password/", views.SetPasswordView.as_view(), name="set_password"),
    path("reset/", views.ResetView.as_view(), name="reset"),
    path("reset/done/", views.ResetDoneView.as_view(), name="reset_done"),
    path("reset/complete/", views.ResetCompleteView.as_view(), name="reset_complete"),
    path("reset/<uidb64>/<token>/", views.ResetConfirmView.as_view(), name="reset_confirm"),
]
