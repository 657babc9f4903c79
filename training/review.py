"""What a reviewer looks at (specification 3.5, local_approve): every person with papers, problems, changes and remarks.

`look_through()` gathers it in a constant number of queries, for 3 people or 500; `save_remark()` is the only verb.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.flow import StepRefused, at_own_desk
from backoffice.core.models import Attachment, TransitionLog
from backoffice.core.scoping import visible_to
from backoffice.roles import Role
from registry.models import Certificate, Company, Person
from training.flows.enrolment import S
from training.line_rules import Problem
from training.models import Enrolment, EnrolmentLine
from training.roster import Row, line_changes, look

#: What a company may change on a line between a return and the next submit.
COMPARED: Final = (
    "person_id", "certificate_id", "category", "matter", "is_waived", "new_employer_id", "change_remark",
)  # fmt: skip
REMARK_LENGTH: Final = 300
OPINION_LENGTH: Final = 1000
#: How a line differs from the one that was returned.
ADDED, CHANGED, REMOVED = "added", "changed", "removed"
LABELS: Final = {
    ADDED: gettext_lazy("Added since the return"),
    CHANGED: gettext_lazy("Changed since the return"),
    REMOVED: gettext_lazy("Taken off since the return"),
}


@dataclass(frozen=True)
class Changed:
    """One field of a line: what stood there when it was returned, and what stands there now."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Picture:
    paper: Attachment
    #: Handed in since the last return.
    is_new: bool = False


@dataclass
class Seen:
    """One person of the roster under the reviewer's eyes."""

    row: Row
    pictures: list[Picture] = field(default_factory=list)
    #: What happened to person or certificate since the submit (`lines_still_good`).
    failures: list[str] = field(default_factory=list)
    #: ADDED or CHANGED since the last return; empty: as it was.
    change: str = ""
    changes: list[Changed] = field(default_factory=list)
    #: What the reviewer said of this person at the last return.
    earlier_remark: str = ""

    @property
    def line(self) -> EnrolmentLine:
        return self.row.line

    @property
    def problems(self) -> list[Problem]:
        return self.row.problems

    @property
    def new_pictures(self) -> int:
        return sum(picture.is_new for picture in self.pictures)

    @property
    def change_label(self) -> str:
        return str(LABELS.get(self.change, ""))

    @property
    def is_clean(self) -> bool:
        """Nothing stands against this person, not even a warning."""
        return not (self.problems or self.failures or self.line.review_remark)


@dataclass
class Review:
    people: list[Seen]
    #: Papers at the bottom of the roster, for everybody.
    shared: list[Picture]
    problems: list[Problem]
    #: Names of the people who stood on the roster that was returned and stand there no more.
    removed: list[str] = field(default_factory=list)
    #: When the enrolment went back to the company last; None: never.
    returned_at: datetime.datetime | None = None

    @property
    def failures(self) -> list[str]:
        return [sentence for seen in self.people for sentence in seen.failures]

    @property
    def remarks(self) -> list[Seen]:
        return [seen for seen in self.people if seen.line.review_remark]

    @property
    def unclean(self) -> list[Seen]:
        return [seen for seen in self.people if not seen.is_clean]

    @property
    def is_clean(self) -> bool:
        return bool(self.people) and not self.problems and not self.unclean

    def has_changes(self) -> bool:
        return bool(self.removed) or any(seen.change or seen.new_pictures for seen in self.people)

    def reasons(self) -> list[str]:
        """Why it is not clean, one sentence for each thing that stands against it."""
        found = [problem.text for problem in self.problems]
        for seen in self.unclean:
            found += [problem.text for problem in seen.problems]
            found += seen.failures
            if seen.line.review_remark:
                found.append(f"{seen.line}: {seen.line.review_remark}")
        return found

    def opinion(self) -> str:
        return opinion_of(self.failures, [seen.line for seen in self.remarks])


