"""What would an import make of this file? Nothing is written."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from backoffice.core.excel.check import best_layout, check_table
from backoffice.core.excel.errors import UnreadableFile
from backoffice.core.excel.layouts import Layout, get_layouts
from backoffice.core.excel.read import Workbook, open_workbook
from backoffice.core.excel.table import Table, cell_name

SHOWN_ROWS = 50


class Command(BaseCommand):
    help = "Show how an office file is read: sheets, header, columns, skipped and rejected rows."
    requires_system_checks: list[str] = []  # a broken project must not hide a broken file

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--layout", help="key of a registered layout; default: the best match")
        parser.add_argument("--sheet", help="read this sheet instead of the best ones")
        parser.add_argument("--header-row", type=int, help="the row of the captions, from 1")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            workbook = open_workbook(path, path.name)
            layout, table = self._read(workbook, options["layout"], options["sheet"], options["header_row"])
            report = describe(workbook, layout, table)
        except UnreadableFile as error:
            raise CommandError(str(error), returncode=2) from error
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        else:
            for line in as_lines(report):
                self.stdout.write(line)

    def _read(
        self, workbook: Workbook, key: str | None, sheet: str | None, header_row: int | None
    ) -> tuple[Layout, Table]:
        layouts = get_layouts()
        if key and key not in layouts:
            known = ", ".join(sorted(layouts))
            raise CommandError(_("There is no layout '{key}'. Known: {known}").format(key=key, known=known))
        if key or sheet or header_row or not layouts:
            layout = layouts[key] if key else next(iter(layouts.values()), Layout("", "", ()))
            return layout, workbook.table(layout.fields, sheet=sheet, header_row=header_row)
        best = best_layout(workbook, layouts.values())
        if best is None:
            raise CommandError(_("No layout is registered."))
        return best


def describe(workbook: Workbook, layout: Layout, table: Table) -> dict[str, Any]:
    check = check_table(table, layout)
    return {
        "kind": workbook.kind,
        "encoding": workbook.encoding,
        "layout": layout.key,
        "sheets": [vars(sheet) for sheet in workbook.sheets],
        "sheet": table.sheet,
        "header_row": table.header_row,
        "sheets_read": table.sheets,
        "sheets_not_read": table.unread,
        "columns": [
            {"letter": cell.letter, "text": cell.text, "field": cell.field} for cell in table.headers
        ],
        "missing": [{"field": field.name, "label": field.labels[0]} for field in table.missing],
        "data_rows": len(table) + len(table.rejected),
        "good_rows": len(table) + len(table.rejected) - len(check.bad_rows),
        "skipped": [vars(row) for row in table.skipped],
        "rejected": [vars(finding) for finding in check.findings],
        "warnings": table.warnings,
    }


def as_lines(report: dict[str, Any]) -> list[str]:
    encoding = f", {report['encoding']}" if report["encoding"] else ""
    lines = [_("File: {kind}{encoding}").format(kind=report["kind"], encoding=encoding)]
    for sheet in report["sheets"]:
        state = "" if sheet["visible"] else _(" (hidden sheet)")
        text = _("Sheet '{name}'{state}: {rows} rows, {columns} columns, {hidden_rows} rows hidden")
        lines.append(text.format(**sheet, state=state))
    lines.append(_("Read: sheet '{sheet}', header in row {header_row}").format(**report))
    lines += [f"  {c['letter']:>3}  {c['text']}  ->  {c['field'] or '-'}" for c in report["columns"]]
    lines += [_("Missing column: {label}").format(**missing) for missing in report["missing"]]
    lines += [_("Note: {text}").format(text=text) for text in report["warnings"]]
    lines.append(_("Rows with data: {data_rows}, of which good: {good_rows}").format(**report))
    lines += _first(
        [_("Skipped row {row}: {reason} {text}").format(**skipped) for skipped in report["skipped"]]
    )
    lines += _first(
        [
            _("Rejected {cell}: {value} - {reason}").format(**bad, cell=cell_name(bad["column"], bad["row"]))
            for bad in report["rejected"]
        ]
    )
    return lines


def _first(lines: list[str]) -> list[str]:
    """A terminal needs no thousand lines; --json gives them all."""
    if len(lines) <= SHOWN_ROWS:
        return lines
    return [*lines[:SHOWN_ROWS], _("… and {count} more (use --json)").format(count=len(lines) - SHOWN_ROWS)]
