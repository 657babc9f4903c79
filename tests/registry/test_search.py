"""What a term finds among certificates, people and companies, and for whom."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.roles import Role
from registry import search
from registry.models import Certificate, Company, FormerName, Person
from registry.search import Term, search_certificates, search_companies, search_people
from tests.factories import CertificateFactory, CompanyFactory, PersonFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def jianke():
    return CompanyFactory(name="广东省建设科技监理有限公司", credit_code="91440101MA5ABCDE12")


def certificates(term, user):
    return set(search_certificates(Certificate.objects.all(), term, user).queryset)


def people(term, user):
    return set(search_people(Person.objects.all(), term, user).queryset)


def companies(term, user):
    return set(search_companies(Company.objects.all(), term, user).queryset)


# -- certificates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term", ["A1160001", "a1160001", "ａ１１６０００１", "A116", "Ａ１１６", " A1160001 "]
)
def test_a_certificate_number_is_found_whole_or_begun(office, term):
    wanted = CertificateFactory(number="A1160001")
    CertificateFactory(number="A1170001")
    assert certificates(term, office) == {wanted}


def test_a_pasted_list_of_numbers_finds_each(office):
    wanted = {CertificateFactory(number=f"A116000{n}") for n in (1, 2)}
    CertificateFactory(number="A11600011")
    assert certificates("A1160001\nA1160002、A9999999", office) == wanted


def test_numbers_are_listed_in_their_order(office):
    for number in ("A1160003", "A1160001", "A1160002"):
        CertificateFactory(number=number)
    found = search_certificates(Certificate.objects.all(), "A116", office).queryset
    assert [c.number for c in found] == ["A1160001", "A1160002", "A1160003"]


@pytest.mark.parametrize("length", [18, 17, 14, 6])
def test_the_holders_id_number_is_found_from_six_digits_on(office, length):
    wanted = CertificateFactory()
    number = wanted.person.id_number
    other = CertificateFactory(person__id_number="11" + number[2:])
    assert certificates(number[:length], office) == {wanted}
    assert other not in certificates(number[:length], office)


def test_an_id_number_with_a_small_x_is_found(office):
    wanted = CertificateFactory(person__id_number="44010319900101001X")
    assert certificates("44010319900101001x", office) == {wanted}


@pytest.mark.parametrize("term", ["13912345678", "1391234", "１３９１２３４５６７８"])
def test_the_holders_phone_is_found(office, term):
    wanted = CertificateFactory(person__phone="13912345678")
    CertificateFactory(person__phone="13812345678")
    assert certificates(term, office) == {wanted}


@pytest.mark.parametrize("term", ["欧阳建国", "欧阳", "建国", "阳"])
def test_the_holders_name_is_found_by_any_part(office, term):
    wanted = CertificateFactory(person__name="欧阳建国")
    CertificateFactory(person__name="李四")
    assert certificates(term, office) == {wanted}


@pytest.mark.parametrize(
    "term",
    ["建设科技", "建科", "广东建科", "科技 广东", "GDSJSKJ", "gdsj", "91440101MA5ABCDE12", "91440101MA"],
)
def test_the_company_is_found_by_words_initials_and_code(office, jianke, term):
    wanted = CertificateFactory(person__company=jianke)
    CertificateFactory(person__company__name="深圳市岭衡咨询公司")
    assert certificates(term, office) == {wanted}


def test_a_word_that_stands_in_a_name_beats_its_scattered_characters(office, jianke):
    exact = CertificateFactory(person__company__name="深圳市建科监理有限公司")
    CertificateFactory(person__company=jianke)
    assert certificates("建科", office) == {exact}


def test_someone_of_that_name_beats_scattered_characters(office, jianke):
    """建科 may be short for 建设科技, unless it is a person."""
    CertificateFactory(person__company=jianke, person__name="李四")
    wanted = CertificateFactory(person__name="陈建科", person__company__name="深圳市岭衡咨询公司")
    assert certificates("建科", office) == {wanted}


def test_former_names_are_found(office, jianke):
    FormerName.objects.create(company=jianke, name="粤东老监理所")
    wanted = CertificateFactory(person__company=jianke)
    assert certificates("老监理", office) == {wanted}


def test_words_must_all_be_true(office, jianke):
    wanted = CertificateFactory(person__company=jianke, person__name="张三")
    CertificateFactory(person__company=jianke, person__name="李四")
    CertificateFactory(person__name="张三")
    assert certificates("建科 张三", office) == {wanted}
    assert certificates("张三 建科", office) == {wanted}
    assert certificates(f"张三 {wanted.number}", office) == {wanted}
    assert certificates("建科 王五", office) == set()


def test_a_word_that_is_company_and_name_finds_both(office, jianke):
    of_company = CertificateFactory(person__company=jianke, person__name="张三")
    of_name = CertificateFactory(person__name="陈广东", person__company__name="深圳市岭衡咨询公司")
    assert certificates("广东", office) == {of_company, of_name}


def test_too_many_people_are_capped_and_said(office, monkeypatch):
    monkeypatch.setattr(search, "MOST_PEOPLE", 2)
    for name in ("张一", "张二", "张三"):
        CertificateFactory(person__name=name)
    found = search_certificates(Certificate.objects.all(), "张", office)
    assert found.queryset.count() == 2
    assert found.notice
    assert search_certificates(Certificate.objects.all(), "张三", office).notice is None


@pytest.mark.parametrize(
    "term", ["123", "%", "_", "''", "-", "A" * 3999, "张" * 200, "\x00", "%s", "🙂", "𠮷𠮷", "x" * 9]
)
@pytest.mark.parametrize("find", [certificates, people, companies])
def test_odd_terms_find_nothing_and_break_nothing(office, term, find):
    CertificateFactory()
    assert find(term, office) == set()


def test_too_few_digits_are_answered_with_a_hint(office):
    CertificateFactory()
    found = search_certificates(Certificate.objects.all(), "4401", office)
    assert (list(found.queryset), bool(found.notice)) == ([], True)


def test_a_search_adds_at_most_two_queries(office, jianke):
    CertificateFactory(person__company=jianke, person__name="张三")
    for term in ("建科 张三", "张三", "440103", "GDSJ", "A1", "建设科技 监理 张", "91440101MA"):
        with CaptureQueriesContext(connection) as captured:
            found = search_certificates(Certificate.objects.all(), term, office)
        assert len(captured) <= 2, term
        assert not found.may_have_duplicates


# -- scope -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["张三", "岭衡", "SZSLH", "13912345678", "91440103MA"])
def test_a_company_does_not_find_who_works_elsewhere(term):
    user = UserFactory(role=Role.COMPANY)
    elsewhere = CompanyFactory(name="深圳市岭衡咨询公司")
    CertificateFactory(person__name="张三", person__company=elsewhere, person__phone="13912345678")
    own = CertificateFactory(person__name="张三", person__company=user.company)
    # The queryset of the list is scoped as well; here even an unscoped one must not be widened by a name.
    found = set(search_people(Person.objects.all(), term, user).queryset)
    assert found <= {own.person}
    assert found == ({own.person} if term in ("张三", "91440103MA") else set())


def test_a_company_finds_no_other_company():
    user = UserFactory(role=Role.COMPANY)
    CompanyFactory(name="深圳市岭衡咨询公司")
    assert companies("岭衡", user) == set()
    assert companies("监理", user) == {user.company}


def test_people_of_other_companies_do_not_use_up_the_cap(monkeypatch):
    monkeypatch.setattr(search, "MOST_PEOPLE", 2)
    for _ in range(4):
        PersonFactory(name="张三")
    user = UserFactory(role=Role.COMPANY)
    own = PersonFactory(name="张三丰", company=user.company)
    found = search_people(Person.objects.all(), "张三", user)
    assert (set(found.queryset), found.notice) == ({own}, None)


@pytest.mark.parametrize("role", [Role.LOCAL_BODY])
def test_a_role_that_sees_nobody_finds_nobody(role):
    CertificateFactory(person__name="张三")
    assert people("张三", UserFactory(role=role)) == set()


# -- people and companies --------------------------------------------------------------------------


def test_people_are_found_by_name_number_phone_company_and_certificate(office, jianke):
    wanted = CertificateFactory(
        person__name="欧阳建国", person__company=jianke, person__phone="13912345678"
    ).person
    PersonFactory(name="李四", company__name="深圳市岭衡咨询公司", id_number="110101199001010014")
    number = wanted.certificates.get().number
    id_number = wanted.id_number
    for term in ("阳建", id_number, id_number[:6], "13912345678", "建科", "建科 欧阳", number, number[:6]):
        assert people(term, office) == {wanted}, term


def test_companies_are_found_by_words_in_any_order_initials_code_and_phone(office, jianke):
    jianke.contact_phone = "13912345678"
    jianke.save()
    FormerName.objects.create(company=jianke, name="粤东老监理所")
    CompanyFactory(name="深圳市岭衡咨询公司")
    for term in ("建设科技", "监理 广东", "广东建科", "GDSJS", "jskj", "91440101MA5ABCDE12", "91440101MA",
                 "13912345678", "老监理", "粤东 科技"):  # fmt: skip
        assert companies(term, office) == {jianke}, term


def test_a_company_is_listed_once_whatever_names_match(office, jianke):
    for n in range(3):
        FormerName.objects.create(company=jianke, name=f"广东第{n}监理所")
    found = search_companies(Company.objects.all(), "监理", office)
    assert list(found.queryset) == [jianke]


def test_the_shape_of_a_word_decides_where_it_is_looked_up():
    term = Term.parse("Ａ116 44010319900101001x 91440101MA5ABCDE12 914401010000000000 建科 GDJK 12345")
    assert term.certificates == ["A116"]
    assert term.identities == ["44010319900101001X"]
    assert term.credit_codes == ["91440101MA5ABCDE12", "914401010000000000"]
    assert term.words == ["建科", "GDJK"]
    assert term.unclear == ["12345"]