def opinion_of(failures: list[str], lines: Iterable[EnrolmentLine]) -> str:
    """What happened meanwhile and the remarks, as the text of a return, ready to be sent or edited."""
    text = "\n".join([*failures, *(f"{line}: {line.review_remark}" for line in lines)])
    return text if len(text) <= OPINION_LENGTH else f"{text[: OPINION_LENGTH - 1]}…"


def proposed_opinion(enrolment: Enrolment) -> str:
    """The same for an enrolment whose roster is not looked through."""
    failures = [sentence for _line, sentence in line_changes(enrolment)]
    return opinion_of(failures, enrolment.lines.exclude(review_remark=""))


def look_through(enrolment: Enrolment, user: Any) -> Review:
    """The roster as the reviewer sees it; pictures are those the user may open."""
    roster = look(enrolment)
    returned_at = last_return(enrolment)
    of_owner = pictures_of(enrolment, [row.line for row in roster.rows], user, returned_at)
    kinds = {
        model: ContentType.objects.get_for_model(model).pk for model in (Person, EnrolmentLine, Enrolment)
    }
    people = [
        Seen(
            row, [*of_owner[kinds[Person], row.line.person_id], *of_owner[kinds[EnrolmentLine], row.line.pk]]
        )
        for row in roster.rows
    ]
    failures: dict[int, list[str]] = defaultdict(list)
    for line, sentence in line_changes(enrolment):
        failures[line.pk].append(sentence)
    for seen in people:
        seen.failures = failures[seen.line.pk]
    review = Review(
        people, of_owner[kinds[Enrolment], enrolment.pk], roster.problems, returned_at=returned_at
    )
    if returned_at is not None:
        compare(review, enrolment, returned_at)
    return review


def pictures_of(
    enrolment: Enrolment, lines: list[EnrolmentLine], user: Any, returned_at: datetime.datetime | None
) -> dict[tuple[int, int], list[Picture]]:
    """The papers of people, lines and roster by (content type, key) of what they hang on: one query."""
    kinds = ContentType.objects.get_for_models(Person, EnrolmentLine, Enrolment)
    rows = Attachment.objects.filter(
        Q(content_type=kinds[Person], object_id__in={line.person_id for line in lines})
        | Q(content_type=kinds[EnrolmentLine], object_id__in=[line.pk for line in lines])
        | Q(content_type=kinds[Enrolment], object_id=enrolment.pk),
        removed_at=None,
    )
    found: dict[tuple[int, int], list[Picture]] = defaultdict(list)
    for paper in visible_to(Attachment, user, queryset=rows).select_related("kind"):
        is_new = returned_at is not None and paper.uploaded_at > returned_at
        found[paper.content_type_id, paper.object_id].append(Picture(paper, is_new))
    return found


def reasons_to_look(enrolments: Iterable[Enrolment], user: Any) -> dict[int, list[str]]:
    """Of many rosters those that are not clean, by primary key, each with what stands against it."""
    found = {}
    for row in enrolments:
        review = look_through(row, user)
        if not review.is_clean:
            found[row.pk] = review.reasons() or [_("Nobody is on the roster.")]
    return found


# --- What changed since the last return -----------------------------------------------------------------


def last_return(enrolment: Enrolment) -> datetime.datetime | None:
    """When the company got the roster back last; lines change only between then and the next submit."""
    backwards = TransitionLog.of(enrolment).filter(target=S.DRAFT).exclude(source__in=("", S.DRAFT))
    return backwards.order_by("-id").values_list("at", flat=True).first()


