"""Applications of people and companies, in every state and at several desks (specification 3.1, 3.2)."""

import datetime
import itertools
from dataclasses import dataclass
from typing import Any

from fixtures.names import BRAND_FIRST, BRAND_LAST, DemoNames
from registry.demo.records import SEED, TITLES
from registry.demo.story import Happening, Stories
from registry.models import Company, CompanyApplication, LocalBody, Person, PersonalApplication, Region
from registry.services import city_of

KNOWN = "用户名已存在，已是个人会员，无需再申请。"


@dataclass(frozen=True)
class Case:
    """Who applies where: the number of the employer, the code of the reviewing body, and what happened."""

    employer: int
    body: str
    begun: int
    happened: tuple[Happening, ...]
    member: str = (
        ""  # "before": the ID number was a member's already; "meanwhile": became one after the company's yes
    )


def under_company_review(employer: int, body: str, ago: int) -> Case:
    return Case(employer, body, ago, ((ago, "submit"),))


def under_local_review(employer: int, body: str, ago: int, submitted: int | None = None) -> Case:
    begun = ago + 2 if submitted is None else submitted
    return Case(employer, body, begun, ((begun, "submit"), (ago, "company_approve")))


def approved(employer: int, body: str, ago: int) -> Case:
    return Case(employer, body, ago + 4,
                ((ago + 4, "submit"), (ago + 3, "company_approve"), (ago, "local_approve")))  # fmt: skip


#: Employer 0 is the demo company. Oldest first, as the keys of a grown system would be.
PERSONAL = (
    approved(0, "GZ", 38), approved(4, "NH", 33), approved(1, "SZ", 27), approved(0, "NH", 21), approved(6, "FS", 16),
    Case(5, "GZ", 30, ((30, "submit"), (28, "withdraw"))),
    Case(0, "GZ", 19, ((19, "submit"), (17, "company_return", "此人不在我单位工作，请选择正确的工作单位。"))),
    Case(2, "GZ", 14, ((14, "submit"), (13, "company_approve"), (11, "local_return", KNOWN)), member="meanwhile"),
    Case(0, "NH", 12, ((12, "submit"), (10, "company_approve"),
                       (8, "local_return", "毕业证不清晰，请重新扫描上传；身份证正反面请放在同一页。"))),
    # Returned, corrected by the link, and back at the company: the earlier opinion stands beside it.
    Case(0, "GZ", 11, ((11, "submit"), (9, "company_return", "相片不符合要求：请上传近期免冠彩色证件照。"),
                       (2, "submit"))),
    Case(7, "FS", 10, ((10, "submit"), (8, "company_approve"),
                       (5, "local_return", "所填学历与毕业证不一致，请更正。"), (3, "submit"))),
    Case(0, "SZ", 9, ((9, "submit"), (7, "withdraw"))),
    Case(0, "GZ", 7, ((7, "submit"), (4, "company_return", KNOWN)), member="before"),
    under_local_review(4, "GZ", 6), under_local_review(0, "NH", 5), under_local_review(8, "FS", 5),
    under_company_review(0, "GZ", 6), under_company_review(3, "GZ", 5), under_company_review(10, "SZ", 4),
    under_local_review(0, "GZ", 3), under_local_review(1, "NH", 3), under_local_review(2, "SZ", 2),
    Case(6, "NH", 5, ((5, "submit"), (4, "company_approve")), member="meanwhile"),
    under_company_review(0, "NH", 3), under_company_review(1, "FS", 2), under_company_review(5, "NH", 1),
    under_local_review(7, "GZ", 1), under_local_review(0, "FS", 1), under_local_review(9, "NH", 1),
    under_local_review(11, "GZ", 0), under_local_review(13, "SZ", 0), under_local_review(14, "NH", 0, 1),
    under_company_review(0, "SZ", 1), under_company_review(0, "GZ", 0), under_company_review(4, "GZ", 0),
    Case(0, "GZ", 1, ()),
)  # fmt: skip


def tell_personal(stories: Stories, office: Any) -> None:
    names = DemoNames(SEED + 2)
    companies = list(Company.objects.select_related("region__parent").order_by("pk"))
    bodies = {body.code: body for body in LocalBody.objects.all()}
    members = iter(Person.objects.filter(company__isnull=False).order_by("-pk"))
    for number, case in enumerate(PERSONAL):
        application = an_applicant(stories, names, number)
        application.company, application.local_body = companies[case.employer], bodies[case.body]
        home = application.company.region
        application.region = city_of(home) if home else bodies[case.body].region
        if case.member == "before":
            take_number(application, next(members))
        tell_one(stories, application, case, number, office)


