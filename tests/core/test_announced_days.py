"""The yearly announcement of holidays: its text and its lists become days of the calendar, or a sentence."""

import io
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from chinese_calendar.constants import holidays, workdays
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from backoffice.core import announced_days as announced
from backoffice.core import working_days
from backoffice.core.models import CalendarDay, Task
from backoffice.core.working_days import add_working_days, is_working_day, known_until
from backoffice.roles import Role
from tests.factories import PersonalApplicationFactory, UserFactory, client_of

OFF, WORKED = CalendarDay.Kind.HOLIDAY, CalendarDay.Kind.WORKDAY
TEXT_2025 = """国务院办公厅关于2025年部分节假日安排的通知
经国务院批准，现将2025年元旦、春节、清明节、劳动节、端午节、国庆节和中秋节放假调休日期的具体安排通知如下。
一、元旦：1月1日（周三）放假1天，不调休。
二、春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。
三、清明节：4月4日（周五）至6日（周日）放假，共3天。
四、劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。
五、端午节：5月31日（周六）至6月2日（周一）放假，共3天。
六、国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。
国务院办公厅
2024年11月12日"""
TEXT_2026 = """国务院办公厅关于2026年部分节假日安排的通知
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。"""
#: Made up, with the habits of older announcements: years in the dates, dashes, commas, a holiday from December on.
TEXT_2027 = """关于2027年放假安排的通知
（一）元旦：2026年12月31日至2027年1月2日放假调休，1月9日（星期六）上班。
（二）春节：2月5日—11日放假调休，共7天。
（三）清明节：4月5日（星期一）放假，与周末连休。
4.劳动节: 5月1日～5月5日放假；4月25日、5月8日补班。
5.国庆节：10月1日至7日休息。"""


def days(text, year=None):
    return announced.read_text(text, year)


@pytest.mark.parametrize(("text", "year"), [(TEXT_2025, 2025), (TEXT_2026, 2026)])
def test_a_published_announcement_gives_the_days_everybody_knows(text, year):
    found = days(text)
    assert found.year == year
    assert found.problems == []
    assert {day for day, entry in found.days.items() if entry.kind == WORKED} == {
        day for day in workdays if day.year == year
    }
    assert {day for day, entry in found.days.items() if entry.kind == OFF} == {
        day for day in holidays if day.year == year
    }
    assert found.days[date(year, 10, 1)].name.startswith("国庆节")


def test_ranges_over_new_year_dashes_and_other_words_for_work_are_read():
    found = days(TEXT_2027)
    assert found.problems == []
    off = {day for day, entry in found.days.items() if entry.kind == OFF}
    assert {
        date(2026, 12, 31),
        date(2027, 1, 2),
        date(2027, 2, 11),
        date(2027, 4, 5),
        date(2027, 10, 7),
    } <= off
    assert len(off) == 3 + 7 + 1 + 5 + 7
    worked = {day for day, entry in found.days.items() if entry.kind == WORKED}
    assert worked == {date(2027, 1, 9), date(2027, 4, 25), date(2027, 5, 8)}


def test_december_of_the_new_years_holiday_lies_in_the_year_before():
    assert date(2027, 12, 31) in days("元旦：12月31日至1月2日放假，共3天。", 2028).days


@pytest.mark.parametrize(
    ("text", "year", "sentence"),
    [
        ("元旦：1月1日放假。", None, "没有写明年份"),
        (TEXT_2026, 2027, "2026"),
        ("各部门要妥善安排好值班。", 2027, "没有找到任何日期"),
        ("", 2027, "没有找到任何日期"),
    ],
)
def test_a_text_that_cannot_be_read_gets_a_sentence(text, year, sentence):
    with pytest.raises(announced.NotUnderstood, match=sentence):
        days(text, year)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("元旦：1月1日（周四）放假。", "2027-01-01 不是周四"),
        ("春节：2月30日放假。2月1日放假。", "2月30日"),
        ("春节：2月5日至11日放假，共9天。", "9"),
        ("春节：2月5日至8月11日放假。10月1日放假。", "2月5日至8月11日"),
        ("元旦：1月1日放假。1月1日上班。", "2027-01-01"),
    ],
)
def test_what_looks_wrong_is_told_and_never_guessed(text, sentence):
    problems = days(text, 2027).problems
    assert len(problems) == 1
    assert sentence in problems[0]


