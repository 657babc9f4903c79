"""Company changes, transfers, help requests and duplicates, in every state (specification 3.3, 3.4, 3.11, 6)."""

from typing import Any

from registry import duplicates, merging
from registry.demo.applications import brand_of
from registry.demo.story import Happening, Stories
from registry.models import (
    Certificate,
    Company,
    CompanyChange,
    DuplicatePair,
    DuplicateSearch,
    HelpRequest,
    Person,
    Transfer,
)

RETURNED_RENAME = "新名称与新营业执照不一致，请更正；核准变更通知书请上传彩色原件扫描件。"

#: Number of the company, kind, begun, what happened. Company 0 is the demo company.
CHANGES: tuple[tuple[int, str, int, tuple[Happening, ...]], ...] = (
    (6, "RENAME", 35, ((35, "submit"), (33, "approve"))),
    (5, "UPGRADE", 28, ((28, "submit"), (26, "approve"))),
    (7, "RENAME", 22, ((22, "submit"), (20, "office_return", "请上传核准变更通知书原件扫描件。"), (15, "cancel"))),
    (11, "UPGRADE", 17, ((16, "cancel"),)),
    (0, "RENAME", 10, ((9, "submit"), (6, "office_return", RETURNED_RENAME))),
    (8, "UPGRADE", 8, ((8, "submit"), (4, "office_return", "资质证书不在有效期内，请上传有效的资质证书。"))),
    (2, "UPGRADE", 5, ((5, "submit"),)),
    (4, "RENAME", 2, ((2, "submit"),)),
    (10, "RENAME", 1, ()),
    (14, "UPGRADE", 0, ((0, "submit"),)),
)  # fmt: skip


def tell_changes(stories: Stories) -> None:
    companies = list(Company.objects.order_by("pk"))
    for number, kind, begun, happened in CHANGES:
        company = companies[number]
        user = stories.company_users[company.pk]
        change = CompanyChange(company=company, kind=kind, created_by=user)
        if kind == CompanyChange.Kind.RENAME:
            change.new_name = renamed(company.name)
            change.new_login_name = f"{brand_of(company.name)}{company.pk}"
        stories.tell(change, begun, *happened, papers=change.required_papers() if happened else (), by=user)


def renamed(name: str) -> str:
    """How companies of the trade rename: from supervision to project management, or the other way."""
    for old, new in (("工程监理", "工程项目管理"), ("建设监理", "建设工程咨询"), ("工程项目管理", "工程监理"),
                     ("工程管理", "工程咨询"), ("工程咨询", "工程监理")):  # fmt: skip
        if old in name:
            return name.replace(old, new)
    return name.replace("有限", "技术有限")


#: Number of the new company, number of the former one, begun, proof, what happened.
TRANSFERS: tuple[tuple[int, int, int, str, tuple[Happening, ...]], ...] = (
    (1, 0, 31, "JOINING", ((31, "submit"), (28, "approve"))),
    (0, 4, 24, "LEAVING", ((24, "submit"), (21, "approve"))),
    (6, 2, 15, "JOINING", ((13, "cancel"),)),
    (0, 5, 11, "JOINING", ((11, "submit"), (8, "office_return", "入职证明未加盖公章，请盖章后重新上传。"))),
    (4, 1, 7, "JOINING", ((7, "submit"),)),  # overdue: four working days (FAQ 16)
    (0, 7, 3, "LEAVING", ((3, "submit"),)),
    (8, 0, 2, "JOINING", ((2, "submit"),)),
    (0, 2, 1, "", ()),
    (13, 6, 0, "JOINING", ((0, "submit"),)),
)  # fmt: skip


def tell_transfers(stories: Stories) -> None:
    companies = list(Company.objects.order_by("pk"))
    taken: set[int] = set()
    for new, former, begun, proof, happened in TRANSFERS:
        person = someone_of(companies[former], taken)
        user = stories.company_users[companies[new].pk]
        transfer = Transfer(
            company=companies[new], name=person.name, id_number=person.id_number, created_by=user
        )
        stories.tell(transfer, begun, *happened, papers=["ID_CARD", proof] if proof else (), by=user)


def someone_of(company: Company, taken: set[int]) -> Person:
    """A member of the company who may be claimed: without a sign-in of the demo's own."""
    people = Person.objects.filter(company=company, user=None).exclude(pk__in=taken)
    person = people.order_by("pk").first()
    if person is None:
        raise LookupError(f"{company} has nobody left to move.")
    taken.add(person.pk)
    return person


Topic = HelpRequest.Topic
#: Topic, whose certificate (by order of age), what is wrong, begun, what happened.
HELP: tuple[tuple[str, int, str, int, tuple[Happening, ...]], ...] = (
    (Topic.SIGN_IN, 3, "用身份证号码登录，提示用户名或密码错误。没有收到过激活短信，手机号码已经更换。", 20,
     ((20, "send"), (18, "answer", "您的手机号码已更新，激活链接已重新发送，登录名是本人身份证号码。"), (17, "close"))),
    (Topic.CERTIFICATE, 8, "证书上的姓名有一个字打错了，附证书扫描件，请核对更正。", 14,
     ((14, "send"), (11, "answer", "已核对，请由所在单位提交姓名更正，并上传身份证扫描件。"))),
    (Topic.STALE, 12, "去年已经办理单位变更，系统里还是旧单位，影响继续教育报名。", 9,
     ((9, "send"), (7, "answer", "请由新单位登录系统发起人员调动，上传入职证明即可。"),
      (6, "ask_again", "新单位已经提交，但是还没有看到结果，麻烦再查一下。"))),
    (Topic.NOT_FOUND, 21, "我单位名单里查找不到此人，但他持有协会颁发的监理员证书，请协助处理。", 6, ((6, "send"),)),
    (Topic.STALE, 30, "有效期至显示的日期不对，今年三月已经延续。", 3, ((3, "send"),)),
    (Topic.SIGN_IN, 36, "单位的登录名忘记了，原来的信息负责人已经离职。", 1, ((1, "send"),)),
    (Topic.OTHER, 41, "请问临时会员转为正式会员需要哪些资料？多久可以办好？", 0, ((0, "send"),)),
    (Topic.CERTIFICATE, 44, "证书编号在系统里查不到。", 0, ()),
)  # fmt: skip


def tell_help(stories: Stories) -> None:
    certificates = list(Certificate.objects.select_related("person", "company").order_by("pk")[:50])
    for topic, number, text, begun, happened in HELP:
        certificate = certificates[number]
        person: Any = certificate.person
        request = HelpRequest(
            topic=topic, name=person.name, id_number=person.id_number, certificate_number=certificate.number,
            company_name=certificate.printed_company, phone=person.phone or "13800000000", text=text,
            email=f"{person.phone or 'member'}@example.org",
        )  # fmt: skip
        papers = ["CERTIFICATE"] if happened and topic in (Topic.CERTIFICATE, Topic.STALE) else []
        stories.tell(request, begun, *happened, papers=papers)


def decide_duplicates(office: Any) -> None:
    """Search the register; of the pairs of people one is merged, one is no duplicate, the others wait."""
    duplicates.carry_out(DuplicateSearch.objects.create(by=office))
    pairs = list(DuplicatePair.objects.filter(kind=DuplicatePair.Kind.PERSON).order_by("pk"))
    if len(pairs) > 2:
        first, second = (Person.objects.get(pk=key) for key in (pairs[0].first_id, pairs[0].second_id))
        merging.merge(first, second, by=office, reason="身份证号码录入有误，经核对为同一人。")
        merging.decide_different(pairs[1], office)
