"""The shipped dictionaries and the demo generator: plain files and plain Python, no database."""

import datetime
import json
import random
from collections import Counter
from typing import Any

import pytest
from stdnum.cn import ric, uscc

from fixtures import make_holidays
from fixtures.names import DemoNames

FIXTURES = make_holidays.TARGET.parent


def fields(name: str) -> list[dict[str, Any]]:
    """The fields of every row of a fixture."""
    return [row["fields"] for row in json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))]


REGIONS = fields("regions")
LOCAL_BODIES = fields("local_bodies")
HOLIDAYS = fields("holidays")


@pytest.mark.parametrize(
    ("name", "model", "key"),
    [
        ("regions", "registry.region", "code"),
        ("local_bodies", "registry.localbody", "code"),
        ("specialties", "registry.specialty", "code"),
        ("attachment_kinds", "core.attachmentkind", "code"),
        ("holidays", "core.calendarday", "date"),
    ],
)
def test_rows_have_a_natural_key_and_nothing_else_to_find_them_by(name: str, model: str, key: str) -> None:
    rows = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    assert {row["model"] for row in rows} == {model}
    assert all(row.keys() == {"model", "fields"} for row in rows)
    keys = [row["fields"][key] for row in rows]
    assert len(set(keys)) == len(keys)
    assert len({frozenset(row["fields"]) for row in rows}) == 1


@pytest.mark.parametrize("name", ["regions", "local_bodies", "specialties", "attachment_kinds"])
def test_every_name_is_there_in_both_languages(name: str) -> None:
    for row in fields(name):
        assert row["name"]
        assert not row["name"].isascii()
        assert row["name_en"]
        assert row["name_en"].isascii()
    names = [(row["name"], str(row.get("parent"))) for row in fields(name)]
    assert len(set(names)) == len(names)


# Regions


def test_guangdong_has_21_cities_and_122_counties() -> None:
    assert Counter(row["level"] for row in REGIONS) == {"CITY": 21, "DISTRICT": 122}
    counties = [row["name"] for row in REGIONS if row["level"] == "DISTRICT"]
    autonomous = sum(name.endswith("自治县") for name in counties)
    assert autonomous == 3
    # 65 districts, 20 county-level cities, 34 counties: the province's own count.
    assert Counter(name[-1] for name in counties) == {"区": 65, "市": 20, "县": 34 + autonomous}


def test_region_codes_are_well_formed() -> None:
    for row in REGIONS:
        assert len(row["code"]) == 6
        assert row["code"].isdigit()
        assert row["code"].startswith("44")
        assert row["code"].endswith("00") == (row["level"] == "CITY")


def test_a_district_belongs_to_the_city_of_its_code_which_comes_before_it() -> None:
    seen: set[str] = set()
    for row in REGIONS:
        if row["level"] == "CITY":
            assert row["parent"] is None
        else:
            assert row["parent"] == [row["code"][:4] + "00"]
            assert row["parent"][0] in seen
        seen.add(row["code"])


def test_only_dongguan_and_zhongshan_have_no_districts() -> None:
    parents = {row["parent"][0] for row in REGIONS if row["parent"]}
    without = {row["name"] for row in REGIONS if row["level"] == "CITY" and row["code"] not in parents}
    assert without == {"东莞市", "中山市"}