def book(*rows):
    workbook, stream = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(stream)
    return SimpleUploadedFile("days.xlsx", stream.getvalue())


def test_a_list_with_a_day_a_row_is_read():
    found = announced.read_file(
        book(["日期", "类型", "名称"], [date(2027, 1, 1), "放假", "元旦"], ["2027-1-9", "上班", ""])
    )
    assert (found.year, found.problems) == (2027, [])
    assert found.days[date(2027, 1, 1)] == announced.Day(date(2027, 1, 1), OFF, "元旦")
    assert found.days[date(2027, 1, 9)].kind == WORKED


def test_a_table_with_a_holiday_a_row_is_read():
    rows = [["节日", "放假时间", "调休上班日期", "放假天数"], ["春节", "2月5日—11日", "2月13日、2月20日", "7天"],
            ["清明节", "4月5日", "无", "1天"]]  # fmt: skip
    found = announced.read_file(book(*rows), 2027)
    assert found.problems == []
    assert len(found.days) == 7 + 2 + 1
    assert found.days[date(2027, 2, 20)].kind == WORKED
    with pytest.raises(announced.NotUnderstood, match="年份"):
        announced.read_file(book(*rows))


def test_a_row_of_unknown_kind_is_named():
    found = announced.read_file(
        book(["日期", "类型", "名称"], [date(2027, 1, 1), "放假", "元旦"], [date(2027, 1, 9), "大概", ""])
    )
    assert len(found.days) == 1
    assert "第 3 行" in found.problems[0]
    assert "大概" in found.problems[0]


# -- the calendar --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_year_is_known_when_its_announcement_is_in_the_calendar():
    assert known_until(date(2026, 11, 28)) == date(2026, 12, 31)
    CalendarDay.objects.create(date=date(2027, 10, 1), kind=OFF)
    assert known_until(date(2026, 11, 28)) == date(2026, 12, 31), "one day is no announcement"
    announced.write(list(days(TEXT_2027).days.values()), "公告")
    assert known_until(date(2026, 11, 28)) == date(2027, 12, 31)
    assert known_until(date(2029, 1, 1)) == date(2028, 12, 31), "a gap before the present year is no matter"


@pytest.mark.django_db
def test_writing_the_days_moves_the_due_dates_of_open_tasks_and_leaves_a_history(world_of_one_task):
    task = world_of_one_task
    found = days("国庆节：10月1日至7日放假。", 2031)
    new, changed, moved = announced.write(list(found.days.values()), "公告")
    task.refresh_from_db()
    assert (new, changed, moved) == (7, 0, 1)
    days_of_the_desk = task.owner.desks[task.state].working_days
    assert task.due_on == add_working_days(date(2031, 9, 29), days_of_the_desk) == date(2031, 10, 9)
    assert CalendarDay.history.get(date=date(2031, 10, 1)).history_change_reason == "公告"
    assert announced.write(list(found.days.values()), "公告") == (0, 0, 0), "a second time changes nothing"


@pytest.fixture
def world_of_one_task(db):
    record = PersonalApplicationFactory(state="COMPANY_REVIEW")
    tasks = Task.of(record).filter(closed_at=None)
    tasks.update(opened_at=timezone.make_aware(datetime(2031, 9, 29, 9)), due_on=date(2031, 10, 7))
    return tasks.get()


@pytest.mark.django_db
def test_in_a_year_nobody_announced_the_days_fixed_by_law_are_off():
    assert not is_working_day(date(2027, 1, 1))
    assert not is_working_day(date(2031, 10, 1))
    assert not is_working_day(date(2031, 5, 2))
    assert is_working_day(date(2031, 10, 6))


