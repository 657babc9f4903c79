"""A row of a list as a card on a phone: at most four lines of one or two columns, the rest one tap away.

    phone_lines = (("number", "show_state"), ("show_holder",), ("issue_date", "expiry_date"))

The first column is the card's title. Lists that declare nothing show their first four columns.
"""

from typing import Any

from django.utils.safestring import SafeString, mark_safe

from backoffice.core.theme import coerce_field_name

MOST_LINES = 4
CHECKBOX = "action_checkbox"
PLACE = "#result_list .data-row > .{name} {{ display: block; order: {order}; {more} }}"
ALONE, LEFT, RIGHT = "", "flex-basis: 42%;", "flex-basis: 40%; text-align: end;"
#: Beside the box that chooses the row.
TITLE = "flex-basis: calc(100% - 3rem); font-weight: 600;"
NO_LABEL = "#result_list .data-row > .{name}::before {{ display: none; }}"


def lines_of(cl: Any) -> list[list[int]]:
    """The positions of the columns, line by line; columns that this reader does not have leave no gap."""
    at = {name: n for n, name in enumerate(cl.list_display)}
    declared = getattr(cl.model_admin, "phone_lines", ())
    if not declared:
        names = [name for name in cl.list_display if name != CHECKBOX]
        declared = [(name,) for name in names[:MOST_LINES]]
    lines = ([at[name] for name in line if name in at] for line in declared)
    return [line for line in lines if line]


def style_of(cl: Any) -> SafeString:
    """The rules that lay out the cards of this list; names of columns are identifiers, so nothing needs escaping."""
    rules = []
    for order, line in enumerate(lines_of(cl)):
        for column, shares in zip(line, (LEFT, RIGHT) if len(line) == 2 else (ALONE,), strict=True):
            name = f"field-{coerce_field_name(cl.list_display[column], column)}"
            is_title = not order and column == line[0]
            more = shares + ("font-weight: 600;" if len(line) == 2 else TITLE) if is_title else shares
            rules.append(PLACE.format(name=name, order=order, more=more))
            if not order:
                rules.append(NO_LABEL.format(name=name))
    return mark_safe(f"@media screen and (max-width: 1023px) {{ {' '.join(rules)} }}")  # noqa: S308
