import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.core.excel import clean, normalise_text
from backoffice.core.excel.errors import FILE_MESSAGES, VALUE_MESSAGES, BadValue
from backoffice.core.excel.identity import birthday_of, gender_of, parse_credit_code, parse_id_number
from tests.files.workbooks import id_number


@pytest.fixture(autouse=True)
def english():
    """Sentences are compared in the language of the source."""
    with translation.override("en"):
        yield


DAY = dt.date(2016, 1, 30)
ID = id_number("44010619900101123")


def one(cleaner, raw, **options):
    """The value of one cell, or the code of its problem."""
    values, problems = cleaner([raw], **options)
    return problems[0].code if problems else values[0]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  张 三 ", "张 三"), ("张\u200b三", "张三"), ("\ufeffA\u00a0B", "A B"), ("\u3000公司\u3000", "公司"),
        ("广东某\n公司", "广东某公司"), ("line one\nline two", "line one line two"), ("a\x00\x07b", "ab"),
        ("a_x000D_b", "a b"), (5.0, "5"), (5.25, "5.25"), (None, ""), ("", ""), (DAY, "2016-01-30"),
        ('=DISPIMG("ID_1",1)', ""), ("𠮷田", "𠮷田"),
    ],
)  # fmt: skip
def test_text_keeps_what_can_be_seen(raw, text):
    assert normalise_text(raw) == text
    assert one(clean.clean_text, raw) == text


@pytest.mark.parametrize(
    ("raw", "name"),
    [("张 三", "张三"), ("张　　三", "张三"), ("阿不都•热合曼", "阿不都·热合曼"), ("阿不都．热合曼", "阿不都·热合曼"),
     ("阿不都 · 热合曼", "阿不都·热合曼"), ("John  Smith", "John Smith"), ("𠮷 田", "𠮷田")],
)  # fmt: skip
def test_names_lose_the_spaces_typed_for_alignment(raw, name):
    assert one(clean.clean_name, raw) == name


def test_a_text_that_is_too_long_is_refused_with_its_limit():
    values, problems = clean.clean_text(["好", "长" * 11], max_length=10)
    assert values == ["好", None]
    assert "10" in problems[1].message()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (DAY, DAY), (dt.datetime(2016, 1, 30, 8, 5), DAY), (42399.0, DAY), (42399.75, DAY), ("42399", DAY),
        ("2016-01-30", DAY), ("2016.1.30", DAY), ("2016/1/30", DAY), ("2016年1月30日", DAY), ("2016年01月30", DAY),
        ("２０１６－０１－３０", DAY), ("2016—01—30", DAY), (" 2016 - 1 - 30 ", DAY), ("2016。1。30", DAY),
        ("20160130", DAY), (20160130.0, DAY), (20160130, DAY), ("2016-01-30 00:00:00", DAY),
        ("2016-01-30T08:00:00", DAY), ("2016/1/30 8:05", DAY), ("'2016-01-30", DAY),
        ("", None), (None, None), ("  ", None), ("\u200b", None),
        ("2016-02-30", "impossible_date"), ("2016-13-01", "impossible_date"), (20161301, "impossible_date"),
        ("1016-01-30", "date_out_of_range"), ("2116-01-30", "date_out_of_range"),
        (dt.date(1899, 12, 31), "date_out_of_range"),
        ("2016", "bad_date"), (2016.0, "bad_date"), ("2016-01", "bad_date"), ("长期", "bad_date"), (True, "bad_date"),
        ("01/30/2016", "bad_date"), (1e17, "bad_date"), (float("nan"), "bad_date"), (dt.time(8), "bad_date"),
        ("2016-01-30至2019-01-29", "bad_date"),
    ],
)  # fmt: skip
def test_dates_in_every_way_they_are_written(raw, expected):
    assert one(clean.clean_date, raw) == expected


def test_serials_of_an_old_mac_workbook_start_in_1904():
    assert one(clean.clean_date, 42399.0 - 1462, date1904=True) == DAY


@given(st.dates(clean.OLDEST, clean.NEWEST))
@settings(max_examples=200, deadline=None)
def test_every_spelling_of_a_date_gives_the_same_date(day):
    serial = (day - dt.date(1899, 12, 30)).days
    spellings = [day, f"{day:%Y-%m-%d}", f"{day.year}.{day.month}.{day.day}", f"{day.year}/{day.month}/{day.day}",
                 f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}", float(f"{day:%Y%m%d}")]  # fmt: skip
    if 20_000 <= serial <= 80_000:
        spellings.append(float(serial))
    values, problems = clean.clean_date(spellings)
    assert not problems
    assert set(values) == {day}


CLEANERS = (
    clean.clean_text, clean.clean_name, clean.clean_date, clean.clean_id_number, clean.clean_phone,
    clean.clean_certificate_number, clean.clean_credit_code, clean.clean_email, clean.clean_decimal,
)  # fmt: skip


@pytest.mark.slow
@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.booleans(), st.none(), st.datetimes()))
@settings(max_examples=300, deadline=None)
def test_no_cell_whatever_is_in_it_breaks_a_cleaner(raw):
    for cleaner in CLEANERS:
        values, problems = cleaner([raw, raw])
        assert len(values) == 2
        assert all(problem.message() for problem in problems.values())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (ID, ID), (f" {ID} ", ID), (f"'{ID}", ID), (f"{ID[:6]} {ID[6:14]} {ID[14:]}", ID),
        (ID.translate({ord(str(n)): ord("０") + n for n in range(10)}), ID), (f"\u200b{ID}\ufeff", ID),
        (id_number("11010519491231002").lower(), "11010519491231002X"),
        (440106199001011236.0, "digits_lost"), (440106199001011236, "digits_lost"), ("4.40106E+17", "digits_lost"),
        ("440106900101123", "old_id_number"), (440106900101123.0, "old_id_number"),
        (ID[:-1] + ("0" if ID[-1] != "0" else "1"), "bad_id_checksum"),
        (id_number("44010619900230123"), "bad_id_birthday"), (id_number("44010629900101123"), "bad_id_birthday"),
        ("44010619900101", "bad_id_number"), ("护照E1234567", "bad_id_number"), (True, "bad_id_number"),
        (id_number("99999919900101123"), id_number("99999919900101123")),
        ("", ""), (None, ""),
    ],
)  # fmt: skip
def test_id_numbers_are_accepted_or_refused_and_never_guessed(raw, expected):
    assert one(clean.clean_id_number, raw) == expected


