"""The empty workbook people fill in: a red caption must be filled, a drop-down offers what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

import xlsxwriter
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from xlsxwriter.worksheet import Worksheet

from .header import Field, column_letter
from .write import WORKBOOK_OPTIONS, safe_text

PREPARED_ROWS = 5000
CODES = ("id", "number", "code", "phone")


def label_of(field: Field) -> str:
    """The canonical Chinese caption, or the first English one where English is spoken."""
    if (get_language() or "zh").startswith("en"):
        return next((label for label in field.labels if label.isascii()), field.labels[0])
    return field.labels[0]


def write_template(
    file: IO[bytes] | str,
    fields: Sequence[Field],
    choices: Mapping[str, Sequence[str]] | None = None,
    examples: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[str] = (),
    *,
    title: str = "",
) -> None:
    """First sheet: the header only. Then examples, notes 填写说明 and a hidden sheet with the choices."""
    with xlsxwriter.Workbook(file, dict(WORKBOOK_OPTIONS)) as book:
        book_formats = {
            "text": book.add_format({"num_format": "@"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "header": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1}),
            "required": book.add_format(
                {"bold": True, "bg_color": "#DDEBF7", "border": 1, "font_color": "#C00000"}
            ),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        sheet = book.add_worksheet(safe_text(title)[:31] or _("Data"))
        _write_header(sheet, fields, book_formats)
        if examples:
            _write_examples(book.add_worksheet(_("Examples")), fields, examples, book_formats)
        _write_notes(book.add_worksheet(_("Notes")), fields, notes, book_formats)
        if choices:
            _add_drop_downs(book, sheet, fields, choices)


def _write_header(sheet: Worksheet, fields: Sequence[Field], formats: Mapping[str, Any]) -> None:
    for column, field in enumerate(fields):
        style = formats["required" if field.required else "header"]
        sheet.write_string(0, column, safe_text(label_of(field)), style)
        # Text columns keep all 18 digits of an ID; Excel would round a number.
        date = "date" in field.name
        wide = 21 if "id" in field.name.split("_") else 16
        sheet.set_column(column, column, wide, formats["date" if date else "text"])
    sheet.freeze_panes(1, 0)


def _write_examples(
    sheet: Worksheet,
    fields: Sequence[Field],
    examples: Sequence[Mapping[str, Any]],
    formats: Mapping[str, Any],
) -> None:
    _write_header(sheet, fields, formats)
    for row, example in enumerate(examples, start=1):
        for column, field in enumerate(fields):
            sheet.write_string(row, column, safe_text(str(example.get(field.name, ""))))


def _write_notes(
    sheet: Worksheet, fields: Sequence[Field], notes: Sequence[str], formats: Mapping[str, Any]
) -> None:
    required = "、".join(label_of(field) for field in fields if field.required)
    lines = [_("Red columns must be filled in: {columns}").format(columns=required)] if required else []
    sheet.set_column(0, 0, 100, formats["wrap"])
    for row, line in enumerate([*lines, *notes]):
        sheet.write_string(row, 0, safe_text(str(line)), formats["wrap"])


def _add_drop_downs(
    book: xlsxwriter.Workbook, sheet: Worksheet, fields: Sequence[Field], choices: Mapping[str, Sequence[str]]
) -> None:
    """The choices stand on a hidden sheet: a list written into the rule itself ends at 255 characters."""
    lists = book.add_worksheet("_lists")
    lists.hide()
    used = [(column, field.name) for column, field in enumerate(fields) if choices.get(field.name)]
    for at, (column, name) in enumerate(used):
        for row, choice in enumerate(choices[name]):
            lists.write_string(row, at, safe_text(str(choice)))
        letter = column_letter(at)
        source = f"=_lists!${letter}$1:${letter}${len(choices[name])}"
        rule = {"validate": "list", "source": source, "error_type": "warning"}
        sheet.data_validation(1, column, PREPARED_ROWS, column, rule)
