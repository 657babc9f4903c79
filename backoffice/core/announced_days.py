"""The yearly announcement of holidays: read from its text or from an Excel list, compared, written into the calendar.

The State Council publishes each November a text such as

    二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。

`read_text()` and `read_file()` make days of it and never guess: what they cannot read is a sentence. `compare()` says
what each day would change; `write()` writes the days with history and counts the open tasks' due dates anew.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.excel import Field, UnreadableFile, normalise_text, open_workbook
from backoffice.core.excel.clean import clean_date
from backoffice.core.excel.limits import LIST
from backoffice.core.excel.text import as_text
from backoffice.core.inbox import count_due_dates_anew
from backoffice.core.models import CalendarDay

Kind = CalendarDay.Kind
#: A holiday longer than this is a misread range.
LONGEST: Final = 15
FIRST_YEAR, LAST_YEAR = 2000, 2100

_TITLE_YEAR = re.compile(r"(20\d\d)\s*年[^，。；\n]{0,12}(?:节假日|放假)")
_DAY = r"(?:(?P<{0}year>20\d\d)\s*年)?\s*(?:(?P<{0}month>\d{{1,2}})\s*月)?\s*(?P<{0}day>\d{{1,2}})\s*日"
_NOTE = r"\s*(?:[（(](?P<{0}note>[^）)]*)[）)])?"
_SPAN = re.compile(
    (_DAY + _NOTE).format("from_")
    + r"(?:\s*(?:至|到|—+|－|–|-|~|～)\s*" + (_DAY + _NOTE).format("to_") + ")?"
)  # fmt: skip
_VERB = re.compile(r"放假|休息|补休|上班|补班")
_COUNT = re.compile(r"共\s*(\d{1,2})\s*天")
_ITEM = re.compile(
    r"^\s*(?:(?:[（(][一二三四五六七八九十\d]+[）)]|[一二三四五六七八九十\d]+\s*[、.．])\s*)?(?P<name>[^：:，。\d]{1,20})[：:]"
)
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
WEEKDAYS: Final = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}

#: Either one day a row, or one holiday a row with its days off and its make-up days as text.
FIELDS: Final = (
    Field("date", ("日期", "调休日期", "date", "day")),
    Field("kind", ("类型", "类别", "安排", "是否上班", "kind", "type")),
    Field("name", ("名称", "节日", "节日名称", "节假日", "假期", "说明", "备注", "name", "holiday")),
    Field("off", ("放假时间", "放假日期", "休息日期", "放假调休日期", "days off", "holidays")),
    Field(
        "work",
        ("调休上班日期", "上班日期", "补班日期", "调休上班", "补班", "make-up working days", "make-up days"),
    ),
)
#: What offices write in the column of the kind.
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("放假", "休", "休息", "休息日", "放假日", "节假日", "假期", "否", "day off", "holiday", "off"),
                    Kind.HOLIDAY),
    **dict.fromkeys(("上班", "班", "补班", "调休上班", "调休上班日", "工作日", "是", "make-up working day", "workday",
                     "working day", "work"), Kind.WORKDAY),
    **{str(value).lower(): value for value in Kind.values},
}  # fmt: skip


@dataclass(frozen=True)
class Day:
    date: datetime.date
    kind: str
    name: str = ""


@dataclass
class Announcement:
    """What was read: the days by date, and a sentence for each thing that needs a look."""

    year: int
    days: dict[datetime.date, Day] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, day: Day, place: str = "") -> None:
        known = self.days.setdefault(day.date, day)
        if known.kind != day.kind:
            text = _("%(place)s%(day)s is given as a day off and as a working day; choose below.")
            self.problems.append(text % {"place": place, "day": day.date.isoformat()})


class NotUnderstood(ValueError):
    """Nothing usable was found; `str()` is a sentence for the user."""


# -- the text ------------------------------------------------------------------------------------------


def year_of(text: str) -> int | None:
    """The year that the announcement's title names, None without one."""
    found = _TITLE_YEAR.search(text)
    return int(found[1]) if found else None