@pytest.mark.parametrize(
    ("code", "name", "name_en"),
    [
        ("440100", "广州市", "Guangzhou"),
        ("440103", "荔湾区", "Liwan District"),
        ("440117", "从化区", "Conghua District"),
        ("440118", "增城区", "Zengcheng District"),
        ("440309", "龙华区", "Longhua District"),
        ("440310", "坪山区", "Pingshan District"),
        ("440311", "光明区", "Guangming District"),
        ("440512", "濠江区", "Haojiang District"),
        ("440523", "南澳县", "Nan'ao County"),
        ("440605", "南海区", "Nanhai District"),
        ("440608", "高明区", "Gaoming District"),
        ("440703", "蓬江区", "Pengjiang District"),
        ("440804", "坡头区", "Potou District"),
        ("440904", "电白区", "Dianbai District"),
        ("441204", "高要区", "Gaoyao District"),
        ("441403", "梅县区", "Meixian District"),
        ("441803", "清新区", "Qingxin District"),
        ("441821", "佛冈县", "Fogang County"),
        ("441825", "连山壮族瑶族自治县", "Lianshan Zhuang and Yao Autonomous County"),
        ("445103", "潮安区", "Chao'an District"),
        ("445203", "揭东区", "Jiedong District"),
        ("445281", "普宁市", "Puning City"),
        ("445300", "云浮市", "Yunfu"),
        ("445303", "云安区", "Yun'an District"),
    ],
)
def test_regions_as_they_have_been_since_2018(code: str, name: str, name_en: str) -> None:
    assert [(r["name"], r["name_en"]) for r in REGIONS if r["code"] == code] == [(name, name_en)]


# Local bodies, attachment kinds, specialties


def test_every_local_body_sits_in_a_known_region() -> None:
    codes = {row["code"] for row in REGIONS}
    for row in LOCAL_BODIES:
        (region,) = row["region"]
        assert region in codes


def test_local_bodies_are_not_only_cities() -> None:
    short_names = {row["short_name"] for row in LOCAL_BODIES}
    assert {"广州", "佛山", "南海"} <= short_names
    assert len(short_names) == len(LOCAL_BODIES)
    assert {row["kind"] for row in LOCAL_BODIES} == {"CITY_ASSOCIATION", "TRAINING_INSTITUTION"}


def test_local_bodies_can_be_reached_by_nobody_real() -> None:
    for row in LOCAL_BODIES:
        assert row["email"].endswith("@example.org")
        assert row["phone"].split("-")[1].startswith("800")
        assert row["contact_name"]
        assert row["address"]


def test_attachment_kinds_keep_their_order_and_say_what_is_wanted() -> None:
    kinds = fields("attachment_kinds")
    orders = [row["order"] for row in kinds]
    assert len(kinds) == 16
    assert orders == sorted(set(orders))
    assert all(row["hint"] and row["hint_en"] for row in kinds)


def test_specialties_are_the_fourteen_of_the_qualification_standard() -> None:
    assert [row["code"] for row in fields("specialties")] == [f"{number:02d}" for number in range(1, 15)]


# Holidays


def test_the_file_is_what_the_generator_writes() -> None:
    first, last = (int(HOLIDAYS[index]["date"][:4]) for index in (0, -1))
    assert make_holidays.TARGET.read_text(encoding="utf-8") == make_holidays.fixture(first, last)
    assert first <= 2023
    assert last >= 2026


def test_make_up_days_are_weekend_days() -> None:
    for row in HOLIDAYS:
        weekend = datetime.date.fromisoformat(row["date"]).weekday() >= 5
        assert row["kind"] == "HOLIDAY" or weekend
        assert row["name"].endswith("调休") == (row["kind"] == "WORKDAY")


@pytest.mark.parametrize(
    ("date", "kind", "name"),
    [
        ("2024-02-10", "HOLIDAY", "春节"),
        ("2024-02-18", "WORKDAY", "春节调休"),
        ("2025-01-01", "HOLIDAY", "元旦"),
        ("2025-10-11", "WORKDAY", "国庆节调休"),
        ("2026-01-04", "WORKDAY", "元旦调休"),
        ("2026-10-01", "HOLIDAY", "国庆节"),
    ],
)
def test_known_days(date: str, kind: str, name: str) -> None:
    assert {"date": date, "kind": kind, "name": name} in HOLIDAYS


def test_a_year_nobody_announced_is_refused() -> None:
    with pytest.raises(SystemExit, match=str(make_holidays.LAST_YEAR)):
        make_holidays.main(["2023", str(make_holidays.LAST_YEAR + 1)])