def compare(review: Review, enrolment: Enrolment, returned_at: datetime.datetime) -> None:
    """Mark what was added, changed or taken off since: from the history of all lines, in two queries and a few."""
    rows = EnrolmentLine.history.filter(enrolment_id=enrolment.pk).order_by("history_id")  # type: ignore[attr-defined]
    before: dict[int, Any] = {}
    born_later: set[int] = set()
    remarks: dict[int, str] = {}
    for row in rows:
        if row.history_date > returned_at:
            if row.history_type == "+" and row.id not in before:
                born_later.add(row.id)
            continue
        before[row.id] = row
        remarks[row.id] = row.review_remark or remarks.get(row.id, "")
        if row.history_type == "-":
            del before[row.id]
    differing = []
    for seen in review.people:
        old = before.pop(seen.line.pk, None)
        seen.earlier_remark = remarks.get(seen.line.pk, "")
        if old is None:
            seen.change = ADDED if seen.line.pk in born_later else ""
        elif any(getattr(old, name) != getattr(seen.line, name) for name in COMPARED):
            seen.change = CHANGED
            differing.append((seen, old))
    names = names_behind([row for _seen, row in differing], [seen.line for seen, _row in differing])
    for seen, old in differing:
        seen.changes = differences(old, seen.line, names)
    review.removed = [f"{row.name} {row.certificate_number}".strip() for row in before.values()]


def names_behind(*groups: Iterable[Any]) -> dict[tuple[str, Any], str]:
    """The people, certificates and companies these rows name, by (attribute, key)."""
    models = {"person_id": Person, "certificate_id": Certificate, "new_employer_id": Company}
    names: dict[tuple[str, Any], str] = {}
    for name, model in models.items():
        wanted = {getattr(row, name) for rows in groups for row in rows} - {None}
        found = model._default_manager.in_bulk(wanted) if wanted else {}  # type: ignore[attr-defined]
        names |= {(name, key): str(record) for key, record in found.items()}
    return names


def differences(old: Any, line: EnrolmentLine, names: dict[tuple[str, Any], str]) -> list[Changed]:
    changed = []
    for name in COMPARED:
        was, now = getattr(old, name), getattr(line, name)
        if was == now:
            continue
        declared: Any = EnrolmentLine._meta.get_field(name.removesuffix("_id"))
        changed.append(Changed(
            capfirst(str(declared.verbose_name)), shown(declared, name, was, names), shown(declared, name, now, names)
        ))  # fmt: skip
    return changed


def shown(declared: Any, name: str, value: Any, names: dict[tuple[str, Any], str]) -> str:
    """A stored value as people read it."""
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if declared.choices:
        return str(dict(declared.flatchoices).get(value, value))
    return names.get((name, value), str(value))


# --- Remarks --------------------------------------------------------------------------------------------


def may_remark(enrolment: Enrolment, user: Any) -> bool:
    """The body writes remarks while the roster is before it."""
    return user.role == Role.LOCAL_BODY and enrolment.state == S.LOCAL_REVIEW and at_own_desk(enrolment, user)


@transaction.atomic
def save_remark(enrolment_pk: int, line_pk: int | None, text: str, by: Any) -> EnrolmentLine:
    """Note what the body has to say of one person; the company reads it once the roster is returned.

    Raises StepRefused, and writes nothing, where it is not (or no longer) this body's turn.
    """
    rows = visible_to(Enrolment, by).select_for_update(of=("self",))
    enrolment = rows.filter(pk=enrolment_pk).first()
    line = None
    if enrolment is not None:
        line = visible_to(EnrolmentLine, by).filter(enrolment=enrolment, pk=line_pk).first()
    if enrolment is None or line is None:
        raise StepRefused(_("This person is not on the roster any more; load the page again."))
    if not may_remark(enrolment, by):
        raise StepRefused(
            _("Remarks are written while the roster waits at your desk; it stands at “%(state)s” now.")
            % {"state": enrolment.get_state_display()}
        )
    text = " ".join(text.split())
    if len(text) > REMARK_LENGTH:
        raise StepRefused(
            _("The remark on %(who)s has %(length)d characters; %(most)d are possible.")
            % {"who": line, "length": len(text), "most": REMARK_LENGTH}
        )
    if text != line.review_remark:
        line.review_remark = text
        line._history_user = by  # type: ignore[attr-defined]
        line._change_reason = _("Remark of the reviewer")  # type: ignore[attr-defined]
        line.save(update_fields=["review_remark"])
    return line
