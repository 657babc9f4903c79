"""Every entry gets one answer: by number, ID number or name, compared with the record, kept until it is dealt with."""

import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.roles import Role
from registry.models import Certificate, Person
from tests.enrolments import EnrolmentFactory
from tests.factories import (
    CertificateFactory,
    PersonFactory,
    TrainingClassFactory,
    UserFactory,
    client_of,
    give_papers,
)
from tests.training.roster_tools import draft_with, entries, held_by, named
from tests.training.test_roster_file import workbook
from training.admin.roster_entry import offered
from training.drafting import Outcome, enter, open_findings
from training.entries import Entry, parse
from training.models import Enrolment
from training.roster_file import read_roster

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "fetch"}


def kinds(outcome: Outcome) -> dict[str, str]:
    return {finding.entry.typed: finding.kind for finding in outcome.findings}


def practice_draft() -> tuple[Enrolment, Any]:
    return draft_with(training_class=TrainingClassFactory(type="PRACTICE", category="SUPERVISOR"))


def member(draft: Enrolment, name: str) -> Person:
    person = PersonFactory(company=draft.company, name=name)
    give_papers(person, "PHOTO", "ID_CARD", "DIPLOMA")
    return person


def page(draft: Enrolment) -> str:
    return f"/admin/training/enrolment/{draft.pk}/roster/"


# -- number, ID number and name ------------------------------------------------------------------------


def test_own_people_are_found_by_number_id_number_and_name() -> None:
    draft, user = draft_with()
    people = [PersonFactory(company=draft.company, name=name) for name in ("许国祥", "马兰英", "古丽·买买提")]
    by_number, by_id, by_name = (held_by(draft.company, person=person) for person in people)
    text = f"{by_number.number}\n{by_id.person.id_number}\n古丽•买买提"
    outcome = enter(draft, parse(text).entries, user)
    assert (outcome.added, outcome.open) == (3, 0)
    assert [line.certificate for line in draft.lines.order_by("pk")] == [by_number, by_id, by_name]


def test_practice_training_takes_names_id_numbers_and_numbers_too() -> None:
    draft, user = practice_draft()
    first, second = member(draft, "许国祥"), member(draft, "马兰英")
    holder = CertificateFactory(person=member(draft, "何志明"), type="SAFETY")
    stranger = CertificateFactory(person=PersonFactory(name="外人甲"))
    outcome = enter(
        draft, parse(f"许国祥\n{second.id_number}\n{holder.number}\n外人甲\n{stranger.number}").entries, user
    )
    assert {line.person for line in draft.lines.all()} == {first, second, holder.person}
    assert {line.category for line in draft.lines.all()} == {"SUPERVISOR"}
    assert kinds(outcome) == {"外人甲": "missing", stranger.number: "missing"}


def test_who_holds_such_a_certificate_is_refused_by_the_box_as_by_the_tick() -> None:
    draft, user = practice_draft()
    holder = CertificateFactory(person=member(draft, "何志明"), type="SUPERVISOR").person
    assert kinds(enter(draft, [Entry(name="何志明")], user)) == {"何志明": "refused"}
    client = client_of(user)
    client.post(page(draft), {"act": "pick", "person": [holder.pk]})
    assert not draft.lines.exists()


def test_a_name_counts_only_where_it_is_unique_among_own_people() -> None:
    draft, user = draft_with()
    twins = [
        held_by(draft.company, person=PersonFactory(company=draft.company, name="王芳")) for _ in range(2)
    ]
    held_by(draft.company, person=PersonFactory(name="李建国"))
    outcome = enter(draft, parse("王芳\n李建国").entries, user)
    assert kinds(outcome) == {"王芳": "unclear", "李建国": "missing"}
    assert enter(draft, parse(f"王芳 {twins[1].person.id_number}").entries, user).added == 1


def test_of_two_certificates_of_a_person_one_is_chosen() -> None:
    draft, user = draft_with()
    person = PersonFactory(company=draft.company, name="许国祥")
    engineer, safety = (held_by(draft.company, person=person, type=kind) for kind in ("ENGINEER", "SAFETY"))
    outcome = enter(draft, parse("许国祥").entries, user)
    assert [(finding.kind, finding.key) for finding in outcome.findings] == [
        ("choice", engineer.number), ("choice", safety.number),
    ]  # fmt: skip
    outcome = enter(draft, [], user, confirmed=[safety.number])
    assert (outcome.added, outcome.findings) == (1, [])
    assert draft.lines.get().certificate == safety


# -- what the row says besides -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [{"name": "别人乙"}, {"id_number": "440106199001011234"}, {"employer": "佛山别家监理有限公司"}, {"type": "SAFETY"}],
)  # fmt: skip
def test_a_row_that_does_not_fit_the_certificate_is_not_taken_until_it_is_confirmed(
    wrong: dict[str, str],
) -> None:
    draft, user = draft_with()
    certificate = held_by(
        draft.company, person=PersonFactory(company=draft.company, name="许国祥"), type="SUPERVISOR"
    )
    outcome = enter(draft, [Entry(certificate.number, row=6, **wrong)], user)
    (finding,) = outcome.findings
    assert finding.kind == "mismatch"
    assert certificate.number in finding.problem.text
    if "name" in wrong:
        assert "许*祥" in finding.problem.text
    assert not draft.lines.exists()
    assert enter(draft, [], user, confirmed=[certificate.number]).added == 1


