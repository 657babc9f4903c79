"""Who looks after whom: pure rules over users, asked by the user admin and by the services."""

from typing import Any

from backoffice.roles import Role

#: The association's own people are the administrator's business alone; the office cares for the members.
MEMBERS = frozenset({Role.COMPANY, Role.PERSON, Role.LOCAL_BODY})


def manageable_roles(by: Any) -> frozenset[Role]:
    """The roles whose users `by` may create and change; empty for everyone who only looks."""
    if not by.is_active:
        return frozenset()
    if by.role == Role.ADMIN:
        return frozenset(Role)
    if by.role == Role.OFFICE:
        return MEMBERS
    if (
        by.role == Role.COMPANY
        and by.is_manager
        and by.company_id is not None
        and by.company.is_active_member
    ):
        return frozenset({Role.COMPANY})
    return frozenset()


def may_manage(by: Any, user: Any) -> bool:
    """Whether `by` may correct the name and contact of `user` (their own too, if their role is managed)."""
    if user.role not in manageable_roles(by):
        return False
    return by.role != Role.COMPANY or user.company_id == by.company_id


def may_control(by: Any, user: Any) -> bool:
    """Whether `by` may switch `user` off, change the role, send links and hand out codes: never for oneself."""
    return by.pk != user.pk and may_manage(by, user)


def sees_login_name(by: Any, user: Any) -> bool:
    """A person's login name is the ID number: only those who look after people, and the person, read it."""
    return user.role != Role.PERSON or by.role in (Role.ADMIN, Role.OFFICE) or by.pk == user.pk


def masked(login_name: str) -> str:
    """An ID number as others see it: 4401**********1234; too short to be one: unchanged."""
    if len(login_name) <= 8:
        return login_name
    return f"{login_name[:4]}{'*' * (len(login_name) - 8)}{login_name[-4:]}"
