"""`manage.py load_dictionaries`: what a site needs before its first record, once, and never over the office's edits."""

import io

import pytest
from django.core.management import call_command

from backoffice.core.models import AttachmentKind, CalendarDay, MessageTemplate, ReadyOpinion
from backoffice.core.notices import NOTICES
from registry.models import LocalBody, Region, Specialty

pytestmark = pytest.mark.django_db

MODELS = (Region, Specialty, LocalBody, AttachmentKind, CalendarDay, ReadyOpinion, MessageTemplate)


def load() -> str:
    out = io.StringIO()
    call_command("load_dictionaries", stdout=out)
    return out.getvalue()


def counts() -> list[int]:
    return [model._default_manager.count() for model in MODELS]  # type: ignore[attr-defined]


def test_an_empty_site_gets_all_of_them_and_a_second_run_none() -> None:
    assert "regions: 143 loaded" in load()
    once = counts()
    assert all(once)
    assert MessageTemplate.objects.count() == len(NOTICES)
    assert "loaded" not in load()
    assert counts() == once


def test_what_the_office_edited_or_deleted_stays_so() -> None:
    load()
    ReadyOpinion.objects.filter(flow="").delete()
    LocalBody.objects.filter(code="GZ").update(phone="020-1")
    once = counts()
    load()
    assert counts() == once
    assert LocalBody.objects.get(code="GZ").phone == "020-1"


def test_every_ready_made_opinion_names_a_flow_and_reads_in_both_languages() -> None:
    from backoffice.core.models.inbox import flow_models

    load()
    flows = {"", *(model._meta.label for model in flow_models())}
    for opinion in ReadyOpinion.objects.all():
        assert opinion.flow in flows
        assert opinion.text
        assert opinion.text_en
