"""What the register knows about an applicant: remarks for whoever decides, within that user's scope."""

import re
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.core import written
from backoffice.core.excel.errors import BadValue
from backoffice.core.excel.identity import birthday_of
from backoffice.core.models import TransitionLog
from backoffice.core.scoping import can_see, visible_to
from backoffice.core.search import any_of
from backoffice.roles import Role
from registry.admin.company import link
from registry.models import Company, CompanyApplication, Person, PersonalApplication, Region
from registry.models.company import initials_of
from registry.search import companies_by_word

Notes = list[tuple[str, Any]]
#: So many records are named in one remark.
MOST: Final = 5
YOUNGEST, OLDEST = 18, 65
#: What company names have in common, longest first; what is left tells companies apart.
COMMON_WORDS: Final = re.compile(
    "股份有限公司|有限责任公司|有限公司|集团|分公司|工程建设|建设工程|工程管理|项目管理|工程咨询|建设监理|工程监理|"
    "监理|建设|建筑|工程|咨询|管理|顾问|技术|科技|服务|广东省|广东"
)


def joined(records: list[Any]) -> SafeString:
    """The records as links, one after the other."""
    first, *others = [link(record) for record in records]
    return format_html("{}" + "、{}" * len(others), first, *others)


# --- Personal applications ---------------------------------------------------------------------------


def personal_notes(application: PersonalApplication, user: Any) -> Notes:
    """Members already, namesakes with the same phone, an unusual age, and earlier applications."""
    return [
        *member_note(application, user),
        *namesake_note(application, user),
        *age_note(application),
        *earlier_notes(application, user, Q(id_number=application.id_number)),
    ]


def member_note(application: PersonalApplication, user: Any) -> Notes:
    member = application.member_with_this_id()
    if member is None:
        return []
    if can_see(member, user):
        text = _("This ID number already belongs to an individual member: {}.")
        return [("danger", format_html(text, link(member)))]
    if user.role == Role.COMPANY:
        return [
            ("danger", _("This ID number already belongs to an individual member of another company. Return the "
                         "application; if the person works for you now, ask for the transfer.")),
        ]  # fmt: skip
    return [("danger", _("This ID number already belongs to an individual member. Return the application."))]


def namesake_note(application: PersonalApplication, user: Any) -> Notes:
    """The same person with a mistyped ID number, perhaps."""
    if not application.name or not application.phone:
        return []
    same = Person.objects.filter(name=application.name, phone=application.phone, merged_into=None)
    others = same.exclude(id_number=application.id_number)
    visible = list(visible_to(Person, user, queryset=others)[:MOST])
    if visible:
        text = _("A member has the same name and the same phone, but another ID number: {}.")
        return [("warning", format_html(text, joined(visible)))]
    if others.exists():
        return [("warning", _("A member has the same name and the same phone, but another ID number: compare with "
                              "the scan of the ID card."))]  # fmt: skip
    return []


def age_of(id_number: str) -> int | None:
    """Full years today, by the ID number."""
    try:
        born, today = birthday_of(id_number), timezone.localdate()
    except BadValue:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_note(application: PersonalApplication) -> Notes:
    age = age_of(application.id_number)
    if age is None or YOUNGEST <= age <= OLDEST:
        return []
    return [("warning", _("By the ID number the applicant is %(age)d years old.") % {"age": age})]


def earlier_notes(application: Any, user: Any, same: Q) -> Notes:
    """Other applications like this one, newest first, each with its outcome and the last opinion."""
    others = visible_to(type(application), user).filter(same).exclude(pk=application.pk).order_by("-id")
    return [("info", earlier_note(other)) for other in others[:MOST]]


def earlier_note(other: Any) -> SafeString:
    last = TransitionLog.of(other).exclude(opinion="").first()
    values = (link(other), written.day(other.created_at))
    if last is None:
        return format_html(_("Earlier application {} of {}: {}."), *values, other.get_state_display())
    text = _("Earlier application {} of {}: {}. Opinion: “{}”.")
    return format_html(text, *values, other.get_state_display(), last.opinion)


# --- Company applications ----------------------------------------------------------------------------


def company_notes(application: CompanyApplication, user: Any) -> Notes:
    """Companies that may be the same one, and earlier applications."""
    known = ("name", "credit_code", "contact_phone")
    same = any_of(Q(**{name: value}) for name in known if (value := getattr(application, name)))
    companies = visible_to(Company, user).exclude(pk=application.company_id)
    notes: Notes = []
    if application.credit_code and (found := list(companies.filter(credit_code=application.credit_code))):
        text = _("A member has the same credit code: {}.")
        notes.append(("danger", format_html(text, joined(found))))
    others = companies.exclude(credit_code=application.credit_code) if application.credit_code else companies
    if found := similar_companies(application.name, others, user):
        text = _("Members with a similar name: {}. Is it one of them?")
        notes.append(("warning", format_html(text, joined(found))))
    if application.contact_phone:
        found = list(companies.filter(contact_phone=application.contact_phone).order_by("pk")[:MOST])
        if found:
            notes.append(("warning", format_html(_("Members with the same phone: {}."), joined(found))))
    return [*notes, *earlier_notes(application, user, same)]


def similar_companies(name: str, companies: QuerySet, user: Any) -> list[Company]:
    """The same telling word in the name (now or formerly), or another spelling with the same pinyin initials."""
    if not name:
        return []
    word = telling_word(name)
    by_word = companies_by_word([word] if len(word) > 1 else [], user)
    ids = set() if by_word.is_guess else by_word.get(word, set())
    alike = Q(pk__in=ids) | Q(initials=initials_of(name))
    return list(companies.filter(alike).order_by("pk")[:MOST])


def telling_word(name: str) -> str:
    """What tells a company's name from others: without city, trade and legal form (广州建科监理有限公司: 建科)."""
    for city in Region.objects.filter(parent=None).values_list("name", flat=True):
        name = name.replace(city, "").replace(city.removesuffix("市"), "")
    return COMMON_WORDS.sub("", name)
