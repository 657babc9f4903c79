"""The blocks of search: prefixes, words, and the index that finds any part of a name."""

import pytest
from django.db import connection

from backoffice.core.search import any_of, code_of, prefix, spelt_in_order, words_of
from registry.models import Certificate, Person
from registry.search import NAMES
from tests.factories import CertificateFactory, PersonFactory

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite's own index")
on_postgres = pytest.mark.postgres


def named(text: str) -> list[str]:
    people = Person.objects.filter(NAMES.contains(text, "default"))
    return sorted(people.values_list("name", flat=True))


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "part"),
    [("张三", "张三"), ("张三", "张"), ("张三", "三"), ("欧阳建国", "阳建"), ("王𠮷", "𠮷"), ("陈𬱖明", "𬱖明"),
     ("㛃䶮", "䶮"), ("艾力·买买提", "力·买"), ("John Smith", "hn sm"), ("O'Neil%", "'neil%"), ("王_五", "_")],
)  # fmt: skip
def test_any_part_of_a_name_finds_it(name, part):
    PersonFactory(name="李四")
    PersonFactory(name=name)
    assert named(part) == [name]


def test_characters_in_another_order_do_not_match():
    PersonFactory(name="张三")
    assert named("三张") == []


def test_a_name_of_fifty_characters_is_found_by_its_end():
    PersonFactory(name="阿" * 45 + "买买提江尾")
    assert len(named("提江尾")) == 1
    assert len(named("尾")) == 1


def test_rows_written_behind_djangos_back_are_found():
    person = PersonFactory(name="张三")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_person SET name = '李小四' WHERE id = %s", [person.pk])
    assert (named("张三"), named("小四")) == ([], ["李小四"])
    Person.objects.bulk_create([Person(name="王小五", id_number="x", gender="M", birthday="1990-01-01")])
    assert named("小五") == ["王小五"]
    Person.objects.filter(name="王小五").delete()
    assert named("小五") == []
    Person.objects.filter(pk=person.pk).update(name="欧阳建国同志")
    assert (named("小四"), named("国同志")) == ([], ["欧阳建国同志"])


def test_one_change_of_many_names_keeps_every_row_findable():
    for name in ("张三", "张三丰", "张三"):
        PersonFactory(name=name)
    Person.objects.update(name="李四")
    assert (named("张"), named("四")) == ([], ["李四"] * 3)


@on_sqlite
def test_the_triggers_survive_all_migrations():
    """A migration that alters registry_person drops them (Django copies the table): call NAMES.create() in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'registry_person'"
        )
        assert set(NAMES.triggers) <= {name for (name,) in cursor}


@on_sqlite
def test_deleted_people_leave_nothing_in_the_index():
    PersonFactory(name="张三")
    Person.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{NAMES.name}"')
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_the_index_is_built_for_rows_that_were_there_before():
    PersonFactory(name="张三")
    with connection.schema_editor() as editor:
        NAMES.drop(editor)
    PersonFactory(name="张四")
    with connection.schema_editor() as editor:
        NAMES.create(editor)
    assert named("张") == ["张三", "张四"]
    with connection.schema_editor() as editor:
        NAMES.create(editor)
    assert named("四") == ["张四"]


@on_sqlite
def test_with_a_limit_a_repeated_character_counts_once():
    for name in ("陈陈陈", "陈一", "陈二"):
        PersonFactory(name=name)
    found = Person.objects.filter(NAMES.contains("陈", "default", first=3))
    assert len(found) == 3


@on_postgres
def test_postgresql_uses_the_character_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert NAMES.name in Person.objects.filter(NAMES.contains("张三", "default")).explain()


@on_sqlite
def test_sqlite_uses_the_suffix_table():
    plan = Person.objects.filter(NAMES.contains("张三", "default")).explain()
    assert "suffix>? AND suffix<?" in plan


# -- prefixes --------------------------------------------------------------------------------------


def test_a_prefix_finds_what_begins_with_it_and_nothing_else():
    for number in ("A116", "A1160001", "A116-1", "A1159999", "A117", "B116"):
        CertificateFactory(number=number)
    found = Certificate.objects.filter(prefix("number", "A116")).values_list("number", flat=True)
    assert sorted(found) == ["A116", "A116-1", "A1160001"]


def test_a_prefix_is_a_range_of_the_index():
    plan = Certificate.objects.filter(prefix("number", "A116")).explain()
    if connection.vendor == "sqlite":
        assert "number>? AND number<?" in plan
    else:
        assert "registry_certificate_number" in plan


def test_no_condition_is_true_nowhere():
    CertificateFactory()
    assert not Certificate.objects.filter(any_of([])).exists()


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("", []), ("  \t　", []), ("建科 张三", ["建科", "张三"]), ("张\u200b三", ["张三"]), ("a\x00b", ["ab"]),
        ("张三，李四；王五、赵六", ["张三", "李四", "王五", "赵六"]), ("同 同", ["同"]),
    ],
)  # fmt: skip
def test_a_term_is_split_where_people_separate(term, words):
    assert words_of(term) == words


def test_numbers_are_read_in_any_width_and_case():
    assert code_of("ａ１１６－００１") == "A116-001"


def test_characters_may_be_left_out_but_not_swapped():
    assert spelt_in_order("广东建科", "广东省建设科技监理有限公司")
    assert not spelt_in_order("建科广东", "广东省建设科技监理有限公司")
