"""What ends with a class or an enrolment that is cancelled: people, seats, money, and learners on the platform."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fees.flows.payment import yuan
from fees.models import Bill
from fees.rules import ZERO
from training.flows.enrolment import UNDER_WAY, S
from training.flows.learning import ENDED, L
from training.models import Enrolment, EnrolmentLine, TrainingClass


@dataclass(frozen=True)
class Impact:
    """`people` hold a seat; `back` is in yuan; `on_platform` were handed over and have not ended."""

    enrolments: int
    people: int
    back: Decimal
    on_platform: int

    def before(self) -> list[str]:
        """What will happen, one sentence for each thing that does."""
        found = []
        if self.people:
            text = ngettext(
                "%(count)d person loses the seat.", "%(count)d people lose their seats.", self.people
            )
            found.append(text % {"count": self.people})
        if self.back:
            found.append(_("%(amount)s yuan that finance has verified become due to be paid back.")
                         % {"amount": yuan(self.back)})  # fmt: skip
        else:
            found.append(_("No money was verified: nothing is to be paid back."))
        if self.on_platform:
            text = ngettext(
                "%(count)d person is on the learning platform already and must be withdrawn there; the list follows.",
                "%(count)d people are on the learning platform already and must be withdrawn there; the list follows.",
                self.on_platform,
            )  # fmt: skip
            found.append(text % {"count": self.on_platform})
        return found


def impact_of(enrolments: "QuerySet[Enrolment]") -> Impact:
    """What ends if these enrolments are cancelled now; four queries, however many they are."""
    keys = list(enrolments.order_by().values_list("pk", flat=True))
    seated = EnrolmentLine.objects.filter(enrolment__in=keys, enrolment__state__in=UNDER_WAY)
    bills = Bill.objects.filter(content_type=ContentType.objects.get_for_model(Enrolment), object_id__in=keys)
    back = bills.filter(paid__gt=0).aggregate(sum=Sum("paid"))["sum"] or ZERO
    return Impact(len(keys), seated.count(), back, on_platform(seated).count())


def on_platform(lines: "QuerySet[EnrolmentLine]") -> "QuerySet[EnrolmentLine]":
    return lines.filter(handed_off_at__isnull=False).exclude(state__in=(*ENDED, L.ENROLLING))


def impact_of_class(row: TrainingClass) -> Impact:
    return impact_of(Enrolment.objects.filter(training_class=row, state__in=(S.DRAFT, *UNDER_WAY)))


def impact_of_enrolment(row: Enrolment) -> Impact:
    return impact_of(Enrolment.objects.filter(pk=row.pk))


def to_withdraw(row: TrainingClass) -> "QuerySet[EnrolmentLine]":
    """Of a cancelled class: those whom the learning platform still has."""
    if row.state != TrainingClass.State.CANCELLED:
        return EnrolmentLine.objects.none()
    lines = EnrolmentLine.objects.filter(enrolment__training_class=row, state=L.DROPPED)
    return lines.filter(handed_off_at__isnull=False).select_related("enrolment__company").order_by("pk")


def odd_edit(row: TrainingClass, changed: Iterable[str], today: Any) -> list[str]:
    """What makes one hesitate before a class with people in it is changed so."""
    taken, names, found = row.seats_taken(), set(changed), []
    if "capacity" in names and row.capacity < taken:
        found.append(_("%(taken)d seats are taken, and the class would have %(capacity)d: nobody loses a seat, but "
                       "nobody else can come in.") % {"taken": taken, "capacity": row.capacity})  # fmt: skip
    if taken and "start_date" in names and row.start_date is not None and row.start_date < today:
        found.append(_("The class would have begun on %(day)s, in the past; %(taken)d people are enrolled.")
                     % {"day": row.start_date.isoformat(), "taken": taken})  # fmt: skip
    if taken and "end_date" in names and row.end_date is not None and row.end_date < today:
        found.append(_("The class would be over since %(day)s: whoever is under way could not be submitted again.")
                     % {"day": row.end_date.isoformat()})  # fmt: skip
    return found
