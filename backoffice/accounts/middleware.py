"""First sign-in sets a password: until then no other page opens (specification 1)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


class PasswordFirstMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if getattr(request.user, "must_change_password", False) and request.path not in self.open_paths():
            return redirect("accounts:set_password")
        return self.get_response(request)

    @staticmethod
    def open_paths() -> set[str]:
        return {reverse("accounts:set_password"), reverse("admin:logout"), reverse("set_language")}
