"""What a search term means in the register. Each word goes to the index that its shape calls for.

    A1160123, ａ116        certificate number, or the beginning of one
    440106199001011234     ID number, whole or its first 6 digits and more; mobile phone
    91440101MA5…           credit code, whole or its beginning
    张三, 三               a person's name, any part
    建科, 广东建科, GDJK   words of a company's name or former name; pinyin initials

Words separated by blanks must all be true ("建科 张三"); of several numbers of one kind any may be
(a pasted list). Names are looked up in two steps, ids first: the lists' own indexes serve the ids.
Everything is looked up within the user's scope.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.core.scoping import scope_of, visible_to
from backoffice.core.search import Found, SubstringIndex, any_of, code_of, prefix, spelt_in_order, words_of
from backoffice.core.sensitive import is_hidden, level_for
from backoffice.roles import ALL, NONE, WHOLE
from registry.models import Certificate, Company, Person

#: More people than this are not carried from one query into the next.
MOST_PEOPLE: Final = 1_000
#: So many words make sense; the rest of a pasted page is left out.
MOST_WORDS: Final = 5
MOST_NUMBERS: Final = 500
#: A visitor's search for an employer: one character would list everybody.
FEWEST_CHARACTERS: Final = 2
NAMES: Final = SubstringIndex("registry_person", "name", max_length=50)

_CERTIFICATE = re.compile(r"[A-Z][A-Z-]*\d[A-Z0-9-]*")
_IDENTITY = re.compile(r"\d{6,18}|\d{17}X")
_CREDIT_CODE = re.compile(r"9\d{17}|(?=.*[A-Z])[0-9][0-9A-Z]{5,17}")
_PHONE = re.compile(r"1[3-9]\d{5,9}")
_INITIALS = re.compile(r"[A-Z]{2,}")


@dataclass(frozen=True)
class Term:
    """A search term taken apart by shape."""

    certificates: list[str] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    credit_codes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    #: Digits that are nothing: too few for an ID number.
    unclear: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> "Term":
        term = cls()
        for word in words_of(text):
            code = code_of(word)
            if _CERTIFICATE.fullmatch(code):
                term.certificates.append(code)
            elif _IDENTITY.fullmatch(code) and not re.fullmatch(r"9\d{17}", code):
                term.identities.append(code)
            elif _CREDIT_CODE.fullmatch(code):
                term.credit_codes.append(code)
            elif code.isdecimal():
                term.unclear.append(code)
            elif any(char.isalnum() for char in word):
                term.words.append(word)
        for numbers in (term.certificates, term.identities, term.credit_codes):
            del numbers[MOST_NUMBERS:]
        del term.words[MOST_WORDS:]
        return term

    @property
    def is_empty(self) -> bool:
        return not (self.certificates or self.identities or self.credit_codes or self.words)


def search_certificates(queryset: QuerySet, term: str, user: Any) -> Found:
    """Certificates by number, holder or company, in the order an index gives."""
    wanted = Term.parse(term)
    if wanted.is_empty:
        return nothing(queryset, wanted)
    notice = None
    if wanted.certificates:
        # A beginning may stand for a third of the table; by number the first page is read off the index.
        queryset = queryset.filter(numbered("number", wanted.certificates)).order_by("number")
    if wanted.identities or wanted.credit_codes or wanted.words:
        holders = Holders.find(wanted, user)
        queryset, notice = queryset.filter(holders.condition("person")), holders.notice
    return Found(queryset, notice=notice)


def search_people(queryset: QuerySet, term: str, user: Any) -> Found:
    """People by name, ID number, phone, company, or the number of a certificate they hold."""
    wanted = Term.parse(term)
    if wanted.is_empty:
        return nothing(queryset, wanted)
    notice = None
    if wanted.certificates:
        held = visible_to(Certificate, user).filter(numbered("number", wanted.certificates))
        holders_ids = held.order_by("number").values_list("person_id", flat=True)[:MOST_PEOPLE]
        queryset = queryset.filter(pk__in=list(holders_ids))
    if wanted.identities or wanted.credit_codes or wanted.words:
        holders = Holders.find(wanted, user)
        queryset, notice = queryset.filter(holders.condition("pk")), holders.notice
    return Found(queryset, notice=notice)


def search_companies(queryset: QuerySet, term: str, user: Any) -> Found:
    """Companies by words of present and former names, initials, credit code or contact phone."""
    wanted = Term.parse(term)
    if wanted.is_empty or wanted.certificates:
        return nothing(queryset, wanted)
    if wanted.identities or wanted.credit_codes:
        codes = [*wanted.identities, *wanted.credit_codes]
        phones = Q(contact_phone__in=[] if is_hidden(user, Company, "contact_phone") else wanted.identities)
        merged = Company.objects.filter(numbered("credit_code", codes), merged_into__isnull=False)
        left = Q(pk__in=merged.values("merged_into"))
        queryset = queryset.filter(numbered("credit_code", codes) | phones | left)
    if wanted.words:
        by_word = companies_by_word(wanted.words, user)
        queryset = queryset.filter(pk__in=set.intersection(*by_word.values()))
    return Found(queryset)


def employers_named(term: str, most: int) -> list[tuple[int, str]]:
    """What a visitor may know of the members: id and name of at most `most` active companies that the words mean.

    The public application's search (specification 3.1). Not through `visible_to()`: visitors see no record of a
    company.
    """
    words = words_of(term)[:MOST_WORDS]
    if sum(map(len, words)) < FEWEST_CHARACTERS:
        return []
    active = Company.objects.filter(status=Company.Status.ACTIVE, merged_into=None)
    found = set.intersection(*companies_among(words, active).values())
    names = list(active.order_by().filter(pk__in=found).values_list("pk", "name"))
    return sorted(names, key=lambda row: (not row[1].startswith(words[0]), len(row[1]), row[1]))[:most]


def nothing(queryset: QuerySet, wanted: Term) -> Found:
    hint = _("Type at least 6 digits of an ID number or phone number.") if wanted.unclear else None
    return Found(queryset.none(), notice=hint)


def numbered(column: str, numbers: Sequence[str]) -> Q:
    """One number may be a beginning; a list is of whole numbers."""
    return prefix(column, numbers[0]) if len(numbers) == 1 else Q(**{f"{column}__in": numbers})


@dataclass(frozen=True)
class Holders:
    """Whom the words name: people by id, and whole companies."""

    people: list[int]
    companies: set[int] | None
    notice: str | None = None

    @classmethod
    def find(cls, wanted: Term, user: Any) -> "Holders":
        by_word = companies_by_word([*wanted.words, *wanted.credit_codes], user)
        companies = set.intersection(*by_word.values()) if by_word and not wanted.identities else None
        if companies is not None and not any_name_possible(by_word, wanted):
            return cls([], companies)
        people = visible_to(Person, user).order_by()
        if wanted.identities:
            numbers = [identity(number, user) for number in wanted.identities]
            people = people.filter(any_of([*numbers, *left_of_merged(wanted.identities)]))
        by_name = names_of(wanted, user, people.db)
        for word, ids in by_word.items():
            at_company = Q(company_id__in=ids) if ids else Q(pk__in=[])
            people = people.filter(by_name.get(word, Q(pk__in=[])) | at_company)
        if companies:
            # All words name a company: its people are found by the company, these by name besides.
            people = people.filter(any_of(by_name.values()))
        found = list(people.values_list("pk", flat=True)[: MOST_PEOPLE + 1])
        if found and by_word.is_guess:
            companies = None  # 建华 is someone's name here, not short for 建设…华…
        notice = None
        if len(found) > MOST_PEOPLE:
            notice = _("More than 1,000 people match; add a character or the ID number.")
        return cls(found[:MOST_PEOPLE], companies, notice)

    def condition(self, person: str) -> Q:
        """As a condition on rows with a company and, under the name `person`, a person."""
        by_person = Q(**{f"{person}__in": self.people})
        if not self.companies:
            return by_person
        at_company = Q(company__in=self.companies)
        return by_person | at_company if self.people else at_company


def names_of(wanted: Term, user: Any, using: str) -> dict[str, Q]:
    """For each word the condition that a person's name contains it."""
    if scope_of(Person, user) != ALL:
        # The few people whom a bound user sees are looked through; the index knows no scope.
        return {word: Q(name__icontains=word) for word in wanted.words}
    alone = len(wanted.words) == 1 and not wanted.identities and not wanted.credit_codes
    first = MOST_PEOPLE + 1 if alone else None
    return {word: NAMES.contains(word, using, first=first) for word in wanted.words}


