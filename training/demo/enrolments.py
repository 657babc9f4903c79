"""Enrolments in every state, and what follows from them at the cash desk (specification 3.5): told from `cases`."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from backoffice.core.engine import start
from backoffice.core.models.numbers import take
from fees.models import Receipt, Refund
from registry.demo.pictures import hand_over
from registry.models import Company
from training.demo.cases import CASES, RECEIPTS_AFTER, VOID, Case
from training.demo.classes import classes_by_key
from training.demo.people import People
from training.demo.story import EnrolmentStories
from training.enrolling import recount
from training.models import Enrolment, EnrolmentLine, TrainingClass

SEED = 23


def tell_enrolments(stories: EnrolmentStories) -> None:
    """Tell every case, then what became of receipts and refunds is `tell_papers`."""
    companies = list(Company.objects.order_by("pk"))
    classes, people = classes_by_key(), People(SEED)
    for case in CASES:
        Teller(stories, people).tell(case, companies[case.company], classes[case.session])


class Teller:
    """Tells one case."""

    def __init__(self, stories: EnrolmentStories, people: People) -> None:
        self.stories, self.people, self.draw = stories, people, stories.draw
        self.pages: dict[str, Callable[..., Any]] = {
            "add": self.add, "cut": self.cut, "remark": self.remark, "papers": self.papers_came,
        }  # fmt: skip

    def tell(self, case: Case, company: Company, session: TrainingClass) -> None:
        enrolment = self.begin(case, company, session)
        for ago, what, *rest in case.events:
            if what == "learn":
                self.stories.learn(enrolment, ago, *rest)
            elif what == "more":
                self.stories.too_much += rest[0]
            elif what == "split":
                self.stories.transfers = rest[0]
            elif what in self.pages:
                with self.stories.backdated(enrolment, self.stories.later(enrolment, ago)):
                    self.pages[what](enrolment, *rest)
            else:
                enrolment = self.stories.take(enrolment, ago, what, "".join(rest))

    def begin(self, case: Case, company: Company, session: TrainingClass) -> Enrolment:
        user = self.stories.company_users[company.pk]
        enrolment = Enrolment(
            company=company, training_class=session, contact_name=company.contact_name,
            contact_phone=company.contact_phone, created_by=user,
        )  # fmt: skip
        begun = self.stories.moment(case.begun)
        with self.stories.backdated(enrolment, begun):
            enrolment.number = take(year=timezone.localdate(begun).year)[0]  # told in the order of beginning
            start(enrolment, by=user)
            self.add(enrolment, case.roster)
            for code in case.papers:
                hand_over(enrolment, code, str(company), user, self.draw)
            for line in list(enrolment.lines.all())[:-1] if case.own_papers else ():
                hand_over(line, "CERTIFICATE", str(line), user, self.draw)
        return enrolment

    def add(self, enrolment: Enrolment, wanted: str) -> None:
        """The company puts people on the roster."""
        user = self.stories.company_users[enrolment.company_id]
        for line in self.people.lines(enrolment, wanted):
            line.snapshot()
            line._history_user = user  # type: ignore[attr-defined]
            line.save()
            if line.matter == EnrolmentLine.Matter.UPGRADE:
                hand_over(line, "TITLE", line.name, user, self.draw)
        recount(enrolment)

    def cut(self, enrolment: Enrolment, number: int) -> None:
        """The company takes people off again; somebody stays."""
        for line in list(enrolment.lines.order_by("-pk")[:number]):
            if enrolment.lines.count() > 1:
                line.delete()
        recount(enrolment)

    def remark(self, enrolment: Enrolment, text: str) -> None:
        line: Any = enrolment.lines.first()
        line.review_remark = text
        line._history_user = self.stories.body_users[enrolment.local_body_id]
        line.save()

    def papers_came(self, enrolment: Enrolment) -> None:
        """The paper materials of an earlier enrolment came in on the last day of their time."""
        row = Enrolment._default_manager.get(pk=enrolment.pk)
        row.papers_received_on = row.papers_due_on
        row._history_user = self.stories.body_users[row.local_body_id]
        row.save()


def tell_papers(stories: EnrolmentStories) -> None:
    """Finance wrote the older receipts, one of each kind is void; of the refunds the oldest was paid back."""
    long_ago = stories.moment(RECEIPTS_AFTER)
    void: set[str] = set()
    for receipt in Receipt.objects.filter(state=Receipt.State.DUE, created_at__lt=long_ago).order_by("pk"):
        ago = RECEIPTS_AFTER - 2
        receipt = stories.take(receipt, ago, "issue")
        if receipt.kind not in void:
            void.add(receipt.kind)
            stories.take(receipt, ago - 3, "void", VOID)
    refunds = Refund.objects.filter(state=Refund.State.DUE).order_by("created_at", "pk")
    for refund in refunds[:1]:
        stories.take(refund, 9, "pay_back")
