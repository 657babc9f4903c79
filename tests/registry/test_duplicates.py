"""Which people and companies are offered to the office as possible duplicates, and which are not."""

import datetime
import itertools

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry import duplicates
from registry.duplicates import core_of, find_duplicates, is_slip, nearly_same_numbers
from registry.models import Company, DuplicatePair, DuplicateSearch, FormerName, Person
from tests.factories import CompanyFactory, PersonFactory, UserFactory, id_number

pytestmark = pytest.mark.django_db

NUMBER = "440103198001010011"


def found() -> dict[tuple[int, int], set[str]]:
    find_duplicates()
    return {
        (pair.first_id, pair.second_id): set(pair.reason.split(",")) for pair in DuplicatePair.objects.all()
    }


numbers = itertools.count(1)


def person(name: str = "陈静", **values) -> Person:
    """A person whose ID number looks like nobody else's, unless told otherwise."""
    return PersonFactory(
        name=name, **{"id_number": id_number(next(numbers) * 123_457), "company": None} | values
    )


def pair(one, other) -> tuple[int, int]:
    return (min(one.pk, other.pk), max(one.pk, other.pk))


# People


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ({"phone": "13900000001"}, {"phone": "13900000001"}, {"name_phone"}),
        ({"phone": "13900000001"}, {"phone": "13900000002"}, set()),
        ({"phone": ""}, {"phone": ""}, set()),
        ({"phone": "13900000001"}, {"phone": "13900000001", "name": "陈静仪"}, set()),
        ({"id_number": NUMBER}, {"id_number": "440204198001010011"}, {"name_birthday"}),
        ({"id_number": NUMBER}, {"id_number": "440204198001010021"}, set()),  # a woman
        ({"id_number": NUMBER}, {"id_number": "440203198001010011", "name": "陈静仪"}, set()),
        ({"id_number": NUMBER}, {"id_number": "440103198001011017"}, {"name_birthday", "name_id_number"}),
        (
            {"id_number": NUMBER},
            {"id_number": "440103198010010019"},
            {"name_id_number"},
        ),  # neighbours swapped
        ({"id_number": NUMBER}, {"id_number": "440103198201010019"}, {"name_id_number"}),
        ({"id_number": NUMBER}, {"id_number": "440103198202010019"}, set()),  # two digits
    ],
)
def test_namesakes_who_share_something_are_a_pair(one, other, reasons) -> None:
    a, b = person(**one), person(**other)
    assert found() == ({pair(a, b): reasons} if reasons else {})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("440103198001010011", "440103198001010011", False),  # the very same
        ("440103198001010011", "44010319800101001X", True),  # only the check digit
        ("440103198001010011", "440103198001010111", True),  # swapped across nothing: one digit each
        ("440103198001010011", "440130198001010011", True),
        ("440103198001010011", "440013198001010011", True),
        ("440103198001010011", "450103198001020011", False),
        ("440103198001010011", "540103198001010011", True),
        ("440103198001010011", "44010319800101001", False),
    ],
)
def test_a_slip_of_the_pen(one: str, other: str, same: bool) -> None:
    assert is_slip(one, other) is same


def test_many_namesakes_are_compared_as_few_are() -> None:
    """Above 16 namesakes only those with a common rest are compared; the answer is the same."""
    people = [duplicates.Namesake(n, "李伟", id_number(n * 37), "", None, "M") for n in range(60)]
    people += [
        duplicates.Namesake(100 + n, "李伟", slip(people[n].id_number, n), "", None, "M") for n in range(16)
    ]
    wanted = {
        (a.id, b.id) for a in people for b in people if a.id < b.id and is_slip(a.id_number, b.id_number)
    }
    assert {tuple(sorted((a.id, b.id))) for a, b in nearly_same_numbers(people)} == wanted
    assert len(wanted) >= 15


