"""Sign-in by password. The bound record comes along in the same query: every page needs it."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from backoffice.accounts.models import User


class RoleBackend(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.select_related("company", "local_body").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return user_obj.has_perm(perm, obj)