def test_what_fits_needs_no_confirmation_however_it_is_spelt() -> None:
    draft, user = draft_with()
    draft.company.name = "广东建科（集团）监理有限公司"
    draft.company.save()
    certificate = held_by(
        draft.company, person=PersonFactory(company=draft.company, name="阿凡提·买买提"), type="SUPERVISOR",
        printed_company="佛山旧东家监理有限公司",
    )  # fmt: skip
    for employer in ("广东建科(集团)监理有限公司", "佛山旧东家监理有限公司"):
        entry = Entry(
            certificate.number, name="阿凡提•买买提", id_number=certificate.person.id_number, employer=employer,
            type="ENGINEER",  # what the supervisor is to become
        )  # fmt: skip
        outcome = enter(draft, [entry], user)
        assert outcome.findings == []
    assert draft.lines.count() == 1


def test_every_row_of_a_file_gets_an_answer_and_they_add_up() -> None:
    draft, user = draft_with()
    people = [
        PersonFactory(company=draft.company, name=name) for name in ("许国祥", "马兰英", "何志明", "陈静仪")
    ]
    one, two, three, four = (held_by(draft.company, person=person) for person in people)
    rows = [
        ["序号", "姓名", "身份证号码", "上岗证编号", "工作单位", "备注"],
        [1, "许国祥", one.person.id_number, one.number, draft.company.name, ""],
        [2, "马兰英", two.person.id_number, "", "", ""],
        [3, "何志明", "", "", "", ""],
        [4, "别人乙", "", four.number, "", ""],
        [5, "", "", "不详", "", ""],
        [6, "许国祥", one.person.id_number, "", "", ""],
        [7, "没有人", "", "Z9999999", "", ""],
    ]
    read = read_roster(workbook(rows))
    assert len(read.entries) == 7
    outcome = enter(draft, read.entries, user)
    assert (outcome.added, outcome.here + outcome.repeated, outcome.open) == (3, 1, 3)
    assert outcome.added + outcome.here + outcome.repeated + outcome.open == 7
    assert [(finding.entry.row, finding.kind) for finding in outcome.findings] == [
        (5, "mismatch"), (6, "unread"), (8, "missing"),
    ]  # fmt: skip
    assert {line.certificate for line in draft.lines.all()} == {one, two, three}


def test_the_captions_of_offices_are_understood() -> None:
    rows = [
        ["序号", "姓名", "上岗证编号", "变更事项", "备注"],
        [1, "测试甲", "TST000001", "延续+变更", "原单位：广东示例监理有限公司"],
        [2, "测试乙", "TST000002", "员升师", None],
    ]
    found = read_roster(workbook(rows))
    assert [(entry.number, entry.name, entry.matter, entry.remark) for entry in found.entries] == [
        ("TST000001", "测试甲", "RENEWAL_CHANGE", "原单位：广东示例监理有限公司"),
        ("TST000002", "测试乙", "UPGRADE", ""),
    ]
    assert [entry.name for entry in read_roster(workbook([["姓名"], ["许国祥"], ["马兰英"]])).entries] == [
        "许国祥", "马兰英",
    ]  # fmt: skip


# -- what waits ----------------------------------------------------------------------------------------


def test_what_failed_waits_on_the_draft_until_it_is_corrected_or_dropped() -> None:
    draft, user = draft_with()
    client = client_of(user)
    own = held_by(draft.company)
    client.post(page(draft), {"act": "look_up", "text": "A9999998\nA9999999\nhello"})
    waiting = client.get(page(draft)).context["sheet"].refused
    assert [finding.entry.typed for finding in waiting] == ["A9999998", "A9999999", "hello"]
    keys = [finding.entry.key for finding in waiting]
    client.post(page(draft), {
        "act": "again", f"entry-{keys[0]}": own.number, f"entry-{keys[1]}": "A9999999", f"entry-{keys[2]}": "hello",
    })  # fmt: skip
    assert draft.lines.get().certificate == own
    left = client.get(page(draft)).context["sheet"].refused
    assert [(finding.entry.typed, finding.entry.key) for finding in left] == [
        ("A9999999", keys[1]), ("hello", keys[2]),
    ]  # fmt: skip
    client.post(page(draft), {"drop": str(keys[2])})
    assert [row["number"] for row in Enrolment.objects.get(pk=draft.pk).waiting] == ["A9999999"]
    client.post(page(draft), {"drop": "all"})
    assert Enrolment.objects.get(pk=draft.pk).waiting == []


