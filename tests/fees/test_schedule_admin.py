"""The schedule of fees in the admin: who edits it, what stays fixed, never two on one day, and what follows."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.roles import Role
from fees.models import FeeSchedule, NoSchedule, rates_on
from fees.models.schedule import AMOUNTS, first_day_without
from tests.enrolments import FeeScheduleFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/fees/feeschedule/"
ADD = f"{LIST}add/"
DAY = datetime.timedelta(days=1)


def page(schedule: FeeSchedule, act: str = "change") -> str:
    return f"{LIST}{schedule.pk}/{act}/"


def amounts(**values: Any) -> dict[str, Any]:
    given = {name: getattr(FeeSchedule(), name) for name in AMOUNTS}
    return {**given, "effective_until": "", "remark": "", **values}


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: list(map(str, found)) for name, found in response.context["adminform"].form.errors.items()}


@pytest.fixture
def today() -> datetime.date:
    return timezone.localdate()


@pytest.fixture
def admin(signed_in: Any) -> Client:
    return signed_in(UserFactory(role=Role.ADMIN))


@pytest.fixture
def current() -> FeeSchedule:
    """In force since 2018, without an end."""
    return FeeScheduleFactory()


# --- Who -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_everybody_reads_the_schedule_and_only_an_administrator_writes(
    role: Role, signed_in: Any, current: FeeSchedule
) -> None:
    client, writes = signed_in(UserFactory(role=role)), role == Role.ADMIN
    assert client.get(LIST).status_code == 200
    shown = client.get(page(current))
    assert shown.status_code == 200
    assert ("_save" in shown.content.decode()) == writes
    new = amounts(effective_from="2010-01-01", effective_until="2017-12-31")
    assert client.post(ADD, new).status_code == (302 if writes else 403)
    for url in (ADD, page(current, "successor")):
        assert client.get(url).status_code == (200 if writes else 403)
    assert client.post(page(current, "successor"), new).status_code == (200 if writes else 403)
    assert FeeSchedule.objects.count() == (2 if writes else 1)


def test_a_schedule_that_does_not_exist_is_not_found(admin: Client) -> None:
    for act in ("change", "successor", "history"):
        assert admin.get(f"{LIST}999/{act}/").status_code == 404
    assert admin.get(f"{LIST}x/successor/").status_code == 404


# --- The list ------------------------------------------------------------------------------------------


def test_the_list_says_which_schedule_is_in_force_today(admin: Client, today: datetime.date) -> None:
    FeeScheduleFactory(effective_from=today - 9 * DAY, effective_until=today - DAY)
    FeeScheduleFactory(effective_from=today, effective_until=today)
    FeeScheduleFactory(effective_from=today + DAY)
    model_admin = admin.get(LIST).context["cl"].model_admin
    rows = FeeSchedule.objects.order_by("effective_from")
    assert [model_admin.show_now(row)[0] for row in rows] == ["past", "now", "coming"]


def test_an_empty_list_says_what_to_do(admin: Client, signed_in: Any) -> None:
    text = admin.get(LIST).content.decode()
    assert "No schedule of fees yet" in text or "收费" in text
    assert f'href="{ADD}"' in text
    finance = signed_in(UserFactory(role=Role.FINANCE)).get(LIST).content.decode()
    assert f'href="{ADD}"' not in finance


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for start in (2000, 2003):
        for year in range(start, 2003 if start == 2000 else 2030):
            first = datetime.date(year, 1, 1)
            FeeScheduleFactory(effective_from=first, effective_until=first.replace(month=12, day=31))
        admin.get(LIST)
        with django_assert_max_num_queries(60) as captured:
            admin.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- Never two on one day ------------------------------------------------------------------------------


def test_one_that_begins_while_another_has_no_end_is_refused_at_the_first_day(
    admin: Client, current: FeeSchedule
) -> None:
    found = errors(admin.post(ADD, amounts(effective_from="2030-01-01")))
    assert list(found) == ["effective_from"]
    assert str(current) in found["effective_from"][0]


def test_one_that_begins_too_early_is_told_the_earliest_day(admin: Client) -> None:
    FeeScheduleFactory(effective_until=datetime.date(2026, 12, 31))
    found = errors(admin.post(ADD, amounts(effective_from="2026-12-31")))
    assert "2027-01-01" in found["effective_from"][0]
    assert admin.post(ADD, amounts(effective_from="2027-01-01")).status_code == 302


def test_one_that_ends_too_late_is_told_the_latest_day(admin: Client, current: FeeSchedule) -> None:
    found = errors(admin.post(ADD, amounts(effective_from="2017-01-01")))
    assert list(found) == ["effective_until"]
    assert "2017-12-31" in found["effective_until"][0]
    kept = admin.post(ADD, amounts(effective_from="2017-01-01", effective_until="2018-01-01", change="33"))
    assert "33" in kept.content.decode()
    good = amounts(effective_from="2017-01-01", effective_until="2017-12-31")
    assert admin.post(ADD, good).status_code == 302


def test_one_that_ends_before_it_begins_is_refused(admin: Client) -> None:
    assert errors(admin.post(ADD, amounts(effective_from="2030-02-01", effective_until="2030-01-31")))


def test_a_negative_amount_is_refused_at_its_field(admin: Client) -> None:
    assert list(errors(admin.post(ADD, amounts(effective_from="2030-01-01", change="-1")))) == ["change"]


# --- What stays fixed ----------------------------------------------------------------------------------


def test_amounts_in_use_stay_as_they_are(admin: Client, current: FeeSchedule) -> None:
    """The page offers its end and the remark only; what a stale page posts besides is refused as a whole."""
    form = admin.get(page(current)).context["adminform"].form
    assert {"effective_until", "remark"} <= set(form.fields)
    assert not set(form.fields) & {*AMOUNTS, "effective_from"}
    data = {"effective_until": "", "remark": "新", "change_reason": "x", "yearly_dues": "999"}
    assert "__all__" in errors(admin.post(page(current), data))
    current.refresh_from_db()
    assert (current.yearly_dues, current.remark) == (100, "")


def test_the_end_and_the_remark_of_one_in_use_can_change(
    admin: Client, current: FeeSchedule, today: datetime.date
) -> None:
    data = {"effective_until": str(today), "remark": "到今天", "change_reason": "新标准"}
    assert admin.post(page(current), data).status_code == 302
    current.refresh_from_db()
    assert (current.effective_until, current.remark) == (today, "到今天")
    assert current.history.first().history_change_reason == "新标准"


def test_one_in_use_cannot_end_in_the_past(admin: Client, current: FeeSchedule, today: datetime.date) -> None:
    data = {"effective_until": str(today - DAY), "remark": "", "change_reason": "x"}
    assert str(today) in errors(admin.post(page(current), data))["effective_until"][0]


def test_one_that_ended_still_takes_a_remark(admin: Client, today: datetime.date) -> None:
    ended = FeeScheduleFactory(effective_until=today - DAY)
    data = {"effective_until": str(today - DAY), "remark": "旧标准", "change_reason": "x"}
    assert admin.post(page(ended), data).status_code == 302


def test_one_in_use_cannot_be_stretched_over_the_next(admin: Client, today: datetime.date) -> None:
    ended = FeeScheduleFactory(effective_until=today)
    FeeScheduleFactory(effective_from=today + DAY)
    data = {"effective_until": "", "remark": "", "change_reason": "x"}
    assert str(today) in errors(admin.post(page(ended), data))["effective_until"][0]


def test_one_to_come_can_still_change(admin: Client, today: datetime.date) -> None:
    coming = FeeScheduleFactory(effective_from=today + DAY)
    data = amounts(effective_from=str(today + 2 * DAY), change="25", change_reason="改")
    assert admin.post(page(coming), data).status_code == 302
    coming.refresh_from_db()
    assert (coming.change, coming.effective_from) == (25, today + 2 * DAY)


def test_a_day_without_a_schedule_is_pointed_out(
    admin: Client, current: FeeSchedule, today: datetime.date
) -> None:
    data = {"effective_until": str(today), "remark": "", "change_reason": "x"}
    response = admin.post(page(current), data, follow=True)
    assert any(str(today + DAY) in str(message) for message in response.context["messages"])
    assert str(today + DAY) in admin.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], 0),
        ([(-9, None)], None),
        ([(-9, -1)], 0),
        ([(-9, 0)], 1),
        ([(-9, 5), (6, 9)], 10),
        ([(-9, 5), (7, None)], 6),
        ([(3, None)], 0),
        ([(-9, 5), (6, None)], None),
    ],
)
def test_the_first_day_without_a_schedule_is_found(
    spans: list[tuple[int, int | None]], expected: int | None, today: datetime.date
) -> None:
    for first, last in spans:
        FeeScheduleFactory(
            effective_from=today + first * DAY, effective_until=None if last is None else today + last * DAY
        )
    assert first_day_without() == (None if expected is None else today + expected * DAY)


# --- The schedule that follows -------------------------------------------------------------------------


def test_the_page_of_the_next_one_offers_a_copy_from_the_next_month(
    admin: Client, today: datetime.date
) -> None:
    old = FeeScheduleFactory(change=Decimal(25))
    form = admin.get(page(old, "successor")).context["form"]
    assert form.initial["change"] == 25
    assert form.initial["effective_from"].day == 1
    assert form.initial["effective_from"] > today
    assert f"/{old.pk}/successor/" in admin.get(page(old)).content.decode()


def test_the_next_one_ends_the_old_one_on_the_day_before(
    admin: Client, current: FeeSchedule, today: datetime.date
) -> None:
    data = amounts(effective_from=str(today + 10 * DAY), change="25")
    assert admin.post(page(current, "successor"), data).status_code == 302
    current.refresh_from_db()
    new = FeeSchedule.objects.latest("id")
    assert (current.effective_until, new.effective_from) == (today + 9 * DAY, today + 10 * DAY)
    assert (rates_on(today + 9 * DAY).change, rates_on(today + 10 * DAY).change) == (20, 25)
    assert str(today + 10 * DAY) in current.history.first().history_change_reason
    assert new.history.first().history_user.role == Role.ADMIN


def test_the_next_one_begins_tomorrow_at_the_earliest(
    admin: Client, current: FeeSchedule, today: datetime.date
) -> None:
    response = admin.post(page(current, "successor"), amounts(effective_from=str(today), change="77"))
    assert str(today + DAY) in str(response.context["form"].errors["effective_from"])
    assert "77" in response.content.decode()
    current.refresh_from_db()
    assert current.effective_until is None
    assert FeeSchedule.objects.count() == 1


def test_the_next_one_does_not_run_into_a_third(
    admin: Client, current: FeeSchedule, today: datetime.date
) -> None:
    current.effective_until = today + 20 * DAY
    current.save()
    FeeScheduleFactory(effective_from=today + 21 * DAY)
    data = amounts(effective_from=str(today + 5 * DAY))
    response = admin.post(page(current, "successor"), data)
    assert str(today + 20 * DAY) in str(response.context["form"].errors["effective_until"])
    data["effective_until"] = str(today + 20 * DAY)
    assert admin.post(page(current, "successor"), data).status_code == 302
    current.refresh_from_db()
    assert current.effective_until == today + 4 * DAY


def test_after_one_that_ended_the_next_may_begin_today(admin: Client, today: datetime.date) -> None:
    old = FeeScheduleFactory(effective_until=today - 5 * DAY)
    with pytest.raises(NoSchedule):
        rates_on()
    form = admin.get(page(old, "successor")).context["form"]
    assert form.initial["effective_from"] == today
    assert admin.post(page(old, "successor"), amounts(effective_from=str(today))).status_code == 302
    old.refresh_from_db()
    assert old.effective_until == today - 5 * DAY
    assert rates_on().change == 20


def test_a_preview_of_the_next_one_saves_nothing(
    admin: Client, current: FeeSchedule, today: datetime.date
) -> None:
    data = amounts(effective_from=str(today + DAY), change="25", preview="1")
    response = admin.post(page(current, "successor"), data)
    assert [row.difference for row in response.context["rows"]][:2] == [0, 5]
    assert FeeSchedule.objects.count() == 1


def test_a_new_one_on_the_add_page_starts_from_the_last_amounts(admin: Client, today: datetime.date) -> None:
    FeeScheduleFactory(change=Decimal(25), effective_until=today + 3 * DAY)
    initial = admin.get(f"{ADD}?upgrade=44").context["adminform"].form.initial
    assert (initial["change"], initial["upgrade"]) == (25, "44")
    assert initial["effective_from"] == today + 4 * DAY