def an_applicant(stories: Stories, names: DemoNames, number: int) -> PersonalApplication:
    draw = stories.draw
    gender = "MMF"[number % 3]
    birthday = datetime.date(1978, 1, 1) + datetime.timedelta(days=draw.randrange(9_000))
    home = draw.choice(("440106", "440305", "440604", "441302", "440785", "441481", "440981"))
    phone = names.phone()
    return PersonalApplication(
        name=names.person(gender), id_number=names.id_number(home, birthday, gender), phone=phone,
        email=f"{phone}@example.org", education=draw.choice(("COLLEGE", "BACHELOR", "BACHELOR", "SECONDARY")),
        title=draw.choice(TITLES),
    )  # fmt: skip


def take_number(application: PersonalApplication, member: Person) -> None:
    """The applicant's name is written differently, so that nothing was said at the submission."""
    application.id_number = member.id_number
    application.name = f"{member.name[:1]}{'惠' if member.name[1:] != '惠' else '慧'}"


def tell_one(
    stories: Stories, application: PersonalApplication, case: Case, number: int, office: Any
) -> None:
    if not case.happened:
        application.company = application.local_body = application.region = None
        stories.tell(application, case.begun, papers=["PHOTO"])
        return
    papers = ["PHOTO", "ID_CARD", "DIPLOMA", *(["TITLE"] if application.title and number % 2 else [])]
    if case.member != "meanwhile":
        stories.tell(application, case.begun, *case.happened, papers=papers)
        return
    first, last = case.happened[:2], case.happened[2:]
    told = stories.tell(application, case.begun, *first, papers=papers)
    import_member(told, office)
    if last:
        stories.go_on(told, *last)


def import_member(application: PersonalApplication, office: Any) -> None:
    """The office imported the applicant's old certificate list meanwhile, so the ID number is a member's now."""
    person = Person(
        name=application.name, id_number=application.id_number, phone=application.phone,
        company=application.company, region=application.region, education=application.education,
    )  # fmt: skip
    person._history_user, person._change_reason = office, "导入名单"  # type: ignore[attr-defined]
    person.save()
    person.history.update(history_date=person.created_at)  # type: ignore[attr-defined]


# --- Companies ----------------------------------------------------------------------------------------

#: Purpose, city, begun, what happened.
COMPANIES: tuple[tuple[str, str, int, tuple[Happening, ...]], ...] = (
    ("FORMAL", "440100", 40, ((40, "submit"), (38, "approve"))),
    ("TEMPORARY", "440600", 26, ((26, "submit"), (25, "approve"))),
    ("TEMPORARY", "441900", 18, ((18, "submit"), (17, "withdraw"))),
    ("FORMAL", "440300", 12,
     ((12, "submit"), (10, "office_return", "统一社会信用代码与营业执照不一致，请更正。"))),
    ("TEMPORARY", "441300", 9,
     ((9, "submit"), (7, "office_return", "营业执照不清晰，请上传彩色原件扫描件。"), (5, "submit"))),
    ("FORMAL", "440100", 3, ((3, "submit"),)),
    ("TEMPORARY", "440400", 1, ((1, "submit"),)),
    ("FORMAL", "440600", 0, ((0, "submit"),)),
    ("", "440700", 1, ()),
)  # fmt: skip


def tell_companies(stories: Stories) -> None:
    names = DemoNames(SEED + 3)
    for purpose, city_code, begun, happened in COMPANIES:
        city = Region.objects.get(code=city_code)
        company_name = names.company(city.name)
        contact, phone = names.person("F"), names.phone()
        application = CompanyApplication(name=company_name, contact_name=contact, contact_phone=phone)
        if happened:
            application.purpose, application.region = purpose, city
            application.credit_code = names.credit_code(city.code)
            application.office_address = names.address(city.name)
            application.email = f"{phone}@example.org"
            application.login_name = f"{brand_of(company_name)}监理"
        papers = ["LICENCE", *(["QUALIFICATION"] if purpose == "FORMAL" else [])] if happened else []
        stories.tell(application, begun, *happened, papers=papers)


def brand_of(company_name: str) -> str:
    """The two made-up syllables of a demo company's name."""
    pairs = itertools.pairwise(company_name)
    return next((a + b for a, b in pairs if a in BRAND_FIRST and b in BRAND_LAST), company_name[:4])
