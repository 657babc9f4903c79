import io
import json
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from backoffice.core.excel import Field, Layout, clean, layouts
from tests.files import workbooks as make


@pytest.fixture(autouse=True)
def english():
    """Sentences are compared in the language of the source."""
    with translation.override("en"):
        yield


LAYOUT = Layout(
    "members",
    "Members",
    (
        Field("number", ("证书编号",), required=True),
        Field("name", ("姓名",), required=True),
        Field("id_number", ("身份证号码",), required=True),
        Field("issue_date", ("发证日期",)),
    ),
    {
        "number": clean.clean_certificate_number,
        "name": partial(clean.clean_name, max_length=50),
        "id_number": clean.clean_id_number,
        "issue_date": clean.clean_date,
    },
)


@pytest.fixture(autouse=True)
def only_our_layout(monkeypatch):
    monkeypatch.setattr(layouts, "_layouts", {"members": LAYOUT})


@pytest.fixture
def roster(tmp_path):
    bad = make.good_row(2)
    bad[3], bad[5] = 4.40106199001011e17, "2016-02-30"
    nameless = make.good_row(3)
    nameless[2] = ""
    path = tmp_path / "名单.xlsx"
    rows = [["名单"], make.HEADER, make.good_row(1), bad, nameless, ["合计", 3]]
    path.write_bytes(make.xlsx(rows))
    return path


def inspect(path, *options):
    out = io.StringIO()
    call_command("inspect_workbook", str(path), *options, stdout=out)
    return out.getvalue()


def test_it_tells_rows_columns_values_and_reasons(roster):
    report = json.loads(inspect(roster, "--json"))
    assert (report["kind"], report["header_row"], report["data_rows"], report["good_rows"]) == (
        "xlsx",
        2,
        3,
        1,
    )
    assert [(c["letter"], c["field"]) for c in report["columns"]][:4] == [
        ("A", "number"), ("B", None), ("C", "name"), ("D", "id_number"),
    ]  # fmt: skip
    assert [(r["row"], r["column"], r["value"]) for r in report["rejected"]] == [
        (4, "D", "4.40106E+17"), (4, "F", "2016-02-30"), (5, "C", ""),
    ]  # fmt: skip
    assert all(r["reason"].endswith(".") for r in report["rejected"])
    assert report["skipped"] == [{"row": 6, "reason": "total", "text": "合计"}]


def test_the_text_for_people_says_the_same(roster):
    text = inspect(roster)
    for part in ("xlsx", "header in row 2", "身份证号码  ->  id_number", "D4: 4.40106E+17", "Skipped row 6"):
        assert part in text


def test_the_layout_can_be_named_and_an_unknown_one_is_refused(roster):
    assert json.loads(inspect(roster, "--json", "--layout", "members"))["layout"] == "members"
    with pytest.raises(CommandError, match="members"):
        inspect(roster, "--layout", "nonsense")


def test_an_unreadable_file_gives_one_sentence_and_status_2(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(make.broken_zip())
    with pytest.raises(CommandError, match="damaged") as refused:
        inspect(path)
    assert refused.value.returncode == 2
    with pytest.raises(CommandError) as missing:
        inspect(tmp_path / "nothing.xlsx")
    assert missing.value.returncode == 2
