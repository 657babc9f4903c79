"""Office files in and out: any workbook -> clean columns with true coordinates, and back.

    workbook = open_workbook(upload, "名单.xls")
    table = workbook.table(FIELDS)
    dates, problems = clean_date(table.column("issue_date"))

``read`` knows files, ``header`` knows captions, ``clean`` knows values, ``write`` knows output.
None of them knows a domain: layouts are registered by the apps (see ``layouts``).
"""

from .clean import (
    clean_certificate_number,
    clean_choice,
    clean_credit_code,
    clean_date,
    clean_decimal,
    clean_email,
    clean_id_number,
    clean_name,
    clean_phone,
    clean_text,
)
from .errors import Problem, UnreadableFile
from .header import Field, HeaderCell
from .identity import birthday_of, gender_of, parse_credit_code, parse_id_number
from .layouts import Layout, get_layouts, register
from .limits import Limits
from .marked import mark_copy
from .read import SheetInfo, Workbook, open_workbook
from .table import Place, RejectedRow, SkippedRow, Table, cell_name
from .template import write_template
from .text import normalise_text
from .write import write_csv, write_xlsx

__all__ = [
    "Field",
    "HeaderCell",
    "Layout",
    "Limits",
    "Place",
    "Problem",
    "RejectedRow",
    "SheetInfo",
    "SkippedRow",
    "Table",
    "UnreadableFile",
    "Workbook",
    "birthday_of",
    "cell_name",
    "clean_certificate_number",
    "clean_choice",
    "clean_credit_code",
    "clean_date",
    "clean_decimal",
    "clean_email",
    "clean_id_number",
    "clean_name",
    "clean_phone",
    "clean_text",
    "gender_of",
    "get_layouts",
    "mark_copy",
    "normalise_text",
    "open_workbook",
    "parse_credit_code",
    "parse_id_number",
    "register",
    "write_csv",
    "write_template",
    "write_xlsx",
]
