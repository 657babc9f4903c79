"""What we use of the theme (django-unfold) although it promises nothing about it: the one place that knows those names.

Its documented parts (ModelAdmin, decorators, widgets, filters, the site) are imported where they are used. The rest
comes from here, and each name that a version lacks has a stand-in. Our own list rows (core/rows.py) repeat the markup
of one series; with any other the theme draws its own rows: slower, and right.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from django.contrib.admin import utils as django_utils
from django.contrib.admin.helpers import AdminReadonlyField
from unfold import fields, forms, utils, widgets
from unfold.contrib.filters import forms as filter_forms
from unfold.templatetags import unfold_list
from unfold.views import ChangeList

__all__ = ["ChangeList"]

VERSION = version("django-unfold")
#: The series whose rows core/rows.py writes.
KNOWN_ROWS = "0.91."
#: What core/rows.py needs of it.
ROW_NAMES = (
    "ROW_CLASSES", "CHECKBOX_CLASSES", "LINK_CLASSES", "_coerce_field_name", "UnfoldResultList", "result_headers",
    "results",
)  # fmt: skip


def classes(module: Any, name: str) -> tuple[str, ...]:
    """A list of CSS classes of the theme's; none where the version has no such list."""
    return tuple(getattr(module, name, ()))


INPUT_CLASSES = classes(widgets, "INPUT_CLASSES")
CHECKBOX_CLASSES = classes(widgets, "CHECKBOX_CLASSES")
ROW_CLASSES = classes(unfold_list, "ROW_CLASSES")
ROW_CHECKBOX_CLASSES = classes(unfold_list, "CHECKBOX_CLASSES")
LINK_CLASSES = classes(unfold_list, "LINK_CLASSES")

ReadonlyField: type[Any] = getattr(fields, "UnfoldAdminReadonlyField", AdminReadonlyField)
DropdownForm: type[Any] = filter_forms.DropdownForm
AutocompleteDropdownForm: type[Any] = filter_forms.AutocompleteDropdownForm

coerce_field_name: Callable[[Any, int], str] = getattr(
    unfold_list, "_coerce_field_name", lambda name, index: str(getattr(name, "__name__", name))
)
ResultList: Callable[..., Any] = getattr(unfold_list, "UnfoldResultList", lambda instance, form, items: items)


def plain_label(value: Any, empty: str, label: Any) -> Any:
    """Instead of a coloured label: its text."""
    return django_utils.display_for_value(value[-1] if isinstance(value, tuple) else value, empty)


display_for_field: Callable[..., Any] = getattr(utils, "display_for_field", django_utils.display_for_field)
display_for_value: Callable[..., Any] = getattr(utils, "display_for_value", django_utils.display_for_value)
display_for_label: Callable[..., Any] = getattr(utils, "display_for_label", plain_label)
display_for_header: Callable[..., Any] = getattr(utils, "display_for_header", django_utils.display_for_value)
display_for_dropdown: Callable[..., Any] = getattr(
    utils,
    "display_for_dropdown",
    lambda row, name, value, empty: django_utils.display_for_value(value, empty),
)


def rows_are_known() -> bool:
    """Whether the installed version draws its rows as core/rows.py does."""
    return VERSION.startswith(KNOWN_ROWS) and all(hasattr(unfold_list, name) for name in ROW_NAMES)


def take_over_rows(result_headers: Callable[[Any], Any], results: Callable[[Any], Any]) -> None:
    """Let lists ask these two instead of the theme's own."""
    unfold_list.result_headers = result_headers
    unfold_list.results = results


original_result_headers: Callable[[Any], Any] = unfold_list.result_headers
original_results: Callable[[Any], Any] = unfold_list.results


def result_headers_of(changelist: Any) -> Any:
    """The headers as lists get them now: ours, once they have taken over."""
    return unfold_list.result_headers(changelist)


def use_readonly_field(field: type[Any]) -> None:
    """Forms show what may only be read as this field; the theme has no hook for it."""
    forms.UnfoldAdminReadonlyField = field
