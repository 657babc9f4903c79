"""Text that only this very installation can read: what must lie in the database for a while and is a key.

The key comes from SECRET_KEY, which is in no table and in no backup. Old keys open what they sealed as long as they
stand in SECRET_KEY_FALLBACKS.
"""

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotOpen(Exception):
    """Sealed with another SECRET_KEY."""


def seal(text: str) -> str:
    return lock().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text; raise CannotOpen where SECRET_KEY has changed since."""
    try:
        return lock().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotOpen from None


def lock() -> MultiFernet:
    keys: list[Any] = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(b"backoffice.core.sealed:" + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
