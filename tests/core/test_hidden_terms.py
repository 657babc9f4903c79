"""A search for a person's number leaves no number in an address, a link or a saved filter."""

import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.test import Client

from backoffice.core.hidden_terms import MOST, holds_number
from backoffice.core.models import Message, SavedFilter
from backoffice.roles import Role
from tests.factories import CertificateFactory, UserFactory, client_of

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/registry/person/"


@pytest.fixture
def desk() -> SimpleNamespace:
    person = CertificateFactory().person
    CertificateFactory()
    return SimpleNamespace(person=person, client=client_of(UserFactory(role=Role.OFFICE)))


@pytest.mark.parametrize("form", ["{0}", " {0} ", "{0} 监理", "{1} {2}", "{3}"])
def test_however_it_is_typed_it_is_posted_found_and_in_no_address(form: str, desk: SimpleNamespace) -> None:
    number = desk.person.id_number
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in number)
    typed = form.format(number, number[:6], number[6:], full_width)
    answer = desk.client.post(f"{PEOPLE}?p=2", {"q": typed})
    assert answer.status_code == 302
    assert "~" in answer["Location"]
    page = desk.client.get(answer["Location"])
    addresses = re.findall(r'(?:href|action)="([^"]*)"', page.content.decode())
    assert not [
        address for address in [answer["Location"], *addresses] if number in address or typed in address
    ]
    assert page.context["cl"].query == typed
    if form in ("{0}", " {0} ", "{3}"):
        assert list(page.context["cl"].result_list) == [desk.person]


def test_a_number_in_an_address_is_exchanged_at_once(desk: SimpleNamespace) -> None:
    answer = desk.client.get(PEOPLE, {"q": desk.person.id_number, "region": desk.person.region_id})
    assert answer.status_code == 302
    assert desk.person.id_number not in answer["Location"]
    assert f"region={desk.person.region_id}" in answer["Location"]
    assert list(desk.client.get(answer["Location"]).context["cl"].result_list) == [desk.person]


def test_names_stay_in_addresses_and_filters_go_along(desk: SimpleNamespace) -> None:
    answer = desk.client.post(PEOPLE, {"q": "监理", "region": "3"})
    assert answer["Location"] == f"{PEOPLE}?q=%E7%9B%91%E7%90%86&region=3"
    assert desk.client.post(PEOPLE, {"q": " ", "region": "3"})["Location"] == f"{PEOPLE}?region=3"
    assert desk.client.get(answer["Location"]).status_code == 200


def test_the_export_follows_the_hidden_search(desk: SimpleNamespace) -> None:
    page = desk.client.get(desk.client.post(PEOPLE, {"q": desk.person.id_number})["Location"])
    link = next(link for link in page.context["export_links"] if link["format"] == "csv")
    text = b"".join(desk.client.get(link["url"]).streaming_content).decode("utf-8-sig")
    assert text.count("\n") == 2
    assert desk.person.id_number in text


def test_the_word_of_another_session_finds_nothing(desk: SimpleNamespace) -> None:
    address = desk.client.post(PEOPLE, {"q": desk.person.id_number})["Location"]
    other = client_of(UserFactory(role=Role.OFFICE))
    answer = other.get(address)
    assert answer.url == PEOPLE
    assert "请重新输入" in other.get(PEOPLE).content.decode()
    export = other.get(f"{PEOPLE}export/?format=csv&{address.partition('?')[2]}")
    assert desk.person.id_number not in b"".join(export.streaming_content).decode()


def test_a_session_remembers_some_searches_and_the_same_one_once(desk: SimpleNamespace) -> None:
    first = desk.client.post(PEOPLE, {"q": "13800000000"})["Location"]
    assert desk.client.post(PEOPLE, {"q": "13800000000"})["Location"] == first
    for n in range(1, MOST + 1):
        desk.client.post(PEOPLE, {"q": f"138{n:08d}"})
    assert len(desk.client.session["hidden_terms"]) == MOST
    assert desk.client.get(first).status_code == 302


def test_a_saved_filter_holds_no_number(desk: SimpleNamespace) -> None:
    word = desk.client.post(PEOPLE, {"q": desk.person.id_number})["Location"].partition("q=")[2]
    for query in (f"q={desk.person.id_number}", f"q={word}"):
        for more in ("", f"&region={desk.person.region_id}"):
            data = {"list": "registry.person", "name": "某人", "query": query + more}
            desk.client.post("/admin/core/savedfilter/save/", data)
    assert [row.query for row in SavedFilter.objects.all()] == [f"region={desk.person.region_id}"]


def test_the_page_to_merge_a_record_keeps_its_search_out_of_the_address(desk: SimpleNamespace) -> None:
    url = f"{PEOPLE}{desk.person.pk}/merge-with/"
    other = CertificateFactory().person
    page = desk.client.post(url, {"q": other.id_number}, follow=True)
    assert all(other.id_number not in address for address, _status in page.redirect_chain)
    assert [pk for pk, _cells in page.context["found"]] == [other.pk]
    assert 'method="post"' in page.content.decode().partition('name="q"')[0].rpartition("<form")[2]


@pytest.mark.parametrize(
    ("term", "holds"),
    [
        ("440106199001011234", True), ("44010619900101123x", True), ("440106 19900101 1234", True),
        ("13812345678", True), ("张三 13812345678", True), ("张三", False), ("440106", False), ("A1160123", False),
        ("91440101MA5CQ8XM5X", False), ("2026", False),
    ],
)  # fmt: skip
def test_what_is_a_number_of_a_person(term: str, holds: bool) -> None:
    assert holds_number(term) is holds


def test_numbers_leave_the_filters_and_links_the_texts_that_were_stored_before() -> None:
    user = UserFactory(role=Role.OFFICE)
    rows = {"q=440106199001011234": None, "q=440106199001011234&o=1": "o=1", "q=%E6%9D%8E": "q=%E6%9D%8E"}
    for n, query in enumerate(rows):
        SavedFilter.objects.create(user=user, path="registry.person", name=str(n), query=query)
    link = "https://members.example.org/a/Pabc-_12.x-Y_9zKeyKey/"
    sent = Message.objects.create(channel="MAIL", recipient="a@b.cn", body=f"这里：{link} 。", status="SENT")
    waiting = Message.objects.create(
        channel="MAIL", recipient="a@b.cn", body=f"这里：{link}", status="QUEUED"
    )
    plain = Message.objects.create(channel="MAIL", recipient="a@b.cn", body="无链接 /a/", status="SENT")
    import_module("backoffice.core.migrations.0013_numbers_and_links_out_of_stored_text").clear(apps, None)
    assert set(SavedFilter.objects.values_list("query", flat=True)) == {
        query for query in rows.values() if query
    }
    for message in (sent, waiting, plain):
        message.refresh_from_db()
    assert sent.body == "这里：https://members.example.org/a/…/ 。"
    assert (waiting.secret, waiting.body) == (True, f"这里：{link}")
    assert (plain.secret, plain.body) == (False, "无链接 /a/")


def test_a_visitor_keeps_nothing_in_a_session() -> None:
    answer = Client().post(PEOPLE, {"q": "440106199001011234"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")
    assert "440106199001011234" not in answer["Location"]
