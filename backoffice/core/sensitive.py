"""How a reader sees personal data: the table roles.SENSITIVE applied to values, and numbers masked in free text.

`shown_to(user, record, "phone")` is what a panel, a print or a display method writes instead of `record.phone`.
Lists, forms, history, decision pages and exports ask by themselves (rows, readonly, history, review, export).
"""

import re
from collections.abc import Callable
from typing import Any, Final

from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.roles import MASKED, MASKED_IN_TEXT, NONE, SENSITIVE, WHOLE, level_of

#: An ID number by its shape: region, a date of birth, three digits and the check character.
ID_NUMBER: Final = re.compile(
    r"(?<![0-9A-Za-z])([1-9]\d{3})(\d{2}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(\d{3}[\dXx])"
    r"(?![0-9A-Za-z])"
)
MOBILE: Final = re.compile(r"(?<![0-9A-Za-z])(1[3-9]\d)(\d{4})(\d{4})(?![0-9A-Za-z])")
MAIL: Final = re.compile(r"(?<![\w.+-])([\w+-])([\w.+-]*)(@[\w-]+(?:\.[\w-]+)+)", re.ASCII)
HIDDEN: Final = "**********"


def mask_id_number(number: str) -> str:
    """4401**********1234; of something shorter, its two ends."""
    return f"{number[:4]}{'*' * max(0, len(number) - 8)}{number[-4:]}" if number else ""


def mask_phone(phone: str) -> str:
    """138****5678; a land line keeps its first and its last digits."""
    if not phone:
        return ""
    return f"{phone[:3]}{'*' * 4}{phone[-4:]}" if len(phone) > 7 else "*" * len(phone)


def mask_mail(address: str) -> str:
    """z***@example.com"""
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if address else ""


def mask_birthday(day: Any) -> str:
    """1990-**-**: the year stays."""
    return f"{str(day)[:4]}-**-**" if day else ""


def mask_login(name: str) -> str:
    """A login name that is an ID number; others are no secret."""
    return without_id_numbers(name)


def without_id_numbers(text: str) -> str:
    """Free text with every ID number in it masked."""
    return ID_NUMBER.sub(rf"\1{HIDDEN}\3", text)


def mask_text(text: Any) -> str:
    """Free text with every ID number, mobile phone and mail address in it masked."""
    return MAIL.sub(r"\1***\3", MOBILE.sub(r"\1****\3", without_id_numbers(str(text or ""))))


def mask_account(number: str) -> str:
    """The last four digits of a bank account."""
    return f"{'*' * max(0, len(number) - 4)}{number[-4:]}"


def mask_recipient(recipient: str) -> str:
    return mask_mail(recipient) if "@" in recipient else mask_phone(recipient)


#: How a field is masked, by what its name ends with; others as free text.
MASKS: Final[tuple[tuple[str, Callable[[Any], str]], ...]] = (
    ("id_number", mask_id_number), ("phone", mask_phone), ("email", mask_mail), ("birthday", mask_birthday),
    ("username", mask_login), ("recipient", mask_recipient), ("account", mask_account),
)  # fmt: skip


def masked(name: str, value: Any) -> str:
    """The value of the field `name` as those see it who need not know it."""
    mask = next((mask for end, mask in MASKS if name.endswith(end)), mask_text)
    return mask(value) if value not in (None, "") else ""


def level_for(user: Any, model: Any, name: str) -> str:
    """WHOLE, MASKED or NONE: how the user reads the field of the model, or of the model behind its history rows."""
    return level_of(getattr(user, "role", None), model._meta.label, name)


def value_for(user: Any, model: Any, name: str, value: Any) -> Any:
    """The value as the user may read it: itself, masked, or nothing ("")."""
    level = level_for(user, model, name)
    return value if level == WHOLE else masked(name, value) if level == MASKED else ""


def shown_to(user: Any, record: models.Model, name: str) -> Any:
    """The record's field as the user may read it."""
    return value_for(user, type(record), name, getattr(record, name))


def text_for(user: Any, text: Any) -> str:
    """Free text (an opinion, a reason, a remark) as the user may read it."""
    return mask_text(text) if getattr(user, "role", None) in MASKED_IN_TEXT else str(text or "")


def is_hidden(user: Any, model: Any, name: str) -> bool:
    """Whether the user does not see the field at all."""
    return level_for(user, model, name) == NONE


def sensitive_fields(model: Any) -> list[str]:
    """The names of the model's fields that SENSITIVE speaks of."""
    label = f"{model._meta.label}."
    return [key.removeprefix(label) for key in SENSITIVE if key.startswith(label)]


def ask_link(url: str, text: Any, label: Any) -> SafeString:
    """A masked value with the link that asks for the whole one."""
    return format_html('{} <a class="bo-link bo-small" href="{}">{}</a>', text, url, label)
