"""Layouts are registered by the apps, so that core tools can name columns without importing a domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .clean import Column
from .errors import Problem
from .header import Field

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Cleaner = Callable[[Column], tuple[list[Any], dict[int, Problem]]]


@dataclass(frozen=True)
class Layout:
    key: str
    label: str | StrPromise
    fields: Sequence[Field]
    cleaners: Mapping[str, Cleaner] = field(default_factory=dict)


_layouts: dict[str, Layout] = {}


def register(layout: Layout) -> None:
    """Registering a key again replaces it: AppConfig.ready() may run twice in tests."""
    _layouts[layout.key] = layout


def get_layouts() -> dict[str, Layout]:
    return dict(_layouts)