def read_text(text: str, year: int | None = None) -> Announcement:
    """The days of the pasted announcement; NotUnderstood where it names no year or no day.

    `year`: what the user says; the title's year must agree with it.
    """
    titled = year_of(text)
    if year and titled and year != titled:
        raise NotUnderstood(_("The text is headed %(titled)d, but you chose %(year)d. Correct one of the two.")
                            % {"titled": titled, "year": year})  # fmt: skip
    if not (year or titled):
        raise NotUnderstood(
            _("The text names no year in its heading. Enter the year the announcement is for.")
        )
    found = Announcement(year or titled or 0)
    name = ""
    for line in text.splitlines():
        heading = _ITEM.match(line)
        name = heading["name"].strip() if heading else name
        for sentence in re.split(r"[。；;]", line[heading.end() :] if heading else line):
            read_sentence(found, sentence, name)
    if not found.days:
        raise NotUnderstood(_("No day was found in the text. Paste the announcement with sentences such as "
                              "“元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。”"))  # fmt: skip
    return found


def read_sentence(found: Announcement, sentence: str, name: str) -> None:
    """Dates belong to the next verb: what stands before 放假 is off, what stands before 上班 is worked."""
    at, off = 0, 0
    for verb in _VERB.finditer(sentence):
        is_off = verb[0] not in ("上班", "补班")
        for day in spans(found, sentence[at : verb.start()], name):
            found.add(Day(day, Kind.HOLIDAY if is_off else Kind.WORKDAY, name if is_off else f"{name}调休"))
            off += is_off
        at = verb.end()
    counted = _COUNT.search(sentence)
    if counted and off and int(counted[1]) != off:
        text = _("%(name)s: the text says %(said)s days, but %(read)d were read; check them below.")
        found.problems.append(text % {"name": name, "said": counted[1], "read": off})
    elif (
        not off
        and at == 0
        and any(int(day["from_year"] or found.year) >= found.year for day in _SPAN.finditer(sentence))
    ):
        text = _("“%(sentence)s” names days but neither 放假 nor 上班; add them below if they matter.")
        found.problems.append(text % {"sentence": sentence.strip()[:40]})


def spans(found: Announcement, text: str, name: str) -> Iterator[datetime.date]:
    """All days of the dates and ranges in `text`; a month that is not repeated is the one before it."""
    month: str | None = None
    for match in _SPAN.finditer(text):
        month = match["from_month"] or month
        first = make_day(found, match, "from_", month, name)
        if first is None:
            continue
        if match["to_day"] is None:
            yield first
            continue
        month = match["to_month"] or month
        last = make_day(found, match, "to_", month, name, not_before=first)
        if last is None or not 0 <= (last - first).days < LONGEST:
            text = _("%(name)s: the range “%(range)s” was not understood; enter its days below.")
            found.problems.append(text % {"name": name, "range": match[0]})
            continue
        yield from (first + datetime.timedelta(days=n) for n in range((last - first).days + 1))


def make_day(
    found: Announcement, match: re.Match, part: str, month: str | None, name: str,
    not_before: datetime.date | None = None,
) -> datetime.date | None:  # fmt: skip
    """The date of one half of a span; None, with a sentence, where there is no such day."""
    number = int(month) if month else 0
    year = int(match[f"{part}year"] or 0) or found.year
    if not match[f"{part}year"] and number == 12 and "元旦" in name:
        year -= 1  # the New Year's holiday may begin in the old year
    if not_before is not None and not match[f"{part}year"]:
        year = not_before.year + (number < not_before.month)
    try:
        day = datetime.date(year, number, int(match[f"{part}day"]))
    except ValueError:
        found.problems.append(_("%(name)s: “%(text)s” is no day of the year %(year)d.")
                              % {"name": name, "text": match[0], "year": year})  # fmt: skip
        return None
    weekday = _WEEKDAY.search(match[f"{part}note"] or "")
    if weekday and WEEKDAYS[weekday[1]] != day.weekday():
        text = _("%(day)s is no 周%(weekday)s: check the year and the day.")
        found.problems.append(text % {"day": day.isoformat(), "weekday": weekday[1]})
    return day


# -- a file --------------------------------------------------------------------------------------------


