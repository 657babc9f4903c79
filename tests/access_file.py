"""The file that people review: a line for each address and method, with the seats that get the same answer together.

GET admin:fees_bill_change | any 200: ADMIN OFFICE | own 200: COMPANY | foreign 404: COMPANY LOCAL_BODY
"""

import os
from pathlib import Path

FILE = Path(__file__).with_name("access_matrix.txt")
#: Of a call (its method and name): which record was asked for and what came, by seat, in the order of the walk.
Outcomes = dict[str, dict[str, list[str]]]


def read() -> Outcomes:
    known: Outcomes = {}
    for line in FILE.read_text().splitlines():
        call, *groups = line.split(" | ")
        known[call] = {}
        for group in groups:
            outcome, _colon, seats = group.partition(": ")
            for seat in seats.split():
                known[call].setdefault(seat, []).append(outcome)
    return known


def text_of(known: Outcomes, seats: tuple[str, ...]) -> str:
    lines = []
    for call in sorted(known):
        groups: dict[str, list[str]] = {}
        for seat in sorted(known[call], key=seats.index):
            for outcome in known[call][seat]:
                groups.setdefault(outcome, []).append(seat)
        lines.append(" | ".join([call, *(f"{outcome}: {' '.join(who)}" for outcome, who in groups.items())]))
    return "\n".join(lines) + "\n"


def changed(seat: str, found: dict[str, list[str]], seats: tuple[str, ...]) -> list[str]:
    """What the seat found otherwise than the file says; with UPDATE_ACCESS_MATRIX the file says it from now on."""
    known = read()
    if os.environ.get("UPDATE_ACCESS_MATRIX"):
        for call in known:
            known[call].pop(seat, None)
        for call, outcomes in found.items():
            known.setdefault(call, {})[seat] = outcomes
        FILE.write_text(text_of({call: by for call, by in known.items() if by}, seats))
        return []
    told = {call: sorted(by[seat]) for call, by in known.items() if seat in by}
    now = {call: sorted(outcomes) for call, outcomes in found.items()}
    return [
        f"{seat} {call}: {'; '.join(told.get(call, ['not asked']))} → {'; '.join(now.get(call, ['not asked']))}"
        for call in sorted(told.keys() | now.keys())
        if told.get(call) != now.get(call)
    ]
