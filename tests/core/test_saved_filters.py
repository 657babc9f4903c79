"""Saved filters: everyone's own, above every list; nothing but what the list understands is kept."""

import pytest
from django.urls import reverse

from backoffice.core.models import SavedFilter
from backoffice.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
SAVE = "/admin/core/savedfilter/save/"
CERTIFICATES = "/admin/registry/certificate/"


@pytest.fixture
def user():
    return UserFactory(role=Role.OFFICE)


def save(client, name="快到期的", query="expires=30&status=VALID", label="registry.certificate", **more):
    return client.post(SAVE, {"list": label, "name": name, "query": query, **more})


def told(client, url):
    return [str(message) for message in client.get(url).context["messages"]]


def test_a_filter_is_kept_under_a_name_and_offered_above_its_list_only(user, signed_in):
    client = signed_in(user)
    assert save(client).url == f"{CERTIFICATES}?expires=30&status=VALID"
    row = SavedFilter.objects.get()
    assert (row.user, row.path, row.name, row.query) == (
        user, "registry.certificate", "快到期的", "expires=30&status=VALID",
    )  # fmt: skip
    assert 'href="?expires=30&amp;status=VALID"' in client.get(CERTIFICATES).content.decode()
    assert "快到期的" not in client.get("/admin/registry/person/").content.decode()


def test_the_form_appears_with_a_filter_and_goes_once_it_is_saved(user, signed_in):
    client = signed_in(user)
    assert not client.get(CERTIFICATES).context["unsaved_query"]
    query = f"{CERTIFICATES}?status=VALID&expires=30&p=2"
    assert client.get(query).context["unsaved_query"] == "status=VALID&expires=30"
    save(client)
    page = client.get(query)
    assert not page.context["unsaved_query"]
    assert [is_active for _row, is_active in page.context["saved_filters"]] == [True]


def test_only_what_the_list_understands_is_kept(user, signed_in):
    client = signed_in(user)
    save(
        client,
        query="status=VALID&p=7&person__id_number__startswith=44&next=https://evil.example&q=李&e=1&_popup=1",
    )
    assert SavedFilter.objects.get().query == "status=VALID&q=%E6%9D%8E"


@pytest.mark.parametrize(
    ("name", "query"),
    [("", "status=VALID"), ("x" * 41, "status=VALID"), ("空", ""), ("空", "p=2"), ("长", "q=" + "李" * 400)],
)
def test_what_cannot_be_kept_is_told(name, query, user, signed_in):
    client = signed_in(user)
    address = save(client, name, query).url
    assert address.startswith(CERTIFICATES)
    assert told(client, address)
    assert not SavedFilter.objects.exists()


def test_the_same_name_replaces_the_filter(user, signed_in):
    client = signed_in(user)
    save(client)
    save(client, query="status=CANCELLED")
    assert SavedFilter.objects.get().query == "status=CANCELLED"


def test_twenty_are_enough(user, signed_in):
    client = signed_in(user)
    for n in range(21):
        save(client, name=f"第{n}个")
    assert SavedFilter.objects.count() == 20
    assert len(told(client, CERTIFICATES)) >= 1
    save(client, name="第3个", query="status=CANCELLED")  # a known name still can be renewed
    assert SavedFilter.objects.get(name="第3个").query == "status=CANCELLED"


def test_a_filter_is_deleted_by_its_owner_alone(user, signed_in):
    client, other = signed_in(user), signed_in(UserFactory(role=Role.OFFICE))
    save(client)
    row = SavedFilter.objects.get()
    assert other.post(SAVE, {"delete": row.pk}).status_code == 404
    assert other.get(f"/admin/core/savedfilter/{row.pk}/change/").status_code == 404
    assert other.post(f"/admin/core/savedfilter/{row.pk}/delete/", {"post": "yes"}).status_code == 404
    assert "快到期的" not in other.get(CERTIFICATES).content.decode()
    assert client.post(SAVE, {"delete": row.pk}).url == CERTIFICATES
    assert not SavedFilter.objects.exists()
    assert 'name="delete"' not in client.get(CERTIFICATES).content.decode()


def test_a_list_the_role_may_not_open_keeps_nothing(signed_in):
    client = signed_in(UserFactory(role=Role.COMPANY))
    for label in ("core.message", "core.importrun", "no.such", "", "https://evil.example"):
        assert save(client, label=label).status_code == 403
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("role", Role)
def test_every_role_keeps_filters_of_its_inbox(role, signed_in):
    client = signed_in(UserFactory(role=role))
    assert save(client, query="due=late", label="core.task").url == "/admin/core/task/?due=late"
    mine = client.get("/admin/core/savedfilter/")
    assert "?due=late" in mine.content.decode()
    assert [row.name for row in mine.context_data["cl"].result_list] == ["快到期的"]


def test_a_get_keeps_nothing_and_nobody_adds_or_edits_one_elsewhere(user, signed_in, client):
    assert signed_in(user).get(SAVE).status_code == 405
    assert client.post(SAVE, {"list": "registry.certificate"}).status_code == 302  # to the sign-in page
    mine = signed_in(user)
    save(mine)
    assert mine.get("/admin/core/savedfilter/add/").status_code == 403
    mine.post(f"/admin/core/savedfilter/{SavedFilter.objects.get().pk}/change/", {"name": "x"})
    assert SavedFilter.objects.get().name == "快到期的"
    assert reverse("admin:core_savedfilter_save") == SAVE
