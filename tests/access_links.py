"""The holders of signed links, in every state of what the links name: what each may call, and what of others."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from backoffice.core.links import SIGNER, token_of
from backoffice.core.models import Attachment
from registry.models import CompanyApplication, HelpRequest, PersonalApplication
from tests.access_calls import Call, patterns
from tests.access_world import attach
from tests.factories import (
    WAYS,
    CompanyApplicationFactory,
    HelpRequestFactory,
    PersonalApplicationFactory,
)

MAKERS: dict[str, Any] = {
    "PERSON": PersonalApplicationFactory, "COMPANY": CompanyApplicationFactory, "ASKER": HelpRequestFactory,
}  # fmt: skip
STATES: dict[str, tuple[str, ...]] = {
    "PERSON": tuple(WAYS[PersonalApplication]), "COMPANY": tuple(WAYS[CompanyApplication]),
    "ASKER": tuple(state for state, _label in HelpRequest._meta.get_field("state").choices),
}  # fmt: skip


def links_of() -> tuple[str, ...]:
    return tuple(f"LINK.{kind}.{state}" for kind, states in STATES.items() for state in states)


def make(name: str) -> tuple[Any, Any, set[str]]:
    """The record behind the link, another of its kind, and the words about the other that must not be said."""
    _link, kind, state = name.split(".")
    option = "state" if kind == "ASKER" else "at"
    record, other = MAKERS[kind](**{option: state}), MAKERS[kind](**{option: state})
    for owner in (record, other):
        if kind == "ASKER":
            attach(owner)
        Attachment.of(owner).update(file="a/x.jpg")
    words = {other.name, other.email, token_of(other), getattr(other, "id_number", "")} - {"", record.name}
    return record, other, words


def link_calls(record: Any, other: Any) -> Iterator[Call]:
    """Every public address that takes a link, in its path or in its form."""
    own = token_of(record)
    tokens = {
        "own": own,
        "forged": f"{other.link_code}{other.key}{SIGNER.sep}{own.rpartition(SIGNER.sep)[2]}",
    }
    files = {"own": Attachment.of(record).first(), "foreign": Attachment.of(other).first()}
    for name, pattern in patterns():
        if not name.startswith("public:"):
            continue
        wanted = pattern.pattern.converters
        for whose, token in tokens.items():
            if "token" not in wanted:
                for kind in ("person", "company") if "kind" in wanted else ("",):
                    kwargs = {"kind": kind} if kind else {}
                    if wanted.keys() == kwargs.keys():
                        full = f"{name}({kind})" if kind else name
                        address = reverse(name, kwargs=kwargs)
                        yield Call(full, address, "POST", whose, act="begin", data={"token": token})
                continue
            for file_whose, file in files.items() if "pk" in wanted else [(whose, None)]:
                values = {"token": token, "pk": file.pk if file else 0, "code": "ID_CARD"}
                address = reverse(name, kwargs={key: values[key] for key in wanted})
                named = "forged" if whose == "forged" else file_whose
                for method in ("GET", "POST"):
                    yield Call(
                        name, address, method, named, data={"file_pk": "1"} if method == "POST" else {}
                    )