# -- the screen ----------------------------------------------------------------------------------------

ADDRESS = "admin:core_calendarday_announcement"


@pytest.fixture
def office(db):
    return client_of(UserFactory(role=Role.OFFICE))


def lines_of(response):
    return {
        field.html_name: field.value() for form in response.context["days"] for field in form if field.value()
    } | {"form-TOTAL_FORMS": response.context["days"].total_form_count(), "form-INITIAL_FORMS": 0}


def test_the_office_pastes_the_text_corrects_a_line_and_writes_the_days(office):
    CalendarDay.objects.create(date=date(2027, 2, 5), kind=WORKED, name="错")
    shown = office.post(reverse(ADDRESS), {"text": TEXT_2027})
    page = shown.content.decode()
    assert "与日历不一致" in page
    assert CalendarDay.objects.count() == 1, "nothing is written yet"
    data = lines_of(shown)
    first = next(name for name, value in data.items() if value == date(2026, 12, 31))
    data |= {first.replace("date", "take"): "", "confirm": "1"}
    answer = office.post(reverse(ADDRESS), data, follow=True)
    assert "2027-12-31" in answer.content.decode()
    assert not CalendarDay.objects.filter(date=date(2026, 12, 31)).exists(), "the line was taken out"
    assert CalendarDay.objects.get(date=date(2027, 2, 5)).kind == OFF


def test_a_line_without_a_date_or_with_one_twice_is_refused_and_keeps_what_was_typed(office):
    data = {"form-TOTAL_FORMS": 3, "form-INITIAL_FORMS": 0, "confirm": "1"}
    data |= {f"form-{n}-take": "on" for n in range(3)} | {f"form-{n}-kind": "HOLIDAY" for n in range(3)}
    data |= {"form-0-name": "中秋节", "form-1-date": "2027-09-15", "form-2-date": "2027-09-15"}
    page = office.post(reverse(ADDRESS), data).content.decode()
    assert "请填写日期" in page
    assert "另一行" in page
    assert "中秋节" in page
    assert not CalendarDay.objects.exists()


@pytest.mark.parametrize(
    "data", [{}, {"text": TEXT_2027, "year": "2026"}, {"text": "x" * 30_000}, {"year": "27"}]
)
def test_a_form_that_cannot_be_read_comes_back_with_a_sentence(office, data):
    page = office.post(reverse(ADDRESS), data)
    assert page.status_code == 200
    assert page.context["form"].errors


def test_both_a_text_and_a_file_are_too_much(office):
    file = book(["日期", "类型"], [date(2027, 1, 1), "放假"])
    assert "二者选一" in office.post(reverse(ADDRESS), {"text": TEXT_2027, "file": file}).content.decode()


def test_the_calendar_says_until_when_it_knows_and_the_first_page_warns_the_office(office, monkeypatch):
    assert "2026-12-31" in office.get(reverse("admin:core_calendarday_changelist")).content.decode()
    monkeypatch.setattr(working_days, "SHIPPED_UNTIL", timezone.localdate().year - 1)
    until = date(timezone.localdate().year - 1, 12, 31)
    Task.objects.all().delete()
    page = office.get(reverse("admin:index")).content.decode()
    assert "工作日历已知至" in page
    assert str(until.year) in page
    training = client_of(UserFactory(role=Role.TRAINING))
    assert "工作日历已知至" not in training.get(reverse("admin:index")).content.decode()


def test_a_due_date_beyond_the_known_calendar_is_called_provisional(world_of_one_task):
    company = client_of(UserFactory(role=Role.COMPANY, company_id=world_of_one_task.bound_id))
    assert "暂定" in company.get(reverse("admin:core_task_changelist")).content.decode()
    later = timezone.localdate() + timedelta(days=1)
    Task.objects.update(due_on=min(later, known_until()))
    assert "暂定" not in company.get(reverse("admin:core_task_changelist")).content.decode()