def any_name_possible(by_word: dict[str, set[int]], wanted: Term) -> bool:
    """Whether to look for people too: not when every word is a company's and one is too long for a name."""
    if not all(by_word.values()):
        return True
    return bool(wanted.words) and all(len(word) <= 4 or "·" in word for word in wanted.words)


def identity(code: str, user: Any) -> Q:
    """An ID number or its beginning; eleven digits may be a phone instead."""
    return numbers_of(Person, ("id_number", "phone"), code, user)


def numbers_of(model: Any, columns: Iterable[str], code: str, user: Any) -> Q:
    """Rows with the number in one of these columns. Who reads a column masked must know the number whole: with its
    beginning, what is under the mask could be guessed digit by digit."""
    conditions = []
    for column in columns:
        level = level_for(user, model, column)
        if column == "phone" and not _PHONE.fullmatch(code):
            continue
        if level == WHOLE and len(code) < 18:
            conditions.append(prefix(column, code))
        elif level != NONE:
            conditions.append(Q(**{column: code}))
    return any_of(conditions)


def left_of_merged(codes: Iterable[str]) -> list[Q]:
    """Whole ID numbers of duplicates that were merged mean the people who are left."""
    whole = [code for code in codes if len(code) == 18]
    if not whole:
        return []
    merged = Person.objects.filter(id_number__in=whole, merged_into__isnull=False).order_by()
    ids = list(merged.values_list("merged_into", flat=True))
    return [Q(pk__in=ids)] if ids else []


