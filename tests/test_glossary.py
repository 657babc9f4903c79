"""docs/glossary.md and the product say the same words: one Chinese and one English word for each thing."""

import json
import re
from collections.abc import Iterator
from typing import Any

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model
from django.utils import translation

from backoffice.core.flow import Flow
from backoffice.roles import Role
from fees.models import ReceiptKind

GLOSSARY = settings.BASE_DIR / "docs" / "glossary.md"
CATALOGUE = settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"
OURS = ("backoffice", "fees", "registry", "training")
#: The fields that hold what a record is at the moment.
STATES = ("state", "status", "outcome")
Words = tuple[str, str]


def tables() -> dict[str, list[list[str]]]:
    """The rows of each table, without its heading, by the heading of its section."""
    sections = re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {}
    for section in sections:
        lines = [line for line in section.splitlines() if line.startswith("|")]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
        found[section.splitlines()[0]] = rows
    return found


def written(*titles: str) -> dict[str, Words]:
    """Code name -> (Chinese, English) of some tables; a code name stands in one row only."""
    pairs = [
        (code, (row[0], row[1]))
        for title in titles
        for row in tables()[title]
        for code in re.findall(r"`([^`]+)`", row[2])
    ]
    assert len(dict(pairs)) == len(pairs), "a code name stands in two rows"
    return dict(pairs)


def said(text: Any) -> Words:
    """What the product says in both languages."""
    with translation.override("zh-hans"):
        chinese = str(text)
    with translation.override("en"):
        return chinese, str(text)


def our_models() -> list[type[Model]]:
    """Every model of ours; the tables of history rows have no name of their own."""
    return [
        model
        for model in apps.get_models()
        if model.__module__.split(".")[0] in OURS and not model.__name__.startswith("Historical")
    ]


def states(models: list[type[Model]]) -> Iterator[tuple[str, Words]]:
    for model in models:
        for field in model._meta.fields:
            if field.name in STATES:
                for value, label in field.flatchoices:
                    yield f"{model._meta.label}.{field.name}={value}", said(label)


def flows() -> list[type[Flow]]:
    return [model for model in our_models() if issubclass(model, Flow) and not model._meta.proxy]


def test_every_role_stands_in_the_glossary_with_its_words() -> None:
    assert written("Roles") == {f"Role.{role.name}": said(role.label) for role in Role}


def test_every_model_stands_in_the_glossary_with_its_words() -> None:
    assert written("Things") == {model._meta.label: said(model._meta.verbose_name) for model in our_models()}


def test_every_state_stands_in_the_glossary_with_its_words() -> None:
    models = [model for model in our_models() if not model._meta.proxy]
    assert written("States of flows") == dict(states([m for m in models if m in flows()]))
    assert written("Other states") == dict(states([m for m in models if m not in flows()]))


def test_every_step_stands_in_the_glossary_with_its_words() -> None:
    assert written("Steps") == {
        f"{model._meta.label}.{step.name}()": said(step.label)
        for model in flows()
        for step in model.steps().values()
    }


def test_every_kind_of_paper_stands_in_the_glossary_with_its_words() -> None:
    path = settings.BASE_DIR / "fixtures" / "attachment_kinds.json"
    kinds = [row["fields"] for row in json.loads(path.read_text(encoding="utf-8"))]
    expected = {f"AttachmentKind={kind['code']}": (kind["name"], kind["name_en"]) for kind in kinds}
    expected |= {f"ReceiptKind.{kind.name}": said(kind.label) for kind in ReceiptKind}
    assert written("Papers") == expected


@pytest.mark.parametrize("title", ["Roles", "Things", "States of flows", "Other states", "Steps", "Papers"])
def test_a_pair_of_words_stands_in_one_row_of_a_table(title: str) -> None:
    pairs = [(row[0], row[1]) for row in tables()[title]]
    assert sorted(set(pairs)) == sorted(pairs)


def test_no_word_that_the_glossary_forbids_is_in_the_catalogue() -> None:
    forbidden = [row[0] for row in tables()["Words that are not used"]]
    assert len(forbidden) > 10
    found = [
        f"{word}: {text}"
        for entry in polib.pofile(str(CATALOGUE))
        for text in (entry.msgstr, *entry.msgstr_plural.values())
        for word in forbidden
        if word in text
    ]
    assert found == []
