"""What an import does with each kind of row (registry/imports/plan.py is the rule book)."""

import datetime

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core import imports
from backoffice.core.models import ImportRun
from registry.models import Certificate, Company, FormerName, Person
from tests.factories import CertificateFactory, PersonFactory, RegionFactory, SpecialtyFactory, id_number
from tests.registry.import_files import (
    COMPANY,
    carry_out,
    known_company,
    look_through,
    outcomes,
    register,
    row,
    writes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return known_company()


@pytest.fixture
def stored(company):
    """The certificate of row 1, as a first import would leave it."""
    carry_out(row(1))
    return Certificate.objects.get()


def test_a_new_row_creates_person_certificate_term_and_history(company):
    SpecialtyFactory(code="01", name="房屋建筑工程")
    district = RegionFactory(code="440106", name="天河区", parent=company.region)

    run = carry_out(
        row(1, specialty="房屋建筑工程", region="天河区", phone="13800138000", email="A@B.cn", education="本科",
            title="工程师", renewal_date="2025年1月2日", remark="换证")
    )  # fmt: skip

    assert run.status == "DONE"
    assert outcomes(run) == {"create": 1, "people_created": 1}
    person, certificate = Person.objects.get(), Certificate.objects.get()
    assert (person.gender, person.birthday) == ("M", datetime.date(1960, 1, 1))
    assert (person.phone, person.email, person.education) == ("13800138000", "a@b.cn", "BACHELOR")
    assert (person.company, person.region, person.title) == (company, district, "工程师")
    assert (certificate.person, certificate.company, certificate.region) == (person, company, company.region)
    assert (certificate.number, certificate.type, certificate.status) == ("A12400001", "ENGINEER", "VALID")
    assert (certificate.printed_company, certificate.remark) == (COMPANY, "换证")
    assert certificate.specialty.name == "房屋建筑工程"
    term = certificate.terms.get()
    assert (term.start_date, term.expiry_date) == (datetime.date(2025, 1, 2), datetime.date(2027, 1, 1))
    assert term.import_run_id == run.pk
    for made in (person, certificate):
        history = made.history.get()
        assert (history.history_type, history.import_run_id) == ("+", run.pk)
        assert history.history_user == run.created_by
        assert "名单.xlsx" in history.history_change_reason
        assert run.history_ranges[made._meta.label] == [history.history_id, history.history_id]


def test_the_scope_of_a_certificate_is_the_city_of_its_holders_company(company):
    district = RegionFactory(code="440106", name="天河区", parent=company.region)
    Company.objects.update(region=district)

    carry_out(row(1))

    assert Certificate.objects.get().region == company.region


def test_a_second_certificate_reuses_the_person(stored):
    run = carry_out(row(1, number="B12400001", type="安全员"))

    assert outcomes(run) == {"create": 1, "reuse": 1}
    assert stored.person.certificates.count() == 2
    assert stored.person.history.count() == 1


def test_two_certificates_of_a_new_person_in_one_file_make_one_person(company):
    run = carry_out(row(1), row(1, number="B12400001", phone="13800138000"))

    assert outcomes(run) == {"create": 2, "people_created": 1}
    assert Person.objects.get().phone == "13800138000"


def test_the_same_file_twice_writes_nothing(company):
    rows = [row(n, phone=f"1380013800{n}", remark="x") for n in range(1, 6)]
    carry_out(*rows)
    before = register()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        run = carry_out(*rows)

    assert outcomes(run) == {"unchanged": 5}
    assert writes(queries) == []
    assert register() == before


def test_a_repeated_row_is_ignored(company):
    run = carry_out(row(1), row(2), row(1))

    assert outcomes(run) == {"create": 2, "people_created": 2, "repeated": 1}
    assert run.samples["repeated"][0]["row"] == 4
    assert run.samples["repeated"][0]["same_as"] == 2


def test_a_later_term_updates_the_dates_and_appends_a_term(stored):
    run = carry_out(row(1, renewal_date="2027-01-01", expiry_date="2030-01-01"))

    assert outcomes(run) == {"update": 1}
    stored.refresh_from_db()
    assert stored.expiry_date == datetime.date(2030, 1, 1)
    assert [str(term) for term in stored.terms.all()] == [
        "2024-01-01 – 2027-01-01",
        "2027-01-01 – 2030-01-01",
    ]
    assert [h.history_type for h in stored.history.order_by("history_id")] == ["+", "~"]
    assert run.samples["update"][0]["changes"]["expiry_date"] == ["2027-01-01", "2030-01-01"]


def test_an_empty_cell_clears_nothing(company):
    SpecialtyFactory(code="01", name="房屋建筑工程")
    full = row(1, specialty="房屋建筑工程", renewal_date="2025-01-01", remark="旧", status="注销")
    carry_out(full)
    before = register()

    run = carry_out({**full, "specialty": "", "renewal_date": "", "remark": "", "status": ""})

    assert outcomes(run) == {"unchanged": 1}
    assert register() == before


def test_a_changed_specialty_is_shown_by_name(stored):
    SpecialtyFactory(code="01", name="房屋建筑工程")

    run = carry_out(row(1, specialty="房屋建筑工程"))

    assert run.samples["update"][0]["changes"] == {"specialty": ["", "房屋建筑工程"]}


def test_a_changed_remark_and_status_append_no_term(stored):
    run = carry_out(row(1, remark="遗失", status="注销"))

    assert outcomes(run) == {"update": 1}
    stored.refresh_from_db()
    assert (stored.remark, stored.status, stored.terms.count()) == ("遗失", "CANCELLED", 1)


def test_only_empty_profile_fields_are_filled(stored):
    Person.objects.update(phone="13900000000")

    run = carry_out(row(1, phone="13800138000", title="工程师"))

    person = Person.objects.get()
    assert outcomes(run) == {"update": 1, "people_filled": 1}
    assert (person.phone, person.title) == ("13900000000", "工程师")
    assert person.history.latest().title == "工程师"
    assert stored.history.count() == 1


def test_a_person_without_a_company_gets_the_rows_and_takes_the_certificates_along(company):
    person = PersonFactory(name="陈乙", id_number=id_number(1), company=None)
    old = CertificateFactory(person=person, number="B1")

    carry_out(row(1))

    old.refresh_from_db()
    assert (old.company, old.region) == (company, company.region)
    assert Certificate.objects.get(number="A12400001").company == company


def test_a_former_name_of_the_company_is_found(company):
    FormerName.objects.create(company=company, name="广东旧名监理公司")

    run = carry_out(row(1, company="广东旧名监理公司"))

    assert outcomes(run) == {"create": 1, "people_created": 1}
    certificate = Certificate.objects.get()
    assert (certificate.company, certificate.printed_company) == (company, "广东旧名监理公司")


def test_the_width_of_brackets_in_a_company_name_does_not_matter():
    known_company("衡岳国际工程咨询（广东）有限公司")

    carry_out(row(1, company="衡岳国际工程咨询(广东)有限公司"))

    assert Certificate.objects.get().printed_company == "衡岳国际工程咨询（广东）有限公司"


def test_an_unknown_company_is_an_error_that_names_the_remedy(company):
    run = carry_out(row(1, company="无此公司"), row(2))

    assert outcomes(run) == {"create": 1, "people_created": 1, "error": 1}
    reason = run.samples["error"][0]["reasons"][0]
    assert (reason["field"], reason["code"]) == ("company", "unknown_company")


def test_unknown_companies_become_temporary_members_if_the_user_says_so(company):
    run = carry_out(row(1, company="广东新衡监理有限公司"), row(2, company="无效公司", issue_date="?"),
                    create_companies=True)  # fmt: skip

    assert outcomes(run) == {"create": 1, "people_created": 1, "companies_created": 1, "error": 1}
    new = Company.objects.exclude(pk=company.pk).get()
    assert (new.name, new.membership, new.initials) == ("广东新衡监理有限公司", "TEMPORARY", "GDXHJLYXGS")
    assert new.history.get().import_run_id == run.pk
    assert Certificate.objects.get().company == new


ERRORS = [
    ({"number": ""}, "number", "required"),
    ({"number": "12345"}, "number", "bad_certificate_number"),
    ({"type": "厨师"}, "type", "unknown_choice"),
    ({"name": ""}, "name", "required"),
    ({"id_number": id_number(2)[:-1] + "?"}, "id_number", "bad_id_number"),
    ({"id_number": "440103196001010011"}, "id_number", "bad_id_checksum"),
    ({"id_number": 4.40103196001010e17}, "id_number", "digits_lost"),
    ({"company": ""}, "company", "required"),
    ({"gender": "女"}, "gender", "gender_differs"),
    ({"issue_date": ""}, "issue_date", "required"),
    ({"issue_date": "2024-02-30"}, "issue_date", "impossible_date"),
    ({"expiry_date": "2024-01-01"}, "expiry_date", "dates_order"),
    ({"renewal_date": "2023-01-01"}, "renewal_date", "dates_order"),
    ({"renewal_date": "2028-01-01"}, "renewal_date", "dates_order"),
    ({"phone": "12"}, "phone", "bad_phone"),
    ({"region": "火星"}, "region", "unknown_region"),
    ({"specialty": "炼金术"}, "specialty", "unknown_specialty"),
    ({"education": "幼儿园"}, "education", "unknown_choice"),
    ({"status": "?!x"}, "status", "unknown_choice"),
    ({"remark": "长" * 201}, "remark", "too_long"),
]


def test_a_renewal_on_the_day_of_issue_and_one_on_the_last_day_come_in(company):
    """Both ends belong to the term: the order of the dates is “not before”, not “after”."""
    run = carry_out(
        row(1, renewal_date="2024-01-01"), row(2, issue_date="2024-01-01", renewal_date="2026-12-31"),
        row(3, renewal_date="2023-12-31"),
    )  # fmt: skip
    assert run.counts["error"] == 1
    stored = dict(Certificate.objects.values_list("number", "renewal_date"))
    assert stored[row(1)["number"]].isoformat() == "2024-01-01"
    assert stored[row(2)["number"]].isoformat() == "2026-12-31"
    # Known certificates are asked the same question again.
    assert not carry_out(row(1, issue_date="2024-01-01", renewal_date="2024-01-01", remark="再来")).counts[
        "error"
    ]


@pytest.mark.parametrize(("values", "field", "code"), ERRORS)
def test_a_bad_cell_is_reported_with_row_column_and_reason(company, values, field, code):
    run = look_through(row(1), row(2, **values))

    assert outcomes(run) == {"create": 1, "people_created": 1, "error": 1}
    sample = run.samples["error"][0]
    assert sample["row"] == 3
    reason = next(reason for reason in sample["reasons"] if reason["field"] == field)
    assert reason["code"] == code
    assert reason["column"]
    assert reason["message"]


def test_one_number_with_differing_rows_is_an_error_that_names_the_other_row(company):
    run = look_through(row(1), row(2), row(2, number="A12400001"))

    assert outcomes(run) == {"create": 1, "people_created": 1, "error": 2}
    assert [s["row"] for s in run.samples["error"]] == [2, 4]
    assert "4" in run.samples["error"][0]["reasons"][0]["message"]


def test_a_number_of_another_person_is_a_conflict(stored):
    before = register()

    run = carry_out(row(2, number=stored.number))

    assert outcomes(run) == {"conflict": 1, "conflict_other_person": 1}
    sample = run.samples["conflict"][0]
    assert sample["register"] == {"name": "陈乙", "id_number": id_number(1)}
    assert sample["file"] == {"name": "陈丙", "id_number": id_number(2)}
    assert register() == before


def test_another_name_for_an_id_number_is_a_conflict(stored):
    run = carry_out(row(1, name="陈二"), row(1, number="B1240001", name="陈二"))

    assert outcomes(run) == {"conflict": 2, "conflict_other_name": 2}
    assert run.samples["conflict"][0]["register"] == {"name": "陈乙"}


def test_two_names_for_an_id_number_inside_the_file_are_conflicts(company):
    run = carry_out(row(1), row(1, number="B12400001", name="陈二"), row(2))

    assert outcomes(run) == {"create": 1, "people_created": 1, "conflict": 2, "conflict_other_name": 2}
    assert [sample["other_row"] for sample in run.samples["conflict"]] == [3, 2]


def test_an_earlier_end_of_validity_is_a_conflict(stored):
    run = carry_out(row(1, expiry_date="2026-01-01"))

    assert outcomes(run) == {"conflict": 1, "conflict_older": 1}
    assert run.samples["conflict"][0]["register"] == {"expiry_date": "2027-01-01"}


def test_a_person_of_another_company_is_a_conflict_until_accepted(stored, company):
    known_company("广东屹工程监理有限公司")
    rows = [row(1, number="B12400001", company="广东屹工程监理有限公司")]

    refused = carry_out(*rows)
    assert outcomes(refused) == {"conflict": 1, "conflict_other_company": 1}
    assert refused.samples["conflict"][0]["register"] == {"company": COMPANY}

    accepted = carry_out(*rows, accept=["other_company"])
    assert outcomes(accepted) == {"create": 1, "reuse": 1}
    certificate = Certificate.objects.get(number="B12400001")
    assert (certificate.company, certificate.printed_company) == (company, "广东屹工程监理有限公司")
    assert Person.objects.get().company == company
    again = carry_out(*rows)
    assert outcomes(again) == {"unchanged": 1}


def test_a_new_person_in_two_companies_belongs_to_the_first(company):
    other = known_company("广东屹工程监理有限公司")
    rows = [row(1), row(1, number="B12400001", company=other.name)]

    assert outcomes(look_through(*rows)) == {
        "create": 1, "people_created": 1, "conflict": 1, "conflict_other_company": 1,
    }  # fmt: skip
    carry_out(*rows, accept=["other_company"])
    assert Person.objects.get().company == company
    assert {c.company for c in Certificate.objects.all()} == {company}


def test_other_conflicts_cannot_be_accepted(stored):
    run = carry_out(row(1, name="陈二"), accept=["other_name", "other_person", "older"])

    assert outcomes(run) == {"conflict": 1, "conflict_other_name": 1}


def test_dates_that_do_not_fit_the_stored_ones_are_an_error(company):
    carry_out(row(1, renewal_date="2025-01-01"))

    run = carry_out(row(1, issue_date="2026-01-01", expiry_date="2029-01-01"))

    assert outcomes(run) == {"error": 1}
    assert run.samples["error"][0]["reasons"][0]["code"] == "dates_order_stored"


def test_all_or_nothing_writes_nothing_for_one_bad_row(company):
    before = register()

    run = carry_out(row(1), row(2, name=""), all_or_nothing=True)

    assert run.status == ImportRun.Status.REFUSED
    assert register() == before
    assert outcomes(imports.set_options(run, all_or_nothing=False))["create"] == 1
    assert run.status == ImportRun.Status.PREVIEWED


def test_a_preview_writes_nothing(company):
    before = register()

    run = look_through(row(1), row(2, name=""))

    assert run.status == "PREVIEWED"
    assert register() == before


def test_the_marked_copy_holds_the_rows_left_out_with_their_reasons(stored):
    run = look_through(row(2), row(3, name=""), row(1, expiry_date="2026-01-01"))

    sheet = openpyxl.load_workbook(run.marked_copy.open("rb")).active
    lines = list(sheet.iter_rows(values_only=True))
    assert [line[0] for line in lines[1:]] == [3, 4]
    assert lines[1][-1].startswith("D2")  # its own cell, and where that stood in the file
    assert "C3" in lines[1][-1]


def test_a_corrected_marked_copy_can_be_imported_as_it_is(company):
    run = carry_out(row(1), row(2, expiry_date="x"))
    book = openpyxl.load_workbook(run.marked_copy.open("rb"))
    book.active["H2"] = "2027-01-01"
    import io

    out = io.BytesIO()
    book.save(out)
    by = run.created_by
    again = imports.confirm(imports.preview(imports.start(out.getvalue(), "x.xlsx", "certificates", by)), by)
    assert outcomes(again) == {"create": 1, "people_created": 1}


def test_samples_do_not_grow_with_the_file(company):
    run = look_through(*(row(n) for n in range(1, 121)), *(row(n, name="") for n in range(200, 320)))

    assert run.counts["create"] == run.counts["error"] == 120
    assert len(run.samples["create"]) == len(run.samples["error"]) == 50


@pytest.mark.parametrize(
    "text", ["天河区", "广州市天河区", "广州天河区", "440106", "Tianhe", "广东省广州市天河区"]
)
def test_regions_are_understood_as_people_write_them(company, text):
    district = RegionFactory(code="440106", name="天河区", name_en="Tianhe", parent=company.region)

    carry_out(row(1, region=text))

    assert Person.objects.get().region == district


def test_a_district_name_of_two_cities_needs_the_city(company):
    other = RegionFactory(name="河源市")
    RegionFactory(name="新城区", parent=company.region)
    expected = RegionFactory(name="新城区", parent=other)

    run = carry_out(row(1, region="新城区"), row(2, region="河源市新城区"))

    assert run.samples["error"][0]["reasons"][0]["code"] == "ambiguous_region"
    assert Person.objects.get().region == expected


def test_text_with_backslashes_tabs_and_quotes_arrives_as_written(company):
    carry_out(row(1, remark="a\\b 'c' \"d\" \\N", title="\\N"))

    assert Certificate.objects.get().remark == "a\\b 'c' \"d\" \\N"
    assert Person.objects.get().title == "\\N"


def test_every_row_has_exactly_one_outcome(company):
    known_company("广东屹工程监理有限公司")
    carry_out(row(1), row(2), row(3), row(4), row(10))
    rows = [
        row(1), row(1), row(2, remark="新"), row(3, name="别人"), row(4, expiry_date="2025-01-01"),
        row(4, number="B1240004", company="广东屹工程监理有限公司"), row(5), row(5), row(6, name=""), row(6, name=""),
        row(7), row(7, remark="不同"), row(8, number="A12400010"), row(1, number="B1240001", phone="13800138000"),
    ]  # fmt: skip

    run = look_through(*rows, row(9, company="无此公司"), row(2, number="B1240002", title="工程师"))

    one_each = ("create", "update", "unchanged", "repeated", "conflict", "error")
    assert sum(run.counts[name] for name in one_each) == run.counts["rows"] == 16
    assert [run.counts[name] for name in one_each] == [3, 1, 1, 2, 4, 5]