def read_file(upload: Any, year: int | None = None) -> Announcement:
    """The days of an Excel or CSV list; raises UnreadableFile or NotUnderstood with a sentence for the user."""
    workbook = open_workbook(upload.file, upload.name or "", LIST)
    table = workbook.table(FIELDS)
    if not (table.has("date") or table.has("off")):
        raise UnreadableFile("no_header")
    found = Announcement(year or 0, problems=list(table.warnings))
    for at, row in enumerate(table.row_numbers):
        cells = {
            wanted.name: table.column(wanted.name)[at] if table.has(wanted.name) else "" for wanted in FIELDS
        }
        read_row(found, row, cells)
    if not found.days:
        raise NotUnderstood(_("No day was found in the file. It needs the columns 日期, 类型 and 名称, "
                              "or 节日, 放假时间 and 调休上班日期."))  # fmt: skip
    found.year = year or max(day.year for day in found.days)
    return found


def read_row(found: Announcement, row: int, cells: Mapping[str, Any]) -> None:
    name = normalise_text(cells["name"])[:50]
    place = _("Row %d: ") % row
    for column, verb in (("off", "放假"), ("work", "上班")):
        text = as_text(cells[column])
        if _SPAN.search(text):
            if not found.year and not re.search(r"20\d\d年", text):
                raise NotUnderstood(
                    _("The file gives days without a year. Enter the year the announcement is for.")
                )
            read_sentence(found, text + verb, name)
        elif text.strip(" 无-—/"):
            add_cell(found, cells[column], Kind.HOLIDAY if verb == "放假" else Kind.WORKDAY, name, place)
    if cells["date"] in ("", None):
        return
    kind = KINDS.get(normalise_text(cells["kind"]).lower())
    if kind is None:
        text = _(
            "%(place)s“%(value)s” is neither a day off nor a make-up day (放假 / 上班); the row was left out."
        )
        found.problems.append(text % {"place": place, "value": as_text(cells["kind"])[:20]})
        return
    add_cell(found, cells["date"], kind, name, place)


def add_cell(found: Announcement, value: Any, kind: str, name: str, place: str) -> None:
    days, problems = clean_date([value])
    if problems:
        found.problems.append(f"{place}{problems[0].message()}")
    elif days[0] is not None:
        found.add(Day(days[0], kind, name), place)


# -- the calendar --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What taking a day would do: NEW, KNOWN (nothing), or CHANGED with what the calendar says now."""

    day: Day
    status: str
    now: str = ""


def compare(days: Iterable[Day]) -> list[Change]:
    """Each day beside the calendar, by date; one query."""
    wanted = sorted(days, key=lambda day: day.date)
    known = {row.date: row for row in CalendarDay.objects.filter(date__in=[day.date for day in wanted])}
    return [compared(day, known.get(day.date)) for day in wanted]


def compared(day: Day, row: CalendarDay | None) -> Change:
    if row is None:
        return Change(day, "NEW")
    if row.kind == day.kind and row.name == day.name:
        return Change(day, "KNOWN")
    return Change(day, "CHANGED", f"{row.get_kind_display()} {row.name}".strip())


@transaction.atomic
def write(days: Sequence[Day], reason: str) -> tuple[int, int, int]:
    """Write the days with history; how many are new, how many changed, how many open tasks got another due date."""
    known = {
        row.date: row
        for row in CalendarDay.objects.select_for_update().filter(date__in=[d.date for d in days])
    }
    changes = [change for change in compare(days) if change.status != "KNOWN"]
    for change in changes:
        row = known.get(change.day.date) or CalendarDay(date=change.day.date)
        row.kind, row.name = change.day.kind, change.day.name
        row._change_reason = reason  # type: ignore[attr-defined]
        row.save()
    first = min((change.day.date for change in changes), default=None)
    moved = count_due_dates_anew(first) if first else 0
    new = sum(change.status == "NEW" for change in changes)
    return new, len(changes) - new, moved


def next_unknown_year(until: datetime.date) -> int:
    """The year whose announcement is missing, given `known_until()`."""
    return max(until.year + 1, timezone.localdate().year)