def test_a_record_that_is_there_by_now_can_be_ticked() -> None:
    draft, user = draft_with()
    enter(draft, [Entry("A7777777")], user)
    held_by(draft.company, number="A7777777")
    (finding,) = open_findings(draft, user)
    assert (finding.kind, finding.can_be_ticked) == ("ready", True)
    assert not draft.lines.exists()
    assert enter(draft, [], user, confirmed=["A7777777"]).added == 1


def test_the_page_says_how_many_became_what(signed_in: Any) -> None:
    draft, user = draft_with()
    own = held_by(draft.company)
    file = SimpleUploadedFile("名单.csv", f"证书编号\n{own.number}\n{own.number}\nA9999999\n".encode())
    answer = client_of(user).post(page(draft), {"act": "look_up", "file": file}, headers=FETCH)
    (message,) = list(answer.context["messages"])
    assert str(message) == "3 条：已加入 1；重复 1；待处理 1（见下方）。"


def test_the_page_takes_a_constant_number_of_queries_whatever_waits() -> None:
    counts = []
    for count in (3, 60):
        draft, user = draft_with()
        strangers = [held_by(PersonFactory().company) for _ in range(count)]
        enter(draft, [*named(*strangers), *entries(*(f"Z{n:06d}" for n in range(count)))], user)
        client = client_of(user)
        client.get(page(draft))
        with CaptureQueriesContext(connection) as queries:
            client.get(page(draft))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# -- what is offered -----------------------------------------------------------------------------------


def expiring(draft: Enrolment, days: int, **values: Any) -> Certificate:
    today = timezone.localdate()
    return held_by(
        draft.company, issue_date=today - datetime.timedelta(days=4000),
        expiry_date=today + datetime.timedelta(days=days), **values,
    )  # fmt: skip


def test_what_runs_out_soon_is_offered_apart_from_what_ran_out_and_busy_ones_are_not() -> None:
    draft, user = draft_with()
    soon, late, ages_ago, lately = (expiring(draft, days) for days in (30, 400, -2900, -10))
    pair = expiring(draft, 30, person=soon.person, type="SAFETY")
    busy = EnrolmentFactory(company=draft.company, people=1, at="LOCAL_REVIEW").lines.get().certificate
    Certificate.objects.filter(pk=busy.pk).update(expiry_date=soon.expiry_date)
    offers = {kind: (found, people) for kind, found, people in offered(draft, user)["offers"]}
    assert offers["soon"] == ([soon, pair], 1)
    assert offers["expired"] == ([lately, ages_ago], 2)
    assert late not in offers["soon"][0]


def test_two_certificates_of_a_person_are_one_person() -> None:
    draft, user = draft_with()
    person = PersonFactory(company=draft.company)
    rows = [held_by(draft.company, person=person, type=kind) for kind in ("ENGINEER", "SAFETY")]
    roster = enter(draft, entries(*rows), user).roster
    assert (roster.people, len(roster.rows)) == (1, 2)
    draft.refresh_from_db()
    assert draft.people == 1


def test_a_renewal_years_too_early_gets_a_remark() -> None:
    draft, user = draft_with()
    roster = enter(draft, entries(expiring(draft, 700), expiring(draft, 300)), user).roster
    assert [[problem.code for problem in row.warnings] for row in roster.rows] == [["early_renewal"], []]


# -- links ---------------------------------------------------------------------------------------------


def test_the_way_to_an_incomplete_profile_leads_back_to_the_roster() -> None:
    draft, user = draft_with()
    person = PersonFactory(company=draft.company, region=None)
    enter(draft, entries(held_by(draft.company, person=person)), user)
    client = client_of(user)
    shown = client.get(page(draft)).content.decode()
    line = draft.lines.get()
    back = f"/admin/registry/person/{person.pk}/change/?back={page(draft)}%23row-{line.pk}"
    assert f'href="{back}" data-fix' in shown
    form = client.get(back).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields if name != "photo"}
    answer = client.post(back, data | {"region": draft.company.region_id})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert answer["Location"] == f"{page(draft)}#row-{line.pk}"


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_only_a_path_of_this_site_is_gone_back_to(back: str) -> None:
    user = UserFactory(role=Role.COMPANY)
    person = PersonFactory(company=user.company)
    client = client_of(user)
    address = f"/admin/registry/person/{person.pk}/change/"
    form = client.get(address).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields if name != "photo"}
    answer = client.post(f"{address}?back={back}", data)
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]


def test_a_stale_employer_or_date_leads_to_a_question_with_the_number_filled_in(client: Client) -> None:
    draft, user = draft_with()
    moved = held_by(draft.company, printed_company="佛山旧东家监理有限公司")
    lapsed = expiring(draft, -10)
    enter(draft, entries(moved, lapsed), user)
    shown = client_of(user).get(page(draft)).content.decode()
    for certificate in (moved, lapsed):
        address = f"/help/?topic=STALE&certificate={certificate.number}"
        assert f'href="{address.replace("&", "&amp;")}" target="_blank"' in shown
    asked = client.get(f"/help/?topic=STALE&certificate={moved.number}").content.decode()
    assert f'value="{moved.number}"' in asked
    assert '<option value="STALE" selected' in asked
    assert f"证书 {moved.number}：" in asked
