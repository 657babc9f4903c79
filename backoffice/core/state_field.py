"""The state of a flow's record."""

from typing import Any

from django_fsm import FSMField


class StateField(FSMField):
    """A protected state; to migrations it is the text column that it is.

    Each historical copy of an FSMField would stay connected to a signal that every further model sends: with ninety
    migrations, making an empty database took twice as long.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("protected", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("protected", None)
        return name, "django.db.models.CharField", args, kwargs
