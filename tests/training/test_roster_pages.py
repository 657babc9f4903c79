"""The company's pages of an enrolment: begin, roster, submit; who may, in which state, and what stays on errors."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.core.engine import perform
from backoffice.core.models import AttachmentKind
from backoffice.roles import Role
from registry.models import Company
from tests.enrolments import EnrolmentFactory, FeeScheduleFactory
from tests.factories import CompanyFactory, PersonFactory, TrainingClassFactory, UserFactory, give_papers
from tests.files.images import jpeg
from tests.training.roster_tools import held_by
from tests.training.test_roster_file import workbook
from training.models import CertificateLookup, Enrolment, TrainingClass

pytestmark = pytest.mark.django_db
ADD = "/admin/training/enrolment/add/"
FETCH = {"X-Requested-With": "fetch"}


def page(enrolment: Enrolment, act: str = "roster") -> str:
    return f"/admin/training/enrolment/{enrolment.pk}/{act}/"


def text(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def company() -> Company:
    FeeScheduleFactory()
    return CompanyFactory()


@pytest.fixture
def user(company: Company) -> Any:
    return UserFactory(role=Role.COMPANY, company=company, name="陈静仪", phone="13800138001")


@pytest.fixture
def client(user: Any, signed_in: Any) -> Client:
    return signed_in(user)


@pytest.fixture
def class_() -> TrainingClass:
    return TrainingClassFactory(type="CONTINUING", category="", title="继续教育第3期", tuition=0)


@pytest.fixture
def draft(company: Company, class_: TrainingClass) -> Enrolment:
    return EnrolmentFactory(company=company, training_class=class_)


# -- begin -------------------------------------------------------------------------------------------


def test_one_click_on_a_class_begins_with_the_contact_filled_in(
    client: Client, class_: TrainingClass
) -> None:
    assert "继续教育第3期" in text(client.get(ADD))
    response = client.post(ADD, {"training_class": class_.pk})
    enrolment = Enrolment.objects.get()
    assert response.url == page(enrolment)
    assert (enrolment.contact_name, enrolment.contact_phone) == ("陈静仪", "13800138001")
    assert (enrolment.state, enrolment.local_body) == ("DRAFT", class_.local_body)


def test_a_second_click_finds_the_first_one_s_draft(client: Client, class_: TrainingClass) -> None:
    client.post(ADD, {"training_class": class_.pk})
    client.post(ADD, {"training_class": class_.pk})
    assert Enrolment.objects.count() == 1


def test_a_draft_with_people_on_it_does_not_stop_another_one(
    client: Client, company: Company, class_: TrainingClass
) -> None:
    first = EnrolmentFactory(company=company, training_class=class_, people=1, contact_name="何志明")
    assert page(first) in text(client.get(ADD))
    client.post(ADD, {"training_class": class_.pk})
    assert Enrolment.objects.count() == 2
    assert Enrolment.objects.order_by("pk").last().contact_name == "何志明"


@pytest.mark.parametrize("query", ["", "?type=CONTINUING&mode=ONLINE"])
def test_only_open_classes_of_the_type_and_mode_are_offered(
    client: Client, class_: TrainingClass, query: str
) -> None:
    TrainingClassFactory(type="PRACTICE", title="从业第1期")
    TrainingClassFactory(type="CONTINUING", title="面授第2期", mode="FACE_TO_FACE")
    TrainingClassFactory(type="CONTINUING", title="已关闭第4期", state="CLOSED")
    shown = text(client.get(ADD + query))
    assert "继续教育第3期" in shown
    assert ("面授第2期" in shown) == (query == "")
    assert "从业第1期" not in shown
    assert "已关闭第4期" not in shown
    assert "从业第1期" in text(client.get(f"{ADD}?type=PRACTICE"))


def test_a_class_that_closed_meanwhile_is_not_begun(client: Client, class_: TrainingClass) -> None:
    TrainingClass.objects.update(state="CLOSED")
    assert client.post(ADD, {"training_class": class_.pk}).url == ADD
    assert client.post(ADD, {"training_class": "x"}).url == ADD
    assert not Enrolment.objects.exists()


def test_when_nothing_is_open_the_page_says_what_to_do(client: Client) -> None:
    assert "/admin/training/trainingclass/year-plan/" in text(client.get(ADD))


@pytest.mark.parametrize("values", [{"status": "SUSPENDED"}, {"region": None}])
def test_a_suspended_or_incomplete_company_begins_nothing(
    signed_in: Any, class_: TrainingClass, values: dict[str, Any]
) -> None:
    client = signed_in(UserFactory(role=Role.COMPANY, company=CompanyFactory(**values)))
    assert client.get(ADD).context["reason"]
    client.post(ADD, {"training_class": class_.pk})
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPANY])
def test_nobody_else_begins_an_enrolment(signed_in: Any, class_: TrainingClass, role: Role) -> None:
    client = signed_in(UserFactory(role=role))
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"training_class": class_.pk}).status_code == 403


# -- whose page it is --------------------------------------------------------------------------------


def test_the_page_of_an_own_draft_is_its_roster(client: Client, draft: Enrolment) -> None:
    assert client.get(page(draft, "change")).url == page(draft)
    assert client.get(page(draft)).status_code == 200


def test_another_company_finds_nothing(signed_in: Any, draft: Enrolment) -> None:
    stranger = signed_in(UserFactory(role=Role.COMPANY))
    assert stranger.get(page(draft)).status_code == 404
    assert stranger.post(page(draft), {"act": "look_up", "text": "A1160123"}).status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COMPANY])
def test_nobody_else_edits_a_roster(signed_in: Any, role: Role, company: Company) -> None:
    draft = EnrolmentFactory(company=company, people=1, at="LOCAL_REVIEW")
    perform(
        draft,
        "local_return",
        by=UserFactory(role="LOCAL_BODY", local_body=draft.local_body),
        opinion="请更正",
    )
    user = UserFactory(role=role, **({"local_body": draft.local_body} if role == Role.LOCAL_BODY else {}))
    other, line = signed_in(user), draft.lines.get()
    assert other.get(page(draft)).status_code in (403, 404)
    assert other.post(page(draft), {"act": "remove", "line": line.pk}).status_code in (403, 404)
    assert draft.lines.exists()


def test_after_the_submit_the_roster_is_read_only(client: Client, company: Company) -> None:
    enrolment = EnrolmentFactory(company=company, people=1, at="LOCAL_REVIEW")
    assert client.get(page(enrolment)).url == page(enrolment, "change")
    for act in ("look_up", "confirm", "pick", "edit", "remove", "contact", "upload", "submit"):
        response = client.post(
            page(enrolment), {"act": act, "line": enrolment.lines.get().pk, "text": "A1160123"}
        )
        assert response.url == page(enrolment, "change")
    response = client.post(page(enrolment), {"act": "remove"}, headers=FETCH)
    assert (response.status_code, response.context["url"]) == (409, page(enrolment, "change"))
    assert enrolment.lines.count() == 1


# -- numbers -----------------------------------------------------------------------------------------


def test_pasted_numbers_land_on_the_roster_and_the_rest_waits_on_the_draft(
    client: Client, company: Company, draft: Enrolment
) -> None:
    own, foreign = held_by(company), held_by(CompanyFactory(), person=PersonFactory(name="欧阳伟强"))
    typed = f"{own.number}、{foreign.number} 欧阳伟强；A9999999"
    response = client.post(page(draft), {"act": "look_up", "text": typed}, follow=True)
    shown = text(response)
    assert [finding.entry.typed for finding in response.context["sheet"].refused] == ["A9999999"]
    assert own.person.name in shown
    assert own.person.id_number in shown  # one's own people are compared with the ID card
    assert "欧阳伟强" not in shown
    assert foreign.person.id_number not in shown
    assert f'name="take" value="{foreign.number}"' in shown
    assert draft.lines.get().certificate == own
    response = client.post(page(draft), {"act": "confirm", "take": [foreign.number]}, headers=FETCH)
    shown = text(response)
    assert "<html" not in shown
    assert "欧**强" in shown
    assert "欧阳伟强" not in shown
    assert [finding.entry.typed for finding in response.context["sheet"].findings] == ["A9999999"]
    assert draft.lines.count() == 2
    assert CertificateLookup.objects.count() == 1


def test_what_an_uploaded_row_said_of_a_stranger_is_kept_until_it_is_confirmed(
    client: Client, company: Company, draft: Enrolment
) -> None:
    foreign = held_by(CompanyFactory())
    said = f"调入，原单位：{foreign.printed_company}"
    row = f"{foreign.number},{foreign.person.name},{said}"
    sheet = SimpleUploadedFile("名单.csv", f"证书编号,姓名,变更备注\n{row}\n".encode())
    client.post(page(draft), {"act": "look_up", "text": "", "file": sheet})
    assert f'name="take" value="{foreign.number}" checked' in text(client.get(page(draft)))
    client.post(page(draft), {"act": "confirm", "take": [foreign.number]})
    line = draft.lines.get()
    assert (line.matter, line.change_remark) == ("RENEWAL_CHANGE", said)


def test_looking_up_again_does_not_take_what_is_only_ticked(client: Client, draft: Enrolment) -> None:
    foreign = held_by(CompanyFactory())
    typed = {"text": f"{foreign.number} {foreign.person.name}", "take": [foreign.number]}
    client.post(page(draft), {"act": "look_up"} | typed)
    client.post(page(draft), {"act": "look_up"} | typed)
    assert not draft.lines.exists()


def test_without_numbers_the_page_asks_for_some(client: Client, draft: Enrolment) -> None:
    response = client.post(page(draft), {"act": "look_up", "text": "  "}, follow=True)
    assert len(list(response.context["messages"])) == 1


def test_a_plain_post_leads_back_to_the_roster(client: Client, company: Company, draft: Enrolment) -> None:
    assert client.post(page(draft), {"act": "look_up", "text": held_by(company).number}).url == page(draft)


def test_an_excel_roster_is_read(client: Client, company: Company, draft: Enrolment) -> None:
    first, second = held_by(company, type="SUPERVISOR"), held_by(company)
    file = workbook([["证书编号", "变更事项"], [first.number, "员升师"], [second.number, ""], ["不详", ""]])
    response = client.post(page(draft), {"act": "look_up", "file": file}, headers=FETCH)
    assert sorted(draft.lines.values_list("matter", flat=True)) == ["RENEWAL", "UPGRADE"]
    assert "不详" in text(response)


def test_a_file_that_is_none_gets_a_sentence(client: Client, draft: Enrolment) -> None:
    response = client.post(
        page(draft), {"act": "look_up", "file": SimpleUploadedFile("a.xlsx", b"%PDF")}, headers=FETCH
    )
    assert "a.xlsx" in text(response)
    assert response.status_code == 200


def test_the_way_to_the_missing_record_knows_the_number(client: Client, draft: Enrolment) -> None:
    response = client.post(page(draft), {"act": "look_up", "text": "A9999999"}, follow=True)
    (finding,) = response.context["sheet"].refused
    assert 'value="A9999999"' in text(client.get(finding.problem.fix_url))


# -- lines, contact, papers --------------------------------------------------------------------------


def test_a_line_is_edited_and_removed_in_place(client: Client, company: Company) -> None:
    draft = EnrolmentFactory(company=company, people=2)
    first, second = draft.lines.order_by("pk")
    response = client.post(page(draft), {"act": "edit", "line": first.pk, "matter": "UPGRADE"}, headers=FETCH)
    assert response.context["roster"].total == 620
    response = client.post(page(draft), {"act": "remove", "line": [first.pk, second.pk]}, headers=FETCH)
    assert response.context["roster"].rows == []
    assert client.post(page(draft), {"act": "remove", "line": first.pk}).status_code == 302


@pytest.mark.parametrize("values", [{"matter": "FREE"}, {"line": "x"}, {"change_remark": "长" * 201}])
def test_nonsense_is_refused_with_a_sentence(
    client: Client, company: Company, values: dict[str, str]
) -> None:
    draft = EnrolmentFactory(company=company, people=1)
    line = draft.lines.get()
    response = client.post(page(draft), {"act": "edit", "line": line.pk} | values, headers=FETCH)
    assert ('role="alert"' if "line" not in values else "bo-remark-danger") in text(response)
    line.refresh_from_db()
    assert line.matter == "RENEWAL"


def contact(draft: Enrolment, **values: Any) -> dict[str, Any]:
    return {
        "contact_name": "何志明", "contact_phone": "13700000001", "remark": "",
        "training_class": draft.training_class_id,
    } | values  # fmt: skip


def test_contact_and_class_are_changed_on_the_same_page(client: Client, draft: Enrolment) -> None:
    other = TrainingClassFactory(type="CONTINUING", category="")
    client.post(page(draft), {"act": "contact"} | contact(draft, training_class=other.pk))
    draft.refresh_from_db()
    assert (draft.contact_name, draft.training_class, draft.local_body) == ("何志明", other, other.local_body)
    entry = draft.history.first()
    assert entry.contact_name == "何志明"
    practice = TrainingClassFactory(type="PRACTICE")
    response = client.post(
        page(draft), {"act": "contact"} | contact(draft, training_class=practice.pk, remark="急")
    )
    assert response.context["contact_form"].errors
    assert 'value="急"' in text(response)
    draft.refresh_from_db()
    assert draft.training_class == other


def test_a_picture_for_everybody_counts_for_every_line(
    client: Client, company: Company, draft: Enrolment
) -> None:
    kind, _new = AttachmentKind.objects.get_or_create(code="CERTIFICATE", defaults={"name": "上岗证"})
    certificates = [held_by(company, papers=False) for _ in range(2)]
    response = client.post(
        page(draft), {"act": "look_up", "text": " ".join(row.number for row in certificates)}, headers=FETCH
    )
    assert response.context["rows_in_error"] == 2
    picture = SimpleUploadedFile("scan.jpg", jpeg(), content_type="image/jpeg")
    client.post(page(draft), {"act": "upload", "kind": kind.pk, "file": picture})
    assert client.get(page(draft)).context["rows_in_error"] == 0


def test_members_are_picked_and_those_without_a_certificate_come_first(
    client: Client, company: Company
) -> None:
    class_ = TrainingClassFactory(type="PRACTICE", category="SUPERVISOR")
    draft = EnrolmentFactory(company=company, training_class=class_)
    new, other = PersonFactory(company=company, name="新人甲"), PersonFactory(company=company, name="旁人乙")
    holder = held_by(company, type="SUPERVISOR").person
    stranger = PersonFactory(name="别人丙")
    shown = list(client.get(page(draft)).context["members"])
    assert shown == [other, new, holder]
    assert list(client.get(f"{page(draft)}?q=新人").context["members"]) == [new]
    give_papers(new, "PHOTO", "ID_CARD", "DIPLOMA")
    response = client.post(page(draft), {"act": "pick", "person": [new.pk, stranger.pk]}, headers=FETCH)
    assert [line.person for line in draft.lines.all()] == [new]
    assert list(response.context["members"]) == [other, holder, new]


# -- submit ------------------------------------------------------------------------------------------


def test_submit_saves_the_contact_and_submits(client: Client, company: Company) -> None:
    draft = EnrolmentFactory(company=company, people=2, contact_name="")
    response = client.post(page(draft), {"act": "submit"} | contact(draft))
    draft.refresh_from_db()
    assert (draft.state, draft.contact_name, draft.amount) == ("LOCAL_REVIEW", "何志明", 600)
    assert response.url == page(draft, "change")


def test_a_refused_submit_says_why_and_stays(client: Client, company: Company) -> None:
    draft = EnrolmentFactory(company=company, people=1)
    draft.lines.update(is_waived=True)
    response = client.post(page(draft), {"act": "submit"} | contact(draft), follow=True)
    draft.refresh_from_db()
    assert (draft.state, draft.contact_name) == ("DRAFT", "何志明")
    assert response.request["PATH_INFO"] == page(draft)
    assert list(response.context["messages"])


def test_a_stale_page_does_not_submit_twice(client: Client, company: Company) -> None:
    draft = EnrolmentFactory(company=company, people=1)
    seen = client.get(page(draft)).context["seen"]
    perform(draft, "submit", by=company.users.first())
    body = UserFactory(role="LOCAL_BODY", local_body=draft.local_body)
    perform(draft, "local_return", by=body, opinion="缺上岗证")
    assert "缺上岗证" in text(client.get(page(draft)))
    client.post(page(draft), {"act": "submit", "seen": seen} | contact(draft))
    draft.refresh_from_db()
    assert draft.state == "DRAFT"


def test_the_page_takes_a_constant_number_of_queries(client: Client, company: Company) -> None:
    counts = []
    for people in (3, 30):
        draft = EnrolmentFactory(company=company, people=people)
        client.get(page(draft))
        with CaptureQueriesContext(connection) as queries:
            client.get(page(draft))
        counts.append(len(queries))
    assert counts[0] == counts[1]