def slip(number: str, at: int) -> str:
    """The number with the digits at `at` and behind it swapped; with another digit where they are the same."""
    if number[at] == number[at + 1]:
        return number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def test_a_phone_that_half_the_list_has_says_nothing(monkeypatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_ALIKE", 2)
    for _n in range(3):
        person(phone="13900000001")
    assert found() == {}


# Companies


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("广东省岭衡工程监理有限公司", "广东岭衡工程监理有限责任公司"),
        ("岭衡工程监理(广州)有限公司", "岭衡工程监理（广州）有限公司"),
        ("岭衡 工程监理 有限公司", "岭衡工程监理有限公司"),
        ("岭衡工程监理集团有限公司", "岭衡工程监理股份有限公司"),
    ],
)
def test_the_same_name_written_differently(one: str, other: str) -> None:
    assert core_of(one) == core_of(other)
    a, b = CompanyFactory(name=one, contact_phone=""), CompanyFactory(name=other, contact_phone="")
    assert found() == {pair(a, b): {"company_name"}}


@pytest.mark.parametrize(
    ("one", "other", "phones", "reasons"),
    [
        ("广东岭衡工程监理有限公司", "岭衡建设管理有限公司", ("020-81", "020-81"), {"company_phone"}),
        ("广东岭衡工程监理有限公司", "岭衡建设管理有限公司", ("020-81", "020-82"), set()),
        ("广东岭衡工程监理有限公司", "珠江工程监理有限公司", ("020-81", "020-81"), set()),
        ("广东岭衡工程监理有限公司", "岭衡建设管理有限公司", ("", ""), set()),
    ],
)
def test_one_phone_and_a_similar_name(one: str, other: str, phones, reasons) -> None:
    a, b = (CompanyFactory(name=n, contact_phone=p) for n, p in zip((one, other), phones, strict=True))
    assert found() == ({pair(a, b): reasons} if reasons else {})


def test_a_former_name_that_another_bears() -> None:
    a, b = (
        CompanyFactory(name="岭衡监理有限公司", contact_phone=""),
        CompanyFactory(name="衡正咨询有限公司", contact_phone="1"),
    )
    FormerName.objects.create(company=b, name="岭衡 监理有限公司")
    FormerName.objects.create(company=b, name="衡正咨询有限公司")
    assert found() == {pair(a, b): {"former_name"}}


# The search


def test_a_second_search_finds_nothing_new_and_opens_nothing_again() -> None:
    a, b, c = (person(phone="13900000001") for _n in range(3))
    assert find_duplicates() == 3
    DuplicatePair.objects.filter(first_id=a.pk, second_id=b.pk).update(status="DIFFERENT")
    DuplicatePair.objects.filter(first_id=b.pk, second_id=c.pk).update(status="MERGED")
    before = list(DuplicatePair.objects.order_by("id").values())
    assert find_duplicates() == 0
    assert list(DuplicatePair.objects.order_by("id").values()) == before


def test_merged_records_are_in_no_pair() -> None:
    kept = person(phone="13900000001")
    person(phone="13900000001", merged_into=kept)
    left = CompanyFactory(name="广东岭衡工程监理有限公司")
    gone = CompanyFactory(name="岭衡工程监理有限公司", merged_into=left)
    FormerName.objects.create(company=left, name=gone.name)
    assert found() == {}


def test_the_number_of_queries_does_not_grow_with_the_people() -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            find_duplicates()
        return len(captured)

    for n in range(3):
        person(name=f"甲{n}", phone="1")
        person(name=f"甲{n}", phone="1")
    few = queries()
    for n in range(40):
        person(name=f"乙{n}", phone="1")
        person(name=f"乙{n}", phone="1")
    assert queries() == few


def test_the_command_says_how_many_and_leaves_a_trace(capsys) -> None:
    person(phone="13900000001"), person(phone="13900000001")
    call_command("find_duplicates")
    assert capsys.readouterr().out.count("1") == 1
    assert DuplicateSearch.objects.get().finished_at is not None


def test_one_search_at_a_time(django_capture_on_commit_callbacks) -> None:
    user = UserFactory()
    with django_capture_on_commit_callbacks(execute=True):
        search = duplicates.begin(user)
    search.refresh_from_db()
    assert (search.by, search.finished_at is not None) == (user, True)
    DuplicateSearch.objects.create()
    assert duplicates.begin(user) is None
    DuplicateSearch.objects.update(started_at=timezone.now() - datetime.timedelta(hours=2))
    assert duplicates.begin(user) is not None


def test_every_reason_has_its_words() -> None:
    assert all(duplicates.in_words(code) for code in duplicates.REASONS)
    assert Company.objects.count() == 0