# Demo data


def test_the_same_seed_gives_the_same_data() -> None:
    def sample(seed: int) -> list[str]:
        names = DemoNames(seed)
        birthday = datetime.date(1990, 5, 1)
        return [
            names.person("F"), names.company("广州市"), names.id_number("440103", birthday, "F"),
            names.phone(), names.credit_code("440103"), names.address("佛山市", "南海区"),
        ]  # fmt: skip

    assert sample(7) == sample(7)
    assert sample(7) != sample(8)


def test_id_numbers_are_valid_and_unique() -> None:
    names, draw = DemoNames(1), random.Random(1)
    numbers: list[str] = []
    for _ in range(2000):
        birthday = datetime.date(1984, 1, 1) + datetime.timedelta(days=draw.randrange(7300))
        gender = draw.choice("MF")
        number = names.id_number("440103", birthday, gender)
        assert ric.validate(number) == number
        assert ric.get_birth_date(number) == birthday
        assert (int(number[16]) % 2 == 1) == (gender == "M")
        numbers.append(number)
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("code", [row["code"] for row in REGIONS])
def test_every_region_gives_right_check_digits(code: str) -> None:
    names = DemoNames(2)
    number = names.id_number(code, datetime.date(2000, 2, 29), "M")
    assert number[-1] == ric.calc_check_digit(number)
    assert uscc.is_valid(names.credit_code(code))


@pytest.mark.parametrize(("gender", "size"), [("M", 500), ("F", 499)])
def test_a_birthday_gives_each_of_its_numbers_once_and_then_says_so(gender: str, size: int) -> None:
    names, birthday = DemoNames(3), datetime.date(1990, 1, 1)
    numbers = {names.id_number("440605", birthday, gender) for _ in range(size)}
    assert len(numbers) == size
    assert all(len(number) == 18 and number[14:17] != "000" for number in numbers)
    with pytest.raises(ValueError, match="are taken"):
        names.id_number("440605", birthday, gender)


def test_companies_and_their_credit_codes_never_repeat() -> None:
    names = DemoNames(4)
    cities = [row["name"] for row in REGIONS if row["level"] == "CITY"]
    companies = [names.company(cities[index % len(cities)]) for index in range(5000)]
    codes = [names.credit_code("440103") for _ in range(5000)]
    assert len(set(companies)) == len(companies)
    assert all("市市" not in name and "{" not in name for name in companies)
    assert len(set(codes)) == len(codes)
    assert all(map(uscc.is_valid, codes))


def test_companies_of_one_city_do_not_run_out() -> None:
    names = DemoNames(5)
    assert len({names.company("东莞市") for _ in range(20_000)}) == 20_000


@pytest.mark.parametrize("gender", ["M", "F"])
def test_people_are_as_varied_as_people(gender: str) -> None:
    names = DemoNames(6)
    people = [names.person(gender) for _ in range(10_000)]
    assert len(set(people)) > 6000
    assert max(Counter(people).values()) < 30
    assert any("·" in name for name in people)
    assert any(name.startswith("欧阳") for name in people)
    assert any(ord(character) > 0xFFFF for name in people for character in name)
    assert {2, 3} <= {len(name) for name in people}


def test_phones_addresses_and_certificate_numbers_look_right() -> None:
    names = DemoNames(7)
    for _ in range(1000):
        phone = names.phone()
        assert len(phone) == 11
        assert phone.isdigit()
        assert phone.startswith("13")
    assert names.address("佛山市", "南海区").startswith("佛山市南海区")
    assert names.address("东莞市").startswith("东莞市")
    assert names.certificate_number("ENGINEER", 2016, 123) == "A1160123"
    assert names.certificate_number("SUPERVISOR", 2024, 1) == "B1240001"
    assert names.certificate_number("SAFETY", 2009, 12345) == "C10912345"
