"""The base of every random walk: what a walk stores is gone when it ends."""

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine


class RolledBackWalk(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)
