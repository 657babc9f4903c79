"""Dates that carry a time of day or a zone are judged, and what was made of them is said."""

import datetime as dt

import pytest
from django.utils import translation

from backoffice.core.excel import Field, clean, open_workbook
from tests.files import workbooks as make

DAY = dt.date(2024, 3, 2)
FIELDS = (
    Field("name", ("姓名",)),
    Field("issue_date", ("发证日期",), cleaner=clean.clean_date, is_date=True),
)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (dt.datetime(2024, 3, 1, 23, 59, 17), "next"), (dt.datetime(2024, 3, 1, 23, 59), "next"),
        ("2024-03-01 23:59:59", "next"), (45352.99950231, "next"), ("45352.9995", "next"),
        ("2024-03-01T24:00:00", "next"), ("2024/3/1 下午 11:59:59", "next"),
        (dt.datetime(2024, 3, 2, 23, 58, 59), "time"), ("2024/3/2 8:30", "time"), ("2024/3/2 8:30 PM", "time"),
        ("2024/3/2 上午 8:30:00", "time"), (dt.datetime(2024, 3, 2, 0, 0, 43), "time"),
        ("2024-03-01T16:00:00Z", "zone"), ("2024-03-01T16:00:00.000Z", "zone"), ("2024-03-02T00:00:00+08:00", "zone"),
        ("2024-03-01 16:00 UTC", "zone"), ("2024-03-01T15:59:17Z", "zone"), ("2024-03-01 20:00:00 -0400", "zone"),
        (DAY, ""), ("2024-03-02 00:00:00", ""), ("2024-03-02", ""), (45353.0, ""),
    ],
)  # fmt: skip
def test_a_date_with_a_time_is_the_day_that_was_meant_and_the_remark_says_so(raw, kind):
    rows = [["姓名", "发证日期"], ["甲", None], ["乙", raw if not isinstance(raw, dt.datetime) else None]]
    with translation.override("en"):
        table = open_workbook(make.xlsx(rows)).table(FIELDS)
        if isinstance(raw, dt.datetime):  # as the parser gives it
            table = open_workbook(make.moment(raw)).table(FIELDS)
    assert clean.clean_date(table.column("issue_date"))[0][-1] == DAY
    words = {"next": "before midnight", "time": "was left out", "zone": "time zone"}
    assert [text for text in words.values() if any(text in warning for warning in table.warnings)] == (
        [words[kind]] if kind else []
    )
    if kind:
        assert "B3" in "".join(table.warnings)
        assert DAY.isoformat() in "".join(table.warnings)
