"""Taking an import back: all of it, or nothing with the reasons (registry/imports/undo.py)."""

import pytest

from backoffice.core import imports
from backoffice.core.models import Attachment
from backoffice.roles import Role
from registry.models import Certificate, CertificateTerm, Company, Person
from tests.factories import CertificateFactory, PersonFactory, UserFactory, id_number
from tests.registry.import_files import carry_out, known_company, look_through, outcomes, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return known_company()


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


def state():
    """The register without the times of change and without the history, which keeps growing."""
    return {
        model.__name__: sorted(
            tuple(v for k, v in values.items() if k not in ("updated_at", "recorded_at"))
            for values in model.objects.values()
        )
        for model in (Company, Person, Certificate, CertificateTerm)
    }


def test_undo_deletes_what_was_created_and_says_so_in_the_history(company, office):
    before = state()
    run = carry_out(row(1), row(2, company="广东新监理公司"), by=office, create_companies=True)

    imports.undo(run, office)

    assert state() == before
    assert run.status == "UNDONE"
    assert run.undone_by == office
    for model, number in ((Certificate, 2), (Person, 2)):
        last = model.history.filter(history_type="-")
        assert last.count() == number
        assert {row.history_user for row in last} == {office}
        assert str(run.pk) in last[0].history_change_reason


def test_undo_restores_what_was_changed(company, office):
    carry_out(row(1), row(2), by=office)
    before = state()
    run = carry_out(
        row(1, renewal_date="2027-01-01", expiry_date="2030-01-01", remark="延续"),
        row(2, phone="13800138000", title="工程师"),
        row(3),
        by=office,
    )
    assert outcomes(run) == {"create": 1, "people_created": 1, "update": 2, "people_filled": 1}

    imports.undo(run, office)

    assert state() == before
    certificate = Certificate.objects.get(number="A12400001")
    assert [h.history_type for h in certificate.history.order_by("history_id")] == ["+", "~", "~"]
    assert certificate.history.latest("history_id").remark == ""


def test_undo_takes_a_filled_company_back_from_the_persons_certificates(company, office):
    person = PersonFactory(name="陈乙", id_number=id_number(1), company=None, region=company.region)
    CertificateFactory(person=person, number="B1", specialty=None)
    before = state()
    run = carry_out(row(1), by=office)
    assert Certificate.objects.get(number="B1").company == company

    imports.undo(run, office)

    assert state() == before


def test_the_file_can_be_imported_again_after_an_undo(company, office):
    imports.undo(carry_out(row(1), by=office), office)

    assert outcomes(carry_out(row(1), by=office)) == {"create": 1, "people_created": 1}


def test_a_second_undo_says_who_undid_it_already(company, office):
    run = carry_out(row(1), by=office)
    imports.undo(run, office)

    with pytest.raises(imports.ImportRefused, match=office.name):
        imports.undo(run, UserFactory(role=Role.OFFICE))


def test_only_a_finished_import_can_be_undone(company, office):
    with pytest.raises(imports.ImportRefused):
        imports.undo(look_through(row(1), by=office), office)


def change_person(run):
    person = Person.objects.get()
    person.phone = "13900000000"
    person.save()
    return "13900000000", person.name


def add_attachment(run):
    from django.contrib.contenttypes.models import ContentType

    from backoffice.core.models import AttachmentKind

    kind = AttachmentKind.objects.get_or_create(code="PHOTO", defaults={"name": "照片"})[0]
    owner = Person.objects.get()
    Attachment.objects.create(
        kind=kind, name="x.jpg", content_type=ContentType.objects.get_for_model(Person), object_id=owner.pk
    )
    return None, "1"


def add_user(run):
    UserFactory(role=Role.PERSON, person=Person.objects.get())
    return None, "1"


def add_certificate(run):
    person = Person.objects.get()
    CertificateFactory(person=person, number="B77", term=False)
    return None, "1"


def import_over(run):
    carry_out(row(1, remark="新"), by=run.created_by)
    return None, "A12400001"


@pytest.mark.parametrize("build_on", [change_person, add_attachment, add_user, add_certificate, import_over])
def test_what_was_built_on_an_import_stands_against_its_undo(company, office, build_on):
    run = carry_out(row(1), by=office)
    assert imports.undo_blockers(run) == []
    _phone, named = build_on(run)
    before = state()

    sentences = imports.undo_blockers(run)
    assert len(sentences) == 1
    assert named in sentences[0]
    with pytest.raises(imports.ImportRefused) as refused:
        imports.undo(run, office)

    assert refused.value.sentences == sentences
    assert state() == before
    run.refresh_from_db()
    assert run.status == "DONE"


def test_a_user_of_a_created_company_stands_against_the_undo(company, office):
    run = carry_out(row(1, company="广东新监理公司"), by=office, create_companies=True)
    UserFactory(role=Role.COMPANY, company=Company.objects.get(name="广东新监理公司"))

    assert "关联到本次导入记录的用户：1 条。" in imports.undo_blockers(run)


def test_values_without_a_history_cannot_be_restored(company, office):
    carry_out(row(1), by=office)
    Certificate.history.all().delete()
    run = carry_out(row(1, remark="新"), by=office)

    assert len(imports.undo_blockers(run)) == 1
