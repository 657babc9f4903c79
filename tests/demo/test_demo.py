"""`manage.py demo`: believable data, sign-ins that work, files that show what they promise; twice is once."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import F
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core import imports
from backoffice.core.models import Attachment, ImportRun
from backoffice.roles import Role
from registry.demo import files
from registry.demo.users import sign_ins
from registry.models import Certificate, CertificateTerm, Company, FormerName, LocalBody, Person
from tests.demo.conftest import PASSWORD, run_demo

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.xdist_group("demo")]


def counts() -> dict[str, int]:
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in ("core", "accounts", "registry", "training")
    }


def test_running_it_again_changes_nothing(demo_files: Path) -> None:
    once = counts()
    stamps = {path: path.stat().st_mtime_ns for path in demo_files.iterdir()}
    again = run_demo()
    assert counts() == once
    assert {path: path.stat().st_mtime_ns for path in demo_files.iterdir()} == stamps
    assert "company" in again
    assert PASSWORD in again


def test_what_people_changed_meanwhile_is_kept(printed: str) -> None:
    body = LocalBody.objects.get(code="GZ")
    body.phone = "020-1"
    body.save()
    user = User.objects.get(username="company")
    user.set_password("My-Own-2026!")
    user.save()
    run_demo()
    body.refresh_from_db()
    user.refresh_from_db()
    assert body.phone == "020-1"
    assert user.check_password("My-Own-2026!")
    run_demo("--reset-passwords")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_every_role_can_sign_in_and_see_its_start_page(printed: str, signed_in: Any) -> None:
    shown = [user for user, _note in sign_ins()]
    assert {user.role for user in shown} == set(Role)
    assert Counter(user.role for user in shown) == {
        **dict.fromkeys(Role, 1),
        Role.COMPANY: 3,
        Role.LOCAL_BODY: 4,
    }
    for user in shown:
        user.full_clean(exclude=["password"])
        assert user.username in printed
        assert user.check_password(PASSWORD)
        assert user.history.count() == 1
        assert signed_in(user).get("/admin/", follow=True).status_code == 200
    assert not [
        user
        for user in User.objects.filter(username__startswith="member")
        if not user.check_password(PASSWORD)
    ]
    users = list(User.objects.select_related("company", "person"))
    by_name = {user.username: user for user in users}
    assert by_name["company"].company == by_name["colleague"].company
    assert by_name["company"].company.missing_fields() == []
    assert by_name["incomplete"].company.missing_fields() == ["office_address", "contact_phone"]
    assert {LocalBody.objects.get(users__username=name).short_name for name in ("guangzhou", "nanhai")} == {
        "广州",
        "南海",
    }


def test_the_association_is_believable(printed: str) -> None:
    today = timezone.localdate()
    assert Company.objects.count() >= 30
    assert Company.objects.filter(status="SUSPENDED").count() == 1
    assert FormerName.objects.count() == 6  # the rename that was approved made the sixth
    assert sum(bool(company.missing_fields()) for company in Company.objects.all()) == 6
    valid = Certificate.objects.filter(status="VALID")
    assert valid.filter(expiry_date__lt=today).exists()
    assert valid.filter(expiry_date__gt=today).exists()
    assert Certificate.objects.filter(status="CANCELLED").exists()
    assert Certificate.objects.filter(status="SUPERSEDED").exists()
    assert Certificate.objects.exclude(printed_company=F("company__name")).exists()
    assert Certificate.objects.count() > Person.objects.count()
    company = User.objects.get(username="company").company
    mine = Attachment.objects.filter(kind__code="PHOTO", content_type__model="person")
    assert mine.filter(object_id__in=company.people.values("pk")).count() >= 2


def test_records_are_valid_and_their_history_leads_to_what_is_stored(printed: str) -> None:
    for model in (Company, Person, Certificate):
        for row in model.objects.all():
            row.full_clean(exclude=["birthday", "gender"])
            history = list(row.history.all())
            assert [entry.history_type for entry in history][-1] == "+"
            assert [entry.history_type for entry in history].count("+") == 1
            assert history[-1].history_date == row.created_at
            for field in history[0].tracked_fields:
                assert getattr(history[0], field.attname) == getattr(row, field.attname), field
    for certificate in Certificate.objects.select_related("person__company__region__parent"):
        company = certificate.person.company
        assert certificate.company == company
        region = company.region
        assert certificate.region == (region and (region.parent or region))
        last = CertificateTerm.objects.filter(certificate=certificate).latest("id")
        start = certificate.renewal_date or certificate.issue_date
        assert (last.start_date, last.expiry_date) == (start, certificate.expiry_date)


def test_the_files_show_what_they_promise(demo_files: Path) -> None:
    office = User.objects.get(role=Role.OFFICE)
    waiting = ImportRun.objects.get()
    assert (waiting.filename, waiting.status) == (files.TROUBLE, ImportRun.Status.PREVIEWED)
    kinds = {name for name, count in waiting.counts.items() if count}
    assert kinds >= {
        "create", "repeated", "error", "conflict_other_person", "conflict_other_name", "conflict_older",
        "conflict_other_company",
    }  # fmt: skip
    good = imports.preview(imports.start(demo_files / files.GOOD, files.GOOD, "certificates", by=office))
    assert (good.counts["error"], good.counts["conflict"]) == (0, 0)
    assert min(good.counts["create"], good.counts["update"], good.counts["unchanged"]) > 0
    unknown = imports.preview(
        imports.start(demo_files / files.UNKNOWN, files.UNKNOWN, "certificates", by=office)
    )
    assert unknown.status == ImportRun.Status.UNMAPPED
