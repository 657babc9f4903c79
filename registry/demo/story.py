"""Tells what happened to a record of a flow: real steps by the people whose turn it was, dated back afterwards.

Every step goes through `start()` and `perform()`, so that tasks, logs, history and messages are those of the
product; then their dates are moved to the working day the story names. Moving dates is no step.
"""

import datetime
import random
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.engine import perform, start
from backoffice.core.flow import Flow
from backoffice.core.links import Applicant
from backoffice.core.models import Message, Task, TransitionLog
from backoffice.core.working_days import add_working_days, is_working_day
from backoffice.roles import APPLICANT, Role
from registry.demo.pictures import hand_over
from registry.models import Company, HelpRequest, Person

#: (working days ago, step) or (working days ago, step, opinion).
Happening = tuple[int, str] | tuple[int, str, str]
#: How far back a story may begin, in working days.
LONGEST = 90
STAFF = (Role.OFFICE, Role.FINANCE, Role.TRAINING)


class Stories:
    """One run: knows the users who act, and the working days behind us."""

    #: Dates what a step wrote back to its day; rooms whose steps write more records put their own here.
    backdated: "type[Backdated]"

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311
        self.now = timezone.now()
        self.days = [timezone.localdate()]
        while len(self.days) <= LONGEST:
            day = self.days[-1] - datetime.timedelta(days=1)
            while not is_working_day(day):
                day -= datetime.timedelta(days=1)
            self.days.append(day)
        users = User.objects.filter(is_active=True).order_by("-is_manager", "-pk")
        self.company_users = {user.company_id: user for user in users if user.role == Role.COMPANY}
        self.body_users = {user.local_body_id: user for user in users if user.role == Role.LOCAL_BODY}
        self.staff = {user.role: user for user in users if user.role in STAFF}

    def tell(
        self, record: Any, begun: int, *happened: Happening, papers: Iterable[str] = (), by: Any = None
    ) -> Any:
        """Start the record `begun` working days ago, hand in its papers, take the steps; return it as stored."""
        actor = by or Applicant(record)
        at = self.moment(begun)
        with self.backdated(record, at):
            start(record, by=actor)
        for kind in papers:
            hand_over(record, kind, str(getattr(record, "name", record)), by, self.draw)
        return self.go_on(record, *happened, after=at)

    def go_on(self, record: Any, *happened: Happening, after: datetime.datetime | None = None) -> Any:
        """Take more steps on the record; return it as stored."""
        at = after
        for ago, step, *opinion in happened:
            moment = self.moment(ago)
            at = min(
                moment if at is None else max(moment, at + datetime.timedelta(minutes=3)), timezone.now()
            )
            with self.backdated(record, at) as backdated:
                actor, data = self.actor(record, record.steps()[step].by), self.data_of(record, step, at)
                record = backdated.record = perform(record, step, by=actor, opinion="".join(opinion), **data)
        return type(record)._default_manager.get(pk=record.pk)

    def data_of(self, record: Any, step: str, at: datetime.datetime) -> dict[str, Any]:
        """Hook: what the form of this step would hand in besides the opinion."""
        return {}

    def moment(self, ago: int) -> datetime.datetime:
        """In office hours of the day that lies so many working days back; for 0 a while ago."""
        if ago == 0:
            return self.now - datetime.timedelta(minutes=self.draw.randint(20, 90))
        time = datetime.time(self.draw.randint(9, 16), self.draw.randint(0, 59))
        return timezone.make_aware(datetime.datetime.combine(self.days[ago], time))

    def actor(self, record: Any, roles: Iterable[str]) -> Any:
        """Whose turn it is: the holder of the link, or a user of the record's company or body, or of the desk."""
        for role in roles:
            if role == APPLICANT:
                return Applicant(record)
            if role == Role.COMPANY:
                return self.company_users[record.company_id]
            if role == Role.LOCAL_BODY:
                return self.body_users[record.local_body_id]
            if role in self.staff:
                return self.staff[role]
        raise LookupError(f"The demo has nobody who could act on {record!r}.")


class Backdated:
    """What one step wrote about `record` inside this block is dated `at`."""

    def __init__(self, record: Flow, at: datetime.datetime) -> None:
        self.record, self.at = record, at

    def __enter__(self) -> "Backdated":
        self.began = timezone.now()
        self.last_message = Message.objects.aggregate(last=models.Max("pk"))["last"] or 0
        return self

    def __exit__(self, failure: Any, *_rest: Any) -> None:
        if failure is not None:
            return
        self.settle(self.record)
        for report in HelpRequest.objects.filter(created_at__gte=self.began).exclude(
            pk=self.own_key(HelpRequest)
        ):
            self.settle(report)
        for model, joined in ((Person, "created_at"), (Company, "created_at"), (User, "joined_at")):
            rows: tuple[Any, ...] = (model._default_manager, model.history)  # type: ignore[attr-defined]
            for manager in rows:
                manager.filter(**{f"{joined}__gte": self.began}).update(**{joined: self.at})
            rows[1].filter(history_date__gte=self.began).update(history_date=self.at)
        self.send_messages()

    def own_key(self, model: type[models.Model]) -> int:
        return self.record.pk if isinstance(self.record, model) else 0

    def settle(self, record: Any) -> None:
        """The record's own dates, its log line, the task that closed and the one that opened."""
        model = type(record)
        names = {field.name for field in model._meta.concrete_fields}
        fresh = {"created_at": self.at} if getattr(record, "created_at", self.at) >= self.began else {}
        changes = {name: self.at for name in ("updated_at",) if name in names} | fresh
        if changes:
            model._default_manager.filter(pk=record.pk).update(**changes)
        past = model.history.filter(id=record.pk)
        past.filter(created_at__gte=self.began).update(created_at=self.at)
        past.filter(history_date__gte=self.began).update(history_date=self.at)
        TransitionLog.of(record).filter(at__gte=self.began).update(at=self.at)
        Task.of(record).filter(closed_at__gte=self.began).update(closed_at=self.at)
        desk = record.desk()
        days = desk.working_days if desk else None
        due_on = add_working_days(timezone.localdate(self.at), days) if days else None
        Task.of(record).filter(opened_at__gte=self.began).update(opened_at=self.at, due_on=due_on)

    def send_messages(self) -> None:
        """They went out that day; the demo's first start does not repeat them."""
        sent = Message.objects.filter(pk__gt=self.last_message)
        sent.update(sealed="", status=Message.Status.SENT, attempts=1, sent_at=self.at, created_at=self.at)


Stories.backdated = Backdated