IDS = st.builds(
    lambda region, day, order: id_number(f"{region:06d}{day:%Y%m%d}{order:03d}"),
    st.integers(110000, 820000),
    st.dates(dt.date(1900, 1, 1), dt.date(2020, 12, 31)),
    st.integers(0, 999),
)


@given(IDS)
@settings(max_examples=200, deadline=None)
def test_a_correct_id_number_is_accepted_and_tells_birthday_and_gender(number):
    assert parse_id_number(number) == number
    assert clean.clean_id_number([number]) == ([number], {})
    assert f"{birthday_of(number):%Y%m%d}" == number[6:14]
    assert gender_of(number) == ("M" if number[16] in "13579" else "F")


@given(IDS, st.integers(0, 16), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_one_wrong_digit_is_always_noticed(number, place, shift):
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(BadValue):
        parse_id_number(wrong)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a2016001", "A2016001"), (" Ａ２０１６－００１ ", "A2016-001"), ("A 2016", "A2016"), ("", ""),
        ("2016001", "bad_certificate_number"), (2016001.0, "bad_certificate_number"), ("A", "bad_certificate_number"),
        ("粤A2016", "bad_certificate_number"), ("A" * 40, "bad_certificate_number"), ("2.016E+17", "digits_lost"),
        (2.016e17, "digits_lost"),
    ],
)  # fmt: skip
def test_certificate_numbers_start_with_a_letter(raw, expected):
    assert one(clean.clean_certificate_number, raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("91110000600037341L", "91110000600037341L"), ("91110000600037341l ", "91110000600037341L"),
        ("９１１１００００６０００３７３４１Ｌ", "91110000600037341L"), ("", ""),
        ("91110000600037341A", "bad_credit_checksum"),
        ("123", "bad_credit_code"), (9.1e17, "digits_lost"),
    ],
)  # fmt: skip
def test_credit_codes(raw, expected):
    assert one(clean.clean_credit_code, raw) == expected


def test_the_scalar_parsers_raise_the_sentence():
    with pytest.raises(BadValue, match="credit code"):
        parse_credit_code("123")
    with pytest.raises(BadValue, match="15 digits"):
        parse_id_number("440106900101123")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (13812345678.0, "13812345678"), ("138 1234 5678", "13812345678"), ("138-1234-5678", "13812345678"),
        ("+86 13812345678", "13812345678"), ("８６１３８１２３４５６７８", "13812345678"),
        ("020-12345678", "020-12345678"),
        ("(020)12345678", "020-12345678"), ("02012345678", "020-12345678"), ("0757-1234567", "0757-1234567"),
        ("020-12345678-123", "020-12345678-123"), ("020-12345678转123", "020-12345678-123"),
        ("400-800-1234", "400-800-1234"), ("+85221234567", "+85221234567"), ("", ""),
        ("1381234567", "bad_phone"), ("无", "bad_phone"), ("13812345678/13912345678", "bad_phone"),
    ],
)  # fmt: skip
def test_phones(raw, expected):
    assert one(clean.clean_phone, raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("A@QQ.com", "a@qq.com"), (" a.b@x.gov.cn ", "a.b@x.gov.cn"), ("ａ＠qq.com", "a@qq.com"), ("", ""),
     ("a@b", "bad_email"), ("a b.c", "bad_email"), ("a@@qq.com", "bad_email"), ("a..b@qq.com", "bad_email")],
)  # fmt: skip
def test_emails(raw, expected):
    assert one(clean.clean_email, raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(1200.5, Decimal("1200.5")), ("1,200.50", Decimal("1200.50")), ("￥1200", Decimal(1200)),
     ("1200元", Decimal(1200)),
     ("-3", Decimal(-3)), (0.1, Decimal("0.1")), ("", None), (None, None), ("abc", "bad_number"), ("NaN", "bad_number"),
     (True, "bad_number"), (float("inf"), "bad_number"), (DAY, "bad_number")],
)  # fmt: skip
def test_decimals(raw, expected):
    assert one(clean.clean_decimal, raw) == expected


def test_choices_ignore_width_case_and_spaces_and_name_what_is_known():
    mapping = {
        "专业监理工程师": "ENGINEER",
        "专监": "ENGINEER",
        "监理员": "SUPERVISOR",
        "Supervisor": "SUPERVISOR",
    }
    raws = ["专 监", "监理员", "ＳＵＰＥＲＶＩＳＯＲ", "ENGINEER", "", None, "厨师"]
    values, problems = clean.clean_choice(raws, mapping)
    assert values == ["ENGINEER", "SUPERVISOR", "SUPERVISOR", "ENGINEER", "", "", None]
    assert list(problems) == [6]
    assert problems[6].raw == "厨师"
    assert "专业监理工程师、监理员" in problems[6].message()


@pytest.mark.parametrize(
    "message", [*FILE_MESSAGES.values(), *VALUE_MESSAGES.values()], ids=lambda m: str(m)[:30]
)
def test_every_refusal_is_a_sentence(message):
    assert str(message)[0].isupper()
    assert str(message).endswith(".")
