"""Finding people and companies that are in the register twice (specification 6). The General Office decides about
each pair.

People stream by in the order of their names, so that only namesakes are compared, and only those who share
something; 400,000 people take seconds and little memory. A pair that was decided is never opened again.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations, groupby
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from backoffice.core.excel.text import normalise_text
from backoffice.core.tasks import enqueue_or_log, on_reap, waiting_jobs
from registry.models import Company, DuplicatePair, DuplicateSearch, FormerName, Person

Kind = DuplicatePair.Kind
Status = DuplicatePair.Status

#: Code -> what the office reads; pairs keep the codes, so that each reads them in its own language.
REASONS: Final[dict[str, Any]] = {
    "name_phone": _("same name and mobile phone"),
    "name_birthday": _("same name, birthday and gender"),
    "name_id_number": _("same name, ID numbers differ by a slip of the pen"),
    "company_name": _("same company name, written differently"),
    "company_phone": _("same contact phone and a similar name"),
    "former_name": _("one bears a former name of the other"),
    "by_hand": _("chosen by hand"),
}
#: So many records that share one thing are no duplicates but a default value; nobody could decide about them.
MOST_ALIKE: Final = 50
BATCH: Final = 2_000
#: A search that has not ended after this long was killed.
LONGEST_SEARCH: Final = datetime.timedelta(hours=1)
#: A search that was not taken up after this long has no job any more.
PATIENCE: Final = datetime.timedelta(minutes=5)

Found = dict[tuple[int, int], list[str]]


class Namesake(NamedTuple):
    id: int
    name: str
    id_number: str
    phone: str
    birthday: Any
    gender: str


# --- People ------------------------------------------------------------------------------------------


def duplicate_people() -> Iterator[tuple[dict[int, Namesake], Found]]:
    """For each name that several people bear: these people, and the pairs among them."""
    rows = (
        Person.objects.filter(merged_into=None)
        .order_by("name", "id")
        .values_list("id", "name", "id_number", "phone", "birthday", "gender")
    )
    stream = map(Namesake._make, rows.iterator(chunk_size=BATCH))
    for _name, group in groupby(stream, key=lambda person: person.name):
        people = list(group)
        if len(people) > 1 and (found := pairs_of_namesakes(people)):
            yield {person.id: person for person in people}, found


def pairs_of_namesakes(people: Sequence[Namesake]) -> Found:
    found: Found = defaultdict(list)
    share(found, "name_phone", ((person.phone, person.id) for person in people if person.phone))
    share(found, "name_birthday", (((person.birthday, person.gender), person.id) for person in people))
    for one, other in nearly_same_numbers(people):
        found[ordered(one.id, other.id)].append("name_id_number")
    return found


def share(found: Found, reason: str, keys: Iterable[tuple[Any, int]]) -> None:
    """Add the pairs of ids that have a key in common."""
    groups: defaultdict[Any, list[int]] = defaultdict(list)
    for key, pk in keys:
        groups[key].append(pk)
    for ids in groups.values():
        if 1 < len(ids) <= MOST_ALIKE:
            for pair in combinations(sorted(ids), 2):
                found[pair].append(reason)


def nearly_same_numbers(people: Sequence[Namesake]) -> Iterator[tuple[Namesake, Namesake]]:
    """Pairs whose ID numbers differ in one digit or in two neighbours that changed places.

    With two neighbouring digits left out both numbers read the same: only such pairs are compared.
    """
    if len(people) <= 16:
        candidates: Iterable = combinations(people, 2)
    else:
        groups: defaultdict[tuple[int, str], list[Namesake]] = defaultdict(list)
        for person in people:
            number = person.id_number[:17]
            for at in range(16):
                groups[at, number[:at] + number[at + 2 :]].append(person)
        alike = (group for group in groups.values() if 1 < len(group) <= MOST_ALIKE)
        candidates = {pair for group in alike for pair in combinations(group, 2)}
    return (pair for pair in candidates if is_slip(pair[0].id_number, pair[1].id_number))


def is_slip(one: str, other: str) -> bool:
    """Whether one digit differs or two neighbours changed places, the check digit apart.

    The check digit makes that sure: of two numbers that are both possible, it differs with any other digit.
    """
    differing = [at for at, (a, b) in enumerate(zip(one[:17], other[:17], strict=False)) if a != b]
    if len(one) != len(other) or len(differing) > 2:
        return False
    if len(differing) < 2:
        return one != other
    first, second = differing
    return second == first + 1 and (one[first], one[second]) == (other[second], other[first])


def ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def label_of_person(person: Any) -> str:
    return f"{person.name} {person.id_number}"


# --- Companies ---------------------------------------------------------------------------------------

_BRACKETS = re.compile(r"[()（）\[\]{}<>〔〕【】《》「」·.,，。\-_\s]")
_ENDINGS = re.compile(r"(股份有限公司|有限责任公司|有限公司|股份公司|责任公司|集团|公司)$")
_PROVINCE = re.compile(r"^广东省?")
#: Words that most members' names are made of.
_COMMON = re.compile(r"工程|建设|建筑|监理|咨询|项目|管理|顾问|技术|服务|[省市县区]")


def core_of(name: str) -> str:
    """What is left of a company's name without blanks, brackets, the province and the legal form."""
    core = _PROVINCE.sub("", _BRACKETS.sub("", normalise_text(name)).lower())
    while (shorter := _ENDINGS.sub("", core)) != core:
        core = shorter
    return core


