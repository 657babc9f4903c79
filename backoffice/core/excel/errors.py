"""What can be wrong with a file (one exception) and with a value (one small record)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# The sentences name the remedy: the reader of them holds the file and can act.
FILE_MESSAGES: dict[str, StrPromise] = {
    "empty": _("The file is empty (0 bytes). Save it again in Excel or WPS and upload it once more."),
    "encrypted": _(
        "The file is protected by a password. Open it, remove the password, save it and upload it again."
    ),
    "html": _(
        "The file is a web page with an Excel name. Open it in Excel, save it as .xlsx and upload that."
    ),
    "xml2003": _(
        "The file is an 'XML Spreadsheet 2003'. Open it in Excel, save it as .xlsx and upload that."
    ),
    "pdf": _("The file is a PDF. Upload the Excel file it was made from."),
    "word": _("The file is a Word document. Copy the table into Excel, save it as .xlsx and upload that."),
    "picture": _("The file is a picture. Upload the Excel file it shows."),
    "archive": _("The file is a compressed archive. Unpack it and upload the Excel file inside."),
    "not_a_workbook": _("This is not an Excel or CSV file. Save the table as .xlsx and upload that."),
    "broken": _(
        "The file is damaged or incomplete. Open it in Excel or WPS, save it as a new .xlsx and upload that."
    ),
    "too_big": _("The file unpacks to more data than is accepted. Split it into smaller files."),
    "too_large": _("The file is larger than {size} MB. Split it into smaller files."),
    "too_many_rows": _("The sheet has more than {limit} rows of data. Split it into smaller files."),
    "stray_cell": _(
        "The sheet is too large because of a value far away from the table (column {column}, row {row}). "
        "Delete the rows and columns around the table, save the file and upload it again."
    ),
    "unsafe": _(
        "The file contains an XML document type declaration, which Excel never writes. "
        "Open it in Excel, save it as a new .xlsx and upload that."
    ),
    "encoding": _(
        "The text encoding of the CSV file is unknown. Save it as .xlsx, or as CSV UTF-8, and upload that."
    ),
    "no_sheet": _(
        "The workbook has no visible sheet with data. Fill in the first sheet and upload it again."
    ),
    "no_header": _(
        "No line with column captions was found. Write the captions above the data and upload the file again."
    ),
    "unknown_sheet": _("The workbook has no sheet named '{sheet}'."),
    "csv_line": _(
        "Line {row} of the CSV file has a quotation mark that is not closed, or text behind a closing one. "
        "Correct the line, or save the table as .xlsx."
    ),
}

VALUE_MESSAGES: dict[str, StrPromise] = {
    "required": _("This value is missing. Fill it in."),
    "excel_error": _(
        "The formula of this cell gives the error {error}. Correct it, or type the value itself."
    ),
    "no_result": _(
        "The file holds no result of the formula in this cell. Open it in Excel or WPS, save it there and upload it "
        "again."
    ),
    "too_long": _("The text is longer than {limit} characters. Shorten it."),
    "unknown_choice": _("This value is not known here. Use one of: {choices}."),
    "bad_date": _("This is not a date. Write it as 2016-01-30."),
    "impossible_date": _("This day does not exist in the calendar. Check the year, month and day."),
    "date_out_of_range": _("The year must lie between 1950 and 2100. Check the date."),
    "bad_person_name": _(
        "A person's name has letters only, and a dot or a hyphen between its parts. Write it as on the ID card."
    ),
    "bad_contact": _(
        "A contact is the name of a person. Phone numbers and addresses have fields of their own."
    ),
    "bad_company_name": _(
        "A company's name has no web or mail address, no slash and no phone number in it. Write it as on the licence."
    ),
    "digits_lost": _(
        "Excel has replaced the last digits of this number by zeros. "
        "Format the column as text and type the number again."
    ),
    "old_id_number": _(
        "This is an old ID number with 15 digits. Enter the 18-digit number of the current ID card."
    ),
    "bad_id_number": _("An ID number has 17 digits followed by a digit or X. Check it against the ID card."),
    "bad_id_birthday": _(
        "Digits 7 to 14 of the ID number are not a date of birth. Check it against the ID card."
    ),
    "bad_id_checksum": _(
        "The last character of the ID number does not fit the others: one of them is wrong. "
        "Check it against the ID card."
    ),
    "bad_certificate_number": _(
        "A certificate number starts with a letter, followed by 2 to 31 letters, digits or hyphens. Check it."
    ),
    "bad_credit_code": _("A unified social credit code has 18 digits and capital letters. Check it."),
    "bad_credit_checksum": _(
        "The last character of the credit code does not fit the others. Check the business licence."
    ),
    "bad_phone": _(
        "This is not a phone number. Write 11 digits for a mobile, or 020-12345678 for a land line."
    ),
    "bad_email": _("This is not an e-mail address. Write it as name@example.com."),
    "bad_number": _("This is not a number. Write digits only, such as 1200.50."),
}


class UnreadableFile(Exception):
    """A file that gives no table; ``str(e)`` is one translated sentence naming the remedy."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return str(FILE_MESSAGES[self.code]).format(**self.params)


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused value. Only bad cells get one: a good cell costs no object."""

    code: str
    raw: object = None
    params: tuple[tuple[str, object], ...] = ()

    def message(self) -> str:
        return str(VALUE_MESSAGES[self.code]).format(**dict(self.params))

    __str__ = message


class BadValue(ValueError):
    """Raised by the scalar parsers; ``str(e)`` is the same sentence a Problem gives."""

    def __init__(self, code: str, raw: object = None) -> None:
        super().__init__(code)
        self.code = code
        self.problem = Problem(code, raw)

    def __str__(self) -> str:
        return self.problem.message()
