"""What a search term means in the list of enrolments: a company, a class, a person or a number of the roster.

As in the register's own search each word goes to the index that its shape calls for, and ids are found first:
numbers lead over the certificate or the person to the lines, names over the index of names. What is found is asked
for within the user's scope only.
"""

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.core.public_numbers import narrowed
from backoffice.core.scoping import scope_of, visible_to
from backoffice.core.search import Found, any_of
from backoffice.roles import ALL
from registry.models import Certificate, Company, Person
from registry.search import MOST_PEOPLE, NAMES, CompaniesByWord, Term, companies_among, identity, numbered
from training.models import Enrolment, EnrolmentLine, TrainingClass

#: More enrolments than this are not carried from one query into the next.
MOST_ENROLMENTS: Final = 1_000
#: A longer word that means a company or a class is no one's name.
LONGEST_NAME: Final = 4


def search_enrolments(queryset: QuerySet, text: str, user: Any) -> Found:
    """Enrolments by public number, company, class, person's name, certificate or ID number; all words must be true."""
    queryset, text, mistyped = narrowed(queryset, text)
    if not text:
        return Found(queryset, notice=mistyped or None)
    term = Term.parse(text)
    # Years and terms of classes (2026, 第3期) are words here, not numbers.
    words = [*term.words, *term.unclear, *term.credit_codes]
    if not (words or term.certificates or term.identities):
        return Found(queryset.none(), notice=mistyped or None)
    notice = mistyped or None
    if term.certificates:
        lines, too_many = certificates_numbered(term.certificates, user)
        notice = too_many or notice
        queryset = queryset.filter(pk__in=enrolments_of(lines, user))
    if term.identities:
        people = Person.objects.filter(
            any_of(identity(number, user) for number in term.identities)
        ).order_by()
        ids = list(people.values_list("pk", flat=True)[:MOST_PEOPLE])
        queryset = queryset.filter(pk__in=enrolments_of(Q(person__in=ids) & open_to(user), user))
    if words:
        queryset, notice = by_words(queryset, words, user, notice)
    return Found(queryset, notice=notice)


def certificates_numbered(numbers: list[str], user: Any) -> tuple[Q, str | None]:
    """A condition on lines: the certificate has one of the numbers, or the only one is its beginning."""
    held = Certificate.objects.filter(numbered("number", numbers)).order_by("number")
    ids = list(held.values_list("pk", flat=True)[: MOST_PEOPLE + 1])
    if len(ids) <= MOST_PEOPLE:
        return Q(certificate__in=ids), None
    if scope_of(EnrolmentLine, user) != ALL:
        return numbered("certificate__number", numbers), None
    notice = _("More than 1,000 certificates match; add more of the number.")
    return Q(certificate__in=ids[:MOST_PEOPLE]), notice


def by_words(
    queryset: QuerySet, words: list[str], user: Any, notice: str | None
) -> tuple[QuerySet, str | None]:
    """Each word stands for companies, for classes or for people on the roster."""
    companies = companies_named(words, user)
    titles = list(visible_to(TrainingClass, user).order_by().values_list("pk", "title"))
    for word in words:
        classes = [pk for pk, title in titles if word.lower() in title.lower()]
        condition = Q(company__in=companies[word]) | Q(training_class__in=classes)
        if len(word) <= LONGEST_NAME or not (companies[word] or classes):
            people, notice = people_named(word, user, notice)
            condition |= Q(pk__in=enrolments_of(people, user))
        queryset = queryset.filter(condition)
    return queryset, notice


def companies_named(words: list[str], user: Any) -> CompaniesByWord:
    """The companies these words mean; a local body knows those that enrol with it."""
    companies = visible_to(Company, user)
    if scope_of(Company, user) is None:
        enrolling = visible_to(Enrolment, user).order_by().values("company")
        companies = Company.objects.filter(pk__in=enrolling)
    return companies_among(words, companies)


def people_named(word: str, user: Any, notice: str | None) -> tuple[Q, str | None]:
    """A condition on lines: the person's name contains the word."""
    if scope_of(EnrolmentLine, user) != ALL:
        # The lines of one body or company are looked through; the index knows no scope.
        return Q(name__icontains=word) | Q(person__name__icontains=word) & open_to(user), notice
    people = Person.objects.filter(NAMES.contains(word, Person.objects.db, first=MOST_PEOPLE + 1)).order_by()
    found = list(people.values_list("pk", flat=True)[: MOST_PEOPLE + 1])
    if len(found) > MOST_PEOPLE:
        notice = _("More than 1,000 people match; add a character or the certificate number.")
    return Q(person__in=found[:MOST_PEOPLE]), notice


def open_to(user: Any) -> Q:
    """A condition on lines: not masked, where the user reads masked ones. A search must not try the hidden digits."""
    return Q() if scope_of(EnrolmentLine, user) == ALL else Q(is_masked=False)


def enrolments_of(lines: Q, user: Any) -> list[int]:
    """The newest enrolments with such lines on their rosters, within the user's scope."""
    rows = visible_to(EnrolmentLine, user).filter(lines).order_by("-enrolment_id")
    return list(rows.values_list("enrolment_id", flat=True).distinct()[:MOST_ENROLMENTS])