def are_similar(one: str, other: str) -> bool:
    """Whether two cores may be one company: what tells them from others is in the other, or mostly agrees."""
    one, other = _COMMON.sub("", one) or one, _COMMON.sub("", other) or other
    if not one or not other:
        return False
    return one in other or other in one or SequenceMatcher(None, one, other).ratio() >= 0.7


def duplicate_companies() -> tuple[dict[int, Company], Found]:
    """All companies that are no part of another, and the pairs among them; there are a few thousand."""
    companies = {company.pk: company for company in Company.objects.filter(merged_into=None).order_by("pk")}
    cores = {pk: core_of(company.name) for pk, company in companies.items()}
    found: Found = defaultdict(list)
    share(found, "company_name", ((core, pk) for pk, core in cores.items() if len(core) > 1))
    phones: Found = defaultdict(list)
    share(
        phones,
        "company_phone",
        ((row.contact_phone, pk) for pk, row in companies.items() if row.contact_phone),
    )
    for pair in phones:
        if are_similar(cores[pair[0]], cores[pair[1]]):
            found[pair].append("company_phone")
    by_name = {"".join(normalise_text(company.name).split()): pk for pk, company in companies.items()}
    for name, pk in FormerName.objects.filter(company__merged_into=None).values_list("name", "company_id"):
        bearer = by_name.get("".join(normalise_text(name).split()))
        if bearer is not None and bearer != pk and "former_name" not in found[ordered(bearer, pk)]:
            found[ordered(bearer, pk)].append("former_name")
    return companies, {pair: reasons for pair, reasons in found.items() if reasons}


# --- The search --------------------------------------------------------------------------------------


def find_duplicates() -> int:
    """Look through the whole register and store the pairs nobody knew; return how many there were."""
    before = DuplicatePair.objects.count()
    batch: list[DuplicatePair] = []
    for people, found in duplicate_people():
        batch += pairs(Kind.PERSON, found, {pk: label_of_person(person) for pk, person in people.items()})
        if len(batch) >= BATCH:
            store(batch)
            batch = []
    companies, found = duplicate_companies()
    batch += pairs(Kind.COMPANY, found, {pk: company.name for pk, company in companies.items()})
    store(batch)
    return DuplicatePair.objects.count() - before


def pairs(kind: str, found: Found, labels: dict[int, str]) -> Iterator[DuplicatePair]:
    for (first, second), reasons in found.items():
        yield DuplicatePair(
            kind=kind, first_id=first, second_id=second, label=pair_label(labels[first], labels[second]),
            reason=",".join(reasons),
        )  # fmt: skip


def pair_label(first: str, second: str) -> str:
    return f"{first[:120]} ｜ {second[:120]}"


def store(batch: list[DuplicatePair]) -> None:
    """Pairs that are known, decided or not, stay as they are."""
    DuplicatePair.objects.bulk_create(batch, ignore_conflicts=True, batch_size=BATCH)


def last_search() -> DuplicateSearch | None:
    return DuplicateSearch.objects.first()


def is_running(search: DuplicateSearch | None) -> bool:
    if search is None or search.finished_at is not None:
        return False
    return search.started_at > timezone.now() - LONGEST_SEARCH


def begin(by: Any) -> DuplicateSearch | None:
    """Start a search in the background; None where one is under way."""
    if is_running(last_search()):
        return None
    search = DuplicateSearch.objects.create(by=by)
    transaction.on_commit(lambda: enqueue_or_log(search_in_background, search.pk))
    return search


def watch() -> int:
    """Give out again the search that was asked for, where no job is there to do it: a broker was down, or a worker
    was killed too often."""
    search = last_search()
    if search is None or not is_running(search) or search.started_at > timezone.now() - PATIENCE:
        return 0
    jobs = waiting_jobs(search_in_background.module_path)
    if jobs is None or [search.pk] in jobs:
        return 0  # Celery: it can be begun again by hand after LONGEST_SEARCH
    return int(enqueue_or_log(search_in_background, search.pk))


on_reap(watch)


@task()
def search_in_background(search_id: int) -> None:
    carry_out(DuplicateSearch.objects.get(pk=search_id))


def carry_out(search: DuplicateSearch) -> DuplicateSearch:
    """Do the search. May be called again for one whose worker died: what it stored is known then."""
    search.found = find_duplicates()
    search.finished_at = timezone.now()
    search.save(update_fields=["found", "finished_at"])
    return search


def in_words(reason: str) -> str:
    """A pair's reasons as people read them."""
    return "；".join(str(REASONS.get(code, code)) for code in reason.split(",") if code)