class CompaniesByWord(dict[str, set[int]]):
    """Word -> ids of companies. A guess: the only word stands in no name, its characters do."""

    is_guess = False


def companies_by_word(words: Iterable[str], user: Any) -> CompaniesByWord:
    """For each word the visible companies it may mean."""
    return companies_among(words, visible_to(Company, user))


def companies_among(words: Iterable[str], companies: QuerySet) -> CompaniesByWord:
    """For each word those of the (2,000) companies that it may mean, in one query."""
    words = list(words)
    if not words:
        return CompaniesByWord()
    rows = companies.order_by().filter(any_of(map(company_candidates, words)))
    texts = rows.values_list("pk", "name", "former_names__name", "initials", "credit_code")
    exact: dict[str, set[int]] = {word: set() for word in words}
    loose: dict[str, set[int]] = {word: set() for word in words}
    for pk, name, former, initials, credit_code in texts:
        for word in words:
            code = code_of(word)
            names = [name, former or ""]
            if any(word in text for text in names) or (
                code.isascii() and latin(code, names, initials, credit_code)
            ):
                exact[word].add(pk)
            elif len(word) > 1 and any(spelt_in_order(word, text) for text in names):
                loose[word].add(pk)
    codes = [word for word in words if _CREDIT_CODE.fullmatch(code_of(word))]
    if codes:  # of a duplicate that was merged: the company that is left
        merged = companies.order_by().filter(merged__credit_code__in=map(code_of, codes))
        for pk, code in merged.values_list("pk", "merged__credit_code"):
            for word in codes:
                exact[word] |= {pk} if code_of(word) == code else set()
    # 广东建科 means 广东建科… where such a company exists, and 广东省建设科技… where none does.
    found = CompaniesByWord((word, exact[word] or loose[word]) for word in words)
    found.is_guess = len(words) == 1 and not exact[words[0]]
    return found


def latin(code: str, names: Iterable[str], initials: str, credit_code: str | None) -> bool:
    """Letters and digits are pinyin initials, the beginning of a credit code, or stand in a name."""
    return code in initials or (credit_code or "").startswith(code) or any(code in n.upper() for n in names)


def company_candidates(word: str) -> Q:
    """A superset of the word's companies: a name with all its characters, in whatever order."""
    code = code_of(word)
    if code.isascii():
        condition = Q(name__icontains=word) | Q(former_names__name__icontains=word)
        if _CREDIT_CODE.fullmatch(code):
            return condition | prefix("credit_code", code)
        return condition | Q(initials__contains=code) if _INITIALS.fullmatch(code) else condition
    now, formerly = Q(), Q()
    for char in word[:12]:
        now &= Q(name__contains=char)
        formerly &= Q(former_names__name__contains=char)
    return now | formerly
