"""The first page of an individual member: the profile, the certificates, the learning, on one page."""

from typing import Any

from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from registry.models import Certificate, Person
from registry.profile import completeness
from training.admin.my_learning import learning_of

#: So many trainings stand on the first page; “My learning” has all of them.
NEWEST = 3


def member_page(user: Any) -> dict[str, Any] | None:
    """Who the member is, how complete the profile is, and what the association has on record; None for others."""
    if user.role != Role.PERSON:
        return None
    person = visible_to(Person, user).select_related("company", "region").first()
    if person is None:
        return None
    return {
        "person": person,
        "profile": completeness(person),
        "certificates": visible_to(Certificate, user).order_by("-expiry_date", "-id")[:20],
        "learning": learning_of(user, NEWEST),
    }
