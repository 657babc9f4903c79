"""Numbers of people stay out of addresses: a list's search for one is a word of the session, `?q=~Zk3v…`.

An address is kept in the browser's history, in logs of servers and proxies, in filters and in copied links. What
was typed is posted, kept in the session under a random word, and looked up again wherever the list's address is.
"""

import secrets
from typing import Final

from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest, QueryDict

from backoffice.core.excel.text import normalise_code
from backoffice.core.sensitive import ID_NUMBER, MOBILE

SESSION_KEY: Final = "hidden_terms"
MARK: Final = "~"
#: So many searches of one session are remembered; the oldest is forgotten first.
MOST: Final = 30


def holds_number(term: str) -> bool:
    """Whether somebody's whole ID number or mobile phone is in the text, however it is spaced."""
    words = [term, *(normalise_code(word) for word in term.split()), normalise_code(term)]
    return any(ID_NUMBER.search(word) or MOBILE.search(word) for word in words)


def hidden_term(request: HttpRequest, term: str) -> str:
    """The word that stands for this term in addresses of this session."""
    terms: dict[str, str] = request.session.get(SESSION_KEY, {})
    known = next((word for word, kept in terms.items() if kept == term), None)
    if known is None:
        known = MARK + secrets.token_urlsafe(9)
        kept = [*terms.items(), (known, term)][-MOST:]
        request.session[SESSION_KEY] = dict(kept)
    return known


def typed_term(request: HttpRequest, word: str) -> str:
    """What was typed; a word that stands for nothing (the session ended) is itself, and finds nothing."""
    if not word.startswith(MARK):
        return word
    found: str = request.session.get(SESSION_KEY, {}).get(word, word)
    return found


def is_forgotten(request: HttpRequest, word: str) -> bool:
    return word.startswith(MARK) and word not in request.session.get(SESSION_KEY, {})


def hide_numbers(request: HttpRequest, query: QueryDict) -> None:
    """Put a word in the place of a search term with a person's number."""
    term = query.get(SEARCH_VAR, "")
    if holds_number(term):
        query[SEARCH_VAR] = hidden_term(request, term)


def without_numbers(query: QueryDict) -> bool:
    """Take a search for a person's number out of what is to be kept; return whether there was one."""
    term = query.get(SEARCH_VAR, "")
    if not (term.startswith(MARK) or holds_number(term)):
        return False
    del query[SEARCH_VAR]
    return True
