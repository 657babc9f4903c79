"""The pages of duplicates: who may open and do what, what they show, and where a merged record's page leads."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.accounts.models import User
from backoffice.roles import Role
from registry.merging import merge, seen
from registry.models import Company, DuplicatePair, DuplicateSearch, Merge, Person
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, UserFactory
from tests.registry.merge_tools import everything, two_companies, two_people

pytestmark = pytest.mark.django_db

LOOKS = (Role.OFFICE, Role.ADMIN, Role.AUDITOR)
CHANGELIST = "admin:registry_duplicatepair_changelist"


def pair_of(one: Any, other: Any, **values: Any) -> DuplicatePair:
    first, second = sorted((one, other), key=lambda row: row.pk)
    kind = "PERSON" if isinstance(one, Person) else "COMPANY"
    return DuplicatePair.objects.create(
        kind=kind,
        first_id=first.pk,
        second_id=second.pk,
        label=f"{first} ｜ {second}",
        reason="name_phone",
        **values,
    )


def at(name: str, record: Any) -> str:
    return reverse(f"admin:registry_{name}", args=[record.pk])


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.fixture
def office(users: dict[Role, User], signed_in: Callable[[User], Client]) -> Client:
    return signed_in(users[Role.OFFICE])


def answers(first: Any, second: Any, keep: str = "first", **chosen: str) -> dict[str, str]:
    return {"keep": keep, "seen": seen(first, second), "reason": "同一人", **chosen}


# Who may


@pytest.mark.parametrize("role", list(Role))
def test_only_the_office_decides_and_only_three_roles_look(
    role: Role, users: dict[Role, User], signed_in: Callable[[User], Client]
) -> None:
    kept, merged = two_people()
    pair, client = pair_of(kept, merged), signed_in(users[role])
    pages = [
        reverse(CHANGELIST),
        at("duplicatepair_change", pair),
        reverse("admin:registry_merge_changelist"),
    ]
    for page in pages:
        assert client.get(page).status_code in ((200,) if role in LOOKS else (403, 404)), page
    acts = [
        at("duplicatepair_merge", pair),
        at("duplicatepair_different", pair),
        reverse("admin:registry_duplicatepair_find"),
    ]
    if role != Role.OFFICE:
        before = everything()
        for act in acts:
            assert client.post(act, answers(kept, merged)).status_code in (403, 404), act
        assert client.get(at("person_merge_with", kept)).status_code in (403, 404)
        assert everything() == before


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICE])
def test_nobody_else_undoes(role: Role, users: dict[Role, User], signed_in: Callable[[User], Client]) -> None:
    done = merge(*two_people(), by=users[Role.OFFICE], reason="同一人")
    client = signed_in(users[role])
    assert client.post(at("merge_undo", done)).status_code in (403, 404)
    assert client.get(at("merge_change", done)).status_code in ((200,) if role in LOOKS else (403, 404))
    assert Merge.objects.get().undone_at is None


@pytest.mark.parametrize("name", ["duplicatepair_merge", "duplicatepair_different"])
def test_nothing_happens_on_get(name: str, office: Client) -> None:
    pair = pair_of(*two_people())
    before = everything()
    assert office.get(at(name, pair)).status_code == 302
    assert office.get(reverse("admin:registry_duplicatepair_find")).status_code == 405
    assert everything() == before


# The list and the search


def test_the_list_says_why_and_when_the_last_search_was(office: Client) -> None:
    assert office.get(reverse(CHANGELIST)).status_code == 200
    kept, merged = two_people()
    response = office.post(reverse("admin:registry_duplicatepair_find"), follow=True)
    assert DuplicateSearch.objects.count() == 1
    pair_of(kept, merged)
    text = office.get(reverse(CHANGELIST)).content.decode()
    assert str(DuplicatePair.objects.get()) in text
    assert response.redirect_chain
    assert office.get(reverse(CHANGELIST), {"status": "DIFFERENT"}).context["cl"].result_count == 0


def test_a_second_click_on_look_starts_no_second_search(office: Client) -> None:
    DuplicateSearch.objects.create()
    office.post(reverse("admin:registry_duplicatepair_find"))
    assert DuplicateSearch.objects.count() == 1


# The comparison


def test_both_records_stand_side_by_side_with_the_fuller_one_proposed(office: Client) -> None:
    kept, merged = two_people()
    CertificateFactory.create_batch(2, person=merged)
    context = office.get(at("duplicatepair_change", pair_of(kept, merged))).context
    assert [record["keep"] for record in context["records"]] == [False, True]
    rows = {row.name: row for row in context["rows"]}
    assert rows["email"].differs
    assert not rows["name"].differs
    assert rows["id_number"].checked == "second"
    assert rows["title"].checked == "first"  # filled wins over empty
    counts = {str(label): numbers for label, numbers in context["records"][1]["counts"]}
    assert 2 in counts.values()


def test_the_office_merges_as_chosen(office: Client) -> None:
    kept, merged = two_people()
    pair = pair_of(kept, merged)
    response = office.post(
        at("duplicatepair_merge", pair), answers(kept, merged, field_email="second"), follow=True
    )
    assert response.redirect_chain[-1][0] == at("person_change", kept)
    kept.refresh_from_db()
    merged.refresh_from_db()
    pair.refresh_from_db()
    assert (merged.merged_into, kept.email, pair.status) == (kept, "chen@example.org", "MERGED")


def test_the_second_record_may_be_kept(office: Client) -> None:
    first, second = two_people()
    office.post(
        at("duplicatepair_merge", pair_of(first, second)),
        answers(first, second, "second", field_title="first"),
    )
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.merged_into, second.title, second.email) == (second, "工程师", "chen@example.org")


@pytest.mark.parametrize(
    "change", [{"reason": " "}, {"keep": ""}, {"keep": "third"}, {"seen": "1-2"}, {"seen": ""}]
)
def test_what_was_chosen_is_kept_when_the_merge_is_refused(change: dict[str, str], office: Client) -> None:
    kept, merged = two_people()
    data = answers(kept, merged, field_email="second", field_title="second") | change
    response = office.post(at("duplicatepair_merge", pair_of(kept, merged)), data)
    assert response.status_code == 200
    assert Merge.objects.count() == 0
    rows = {row.name: row.checked for row in response.context["rows"]}
    assert (rows["email"], rows["title"]) == ("second", "second")


def test_the_second_of_two_officers_is_told_who_was_faster(
    office: Client, users: dict[Role, User], signed_in: Callable[[User], Client]
) -> None:
    kept, merged = two_people()
    pair, data = pair_of(kept, merged), answers(kept, merged)
    office.post(at("duplicatepair_merge", pair), data)
    response = signed_in(UserFactory(role=Role.OFFICE)).post(at("duplicatepair_merge", pair), data)
    assert str(users[Role.OFFICE]) in told(response)
    assert Merge.objects.count() == 1


def test_not_a_duplicate_is_remembered_with_who_and_when(office: Client, users: dict[Role, User]) -> None:
    pair = pair_of(*two_people())
    office.post(at("duplicatepair_different", pair))
    pair.refresh_from_db()
    assert (pair.status, pair.decided_by) == ("DIFFERENT", users[Role.OFFICE])
    assert pair.decided_at
    response = office.post(at("duplicatepair_different", pair), follow=True)
    assert str(users[Role.OFFICE]) in told(response)
    assert str(users[Role.OFFICE]) in office.get(at("duplicatepair_change", pair)).content.decode()


def test_a_pair_whose_record_went_elsewhere_says_so(office: Client, users: dict[Role, User]) -> None:
    kept, merged = two_people()
    pair = pair_of(kept, merged, status="DIFFERENT")
    merge(PersonFactory(), merged, by=users[Role.OFFICE], reason="同一人")
    response = office.get(at("duplicatepair_change", pair))
    assert "records" not in response.context
    assert len(response.context["gone"]) == 1


# By hand


@pytest.mark.parametrize("make", [PersonFactory, CompanyFactory])
def test_the_office_chooses_the_other_record_by_hand(make: Any, office: Client) -> None:
    one, other = make(), make()
    name = type(one)._meta.model_name
    page = office.get(at(f"{name}_change", one)).content.decode()
    assert at(f"{name}_merge_with", one) in page
    found = office.get(at(f"{name}_merge_with", one), {"q": other.name}).context["found"]
    assert [pk for pk, _cells in found] == [other.pk]
    response = office.post(at(f"{name}_merge_with", one), {"other": other.pk})
    pair = DuplicatePair.objects.get()
    assert response["Location"] == at("duplicatepair_change", pair)
    assert office.post(at(f"{name}_merge_with", other), {"other": one.pk})["Location"] == response["Location"]
    assert office.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("other", ["", "itself", "999999", "merged"])
def test_what_cannot_be_chosen_is_refused_with_a_sentence(
    other: str, office: Client, users: dict[Role, User]
) -> None:
    kept, merged = two_people()
    merge(kept, merged, by=users[Role.OFFICE], reason="同一人")
    chosen = {"itself": kept.pk, "merged": merged.pk}.get(other, other)
    response = office.post(at("person_merge_with", kept), {"other": chosen})
    assert response.status_code == 200
    assert told(response)
    assert DuplicatePair.objects.count() == 0


def test_other_roles_are_not_offered_a_merge(
    users: dict[Role, User], signed_in: Callable[[User], Client]
) -> None:
    person = PersonFactory(company=users[Role.COMPANY].company)
    for role in (Role.COMPANY, Role.ADMIN, Role.AUDITOR):
        page = signed_in(users[role]).get(at("person_change", person)).content.decode()
        assert "merge-with" not in page


# Afterwards


def test_a_merged_records_page_leads_to_the_kept_one(
    office: Client, users: dict[Role, User], signed_in: Callable[[User], Client]
) -> None:
    world = two_companies()
    merge(world.kept, world.merged, by=users[Role.OFFICE], reason="重复登记")
    own = signed_in(User.objects.get(pk=world.clerk.pk))
    for client in (office, own):
        response = client.get(at("company_change", world.merged), follow=True)
        assert response.redirect_chain == [(at("company_change", world.kept), 302)]
        assert world.kept.name in told(response)
    for role in (Role.COMPANY, Role.PERSON):
        stranger = signed_in(users[role])
        assert stranger.get(at("company_change", world.merged)).status_code == 404
    assert (
        office.get(at("company_change", world.merged).replace(str(world.merged.pk), "987654")).status_code
        == 404
    )
    names = {
        row.name for row in office.get(reverse("admin:registry_company_changelist")).context["cl"].result_list
    }
    assert world.kept.name in names
    assert world.merged.name not in names


def test_the_merges_page_says_what_was_done_and_undoes_it(office: Client, users: dict[Role, User]) -> None:
    kept, merged = two_people()
    CertificateFactory.create_batch(2, person=merged)
    done = merge(kept, merged, take=["email"], by=users[Role.OFFICE], reason="身份证录错")
    assert "身份证录错" in office.get(reverse("admin:registry_merge_changelist")).content.decode()
    context = office.get(at("merge_change", done)).context
    assert ("chen@example.org" in str(context["values"]), 2 in dict(context["moved"]).values()) == (
        True,
        True,
    )
    assert office.get(at("merge_undo", done)).status_code == 302
    office.post(at("merge_undo", done))
    done.refresh_from_db()
    assert done.undone_by == users[Role.OFFICE]
    assert office.get(at("person_change", merged)).status_code == 200
    response = office.post(at("merge_undo", done), follow=True)
    assert str(users[Role.OFFICE]) in told(response)


def test_what_stands_against_the_undo_is_said_before_the_click(
    office: Client, users: dict[Role, User]
) -> None:
    first, second = two_people()
    done = merge(second, first, by=users[Role.OFFICE], reason="同一人")
    merge(PersonFactory(), second, by=users[Role.OFFICE], reason="同一人")
    response = office.get(at("merge_change", done))
    assert len(response.context["blockers"]) == 1
    response = office.post(at("merge_undo", done), follow=True)
    assert response.context["blockers"][0] in told(response)


def test_companies_are_compared_and_merged_on_the_same_page(office: Client) -> None:
    world = two_companies()
    pair = pair_of(world.kept, world.merged)
    assert office.get(at("duplicatepair_change", pair)).status_code == 200
    data = answers(world.kept, world.merged, field_name="second", field_region="second")
    office.post(at("duplicatepair_merge", pair), data)
    kept = Company.objects.get(pk=world.kept.pk)
    assert (kept.name, kept.region) == ("岭衡监理有限公司", world.other)
    assert office.get(at("merge_change", Merge.objects.get())).status_code == 200
