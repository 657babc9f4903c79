"""The office words its notices and ready-made opinions."""

import pytest

from backoffice.core import notices
from backoffice.core.models import MessageTemplate, ReadyOpinion
from backoffice.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TEMPLATES, OPINIONS = "/admin/core/messagetemplate/", "/admin/core/readyopinion/"
NOTICE = notices.Notice(
    "test.approved", "Paper approved", "Approved: {title}", "Dear {name}, {title} is approved.", "{title}: yes",
    placeholders={"name": "张三", "title": "一份文件"},
)  # fmt: skip


@pytest.fixture
def client(signed_in, monkeypatch):
    monkeypatch.setitem(notices.NOTICES, NOTICE.code, NOTICE)
    return signed_in(UserFactory(role=Role.OFFICE))


@pytest.fixture
def template(client):
    client.get(TEMPLATES)
    return MessageTemplate.objects.get(code=NOTICE.code)


def save(client, template, **data):
    page = client.get(f"{TEMPLATES}{template.pk}/change/")
    version = page.context["adminform"].form["seen_version"].value()
    fields = {"is_active": "on", "subject": "", "body": "", "sms": "", "seen_version": version, **data}
    return client.post(f"{TEMPLATES}{template.pk}/change/", fields)


def test_the_list_has_a_row_for_every_notice_with_the_text_that_goes_out(client):
    page = client.get(TEMPLATES)
    rows = page.context_data["cl"].result_list
    assert {row.code for row in rows} == set(notices.NOTICES)
    assert "Approved: {title}" in page.content.decode()
    MessageTemplate.objects.create(code="no.longer.known")
    assert len(client.get(TEMPLATES).context_data["cl"].result_list) == len(notices.NOTICES)


def test_notices_are_found_by_their_name(client):
    rows = client.get(f"{TEMPLATES}?q=paper appr").context_data["cl"].result_list
    assert [row.code for row in rows] == ["test.approved"]


def test_the_page_lists_placeholders_and_previews_the_shipped_text_with_examples(client, template):
    page = client.get(f"{TEMPLATES}{template.pk}/change/").content.decode()
    assert "{name}" in page
    assert "Dear 张三, 一份文件 is approved." in page
    assert 'data-shipped="Dear {name}, {title} is approved."' in page


def test_the_own_wording_goes_out_and_empty_means_the_shipped_text(client, template):
    assert save(client, template, body="{name}，{title}已通过。").status_code == 302
    template.refresh_from_db()
    text = notices.wording(NOTICE, NOTICE.placeholders, template)
    assert (text.subject, text.body, text.sms) == (
        "Approved: 一份文件",
        "张三，一份文件已通过。",
        "一份文件: yes",
    )
    page = client.get(f"{TEMPLATES}{template.pk}/change/").content.decode()
    assert "张三，一份文件已通过。" in page
    assert template.history.count() == 1


@pytest.mark.parametrize("field", ["subject", "body", "sms"])
def test_an_unknown_placeholder_is_refused_with_those_that_are_known(field, client, template):
    page = save(client, template, **{field: "{nmae}，您好"})
    errors = page.context["adminform"].form.errors
    assert list(errors) == [field]
    assert "{nmae}" in errors[field][0]
    assert "{name}, {title}" in errors[field][0]
    template.refresh_from_db()
    assert template.subject == template.body == template.sms == ""


@pytest.mark.parametrize("role", Role)
def test_who_may_open_and_change_the_wording(role, template, signed_in):
    client = signed_in(UserFactory(role=role))
    may_view = role in (Role.ADMIN, Role.OFFICE, Role.AUDITOR)
    assert client.get(TEMPLATES).status_code == (200 if may_view else 403)
    address = f"{TEMPLATES}{template.pk}/change/"
    # Out of scope is not found; a reader may look.
    assert client.get(address).status_code in ((200,) if may_view else (403, 404))
    client.post(address, {"is_active": "on", "subject": "改过的", "body": "", "sms": ""})
    template.refresh_from_db()
    assert (template.subject == "改过的") == (role in (Role.ADMIN, Role.OFFICE))
    assert client.get(f"{TEMPLATES}add/").status_code == 403


def test_a_ready_opinion_belongs_to_a_flow_chosen_from_a_list(client):
    page = client.get(f"{OPINIONS}add/").content.decode()
    assert 'value="registry.Transfer"' in page
    data = {"flow": "registry.Transfer", "text": "材料齐全", "text_en": "", "order": 1, "is_active": "on"}
    assert client.post(f"{OPINIONS}add/", data).status_code == 302
    assert client.post(f"{OPINIONS}add/", {**data, "flow": "core.Task"}).status_code == 200
    assert ReadyOpinion.objects.get(text="材料齐全").flow == "registry.Transfer"
    ReadyOpinion.objects.create(text="每个流程的")
    for query, texts in {"flow=registry.Transfer": ["材料齐全"], "flow=every": ["每个流程的"]}.items():
        rows = client.get(f"{OPINIONS}?{query}&q=").context_data["cl"].result_list
        assert [row.text for row in rows if row.text in ("材料齐全", "每个流程的")] == texts


@pytest.mark.parametrize("role", [Role.COMPANY, Role.LOCAL_BODY, Role.PERSON, Role.AUDITOR])
def test_ready_opinions_are_written_by_the_departments_alone(role, signed_in):
    client = signed_in(UserFactory(role=role))
    assert client.get(f"{OPINIONS}add/").status_code == 403


@pytest.mark.parametrize(
    ("opinion", "told"),
    [
        ("请补毕业证", "意见：请补毕业证。谢谢。"),
        ("请补毕业证。", "意见：请补毕业证。谢谢。"),
        ("缺哪一张？", "意见：缺哪一张？谢谢。"),
    ],
)
def test_a_sentence_that_somebody_ended_gets_no_second_stop(opinion, told):
    assert notices.fill("意见：{opinion}。谢谢。", {"opinion": opinion}) == told


def test_a_placeholder_that_nobody_knows_stays_with_its_stop():
    assert notices.fill("{nobody}。", {}) == "{nobody}。"
