"""The base of every random walk: what a walk stores is gone when it ends."""

from typing import Any

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine


class RolledBackWalk(RuleBasedStateMachine):
    #: A rule says so where a step was refused: if nothing was written either, all is as it was when last looked at.
    refused = False

    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        self.written = False
        self.watch = connection.execute_wrapper(self.note_writing)
        self.watch.__enter__()

    def note_writing(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")):
            self.written = True
        return execute(sql, params, many, context)

    def check_invariants(self, *args: Any, **kwargs: Any) -> None:
        """What must hold is looked at after every step, but once only where the step left all as it was."""
        unchanged = self.refused and not self.written
        self.refused = self.written = False
        if not unchanged:
            super().check_invariants(*args, **kwargs)

    def teardown(self) -> None:
        self.watch.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)
