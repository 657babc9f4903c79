"""What a clerk types, pastes or uploads to a roster: an entry for each person or certificate meant
(specification 3.6, 5).

An entry names somebody by certificate number, ID number or name, and may say more: what it says besides is
compared with our record, or proves that the clerk holds the certificate of somebody else's employee in hand.
Plain functions of the text, without queries.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from backoffice.core.excel import Place
from backoffice.core.excel.text import CJK, normalise_code, normalise_label, normalise_name, normalise_text
from registry.imports.fields import CERTIFICATE_TYPES, GENDERS
from training.models import EnrolmentLine

Matter = EnrolmentLine.Matter
#: As many entries are taken in at once.
MOST: Final = 500
MATTERS: Final = {
    "延续": Matter.RENEWAL, "renewal": Matter.RENEWAL, "延续+变更": Matter.RENEWAL_CHANGE,
    "延续和变更": Matter.RENEWAL_CHANGE, "延续变更": Matter.RENEWAL_CHANGE,
    "renewal and change of employer": Matter.RENEWAL_CHANGE, "员升师": Matter.UPGRADE,
    "supervisor to engineer": Matter.UPGRADE,
}  # fmt: skip
TYPES: Final = {normalise_label(label): code for label, code in CERTIFICATE_TYPES.items()}
#: Words of a pasted table that name nobody.
CAPTIONS: Final = frozenset(map(normalise_label, (
    "序号", "编号", "证书编号", "证书号", "证书号码", "培训证号", "培训证书编号", "培训证书号", "上岗证号",
    "上岗证编号", "姓名", "身份证", "身份证号", "身份证号码", "性别", "单位", "公司", "单位名称", "工作单位",
    "公司名称", "备注", "变更事项", "变更备注", "事项", "证书类型", "证书类别", "培训类别", "电话", "手机",
    "名单", "报名名单", "合计", "变更", "name", "id number", "certificate number", "no", *MATTERS, *GENDERS,
)))  # fmt: skip

#: Between two people; between two words about one.
_NEXT = re.compile(r"[\r\n、;]+")
_BETWEEN = re.compile(r"[\s,:。|/\\()\[\]{}<>《》【】「」『』\"“”]+")
_NUMBER = re.compile(r"(?=[^0-9]*[0-9])[A-Z][A-Z0-9-]{2,31}")
_LETTERS, _DIGITS = re.compile(r"[A-Z]{1,3}"), re.compile(r"[0-9][0-9-]{2,}")
_IDENTITY = re.compile(r"[0-9]{17}[0-9X]")
_TAIL = re.compile(r"[0-9]{3}[0-9X]")
_NAME = re.compile(f"[{CJK}]{{2,4}}|[{CJK}]+(?:·[{CJK}]+)+")
_CHARACTER, _GIVEN = re.compile(f"[{CJK}]"), re.compile(f"[{CJK}]{{1,2}}")
_EMPLOYER = re.compile(f"[{CJK}()（）0-9A-Za-z]{{3,}}(?:公司|集团|院|中心|事务所|监理部)")


@dataclass
class Entry:
    """Whom somebody means, and what the row says besides; all of it as it is kept, nothing is checked here."""

    number: str = ""
    matter: str = ""
    remark: str = ""
    is_waived: bool = False
    name: str = ""
    id_number: str = ""
    #: The last four characters of the ID number.
    tail: str = ""
    employer: str = ""
    type: str = ""
    #: The true row of an uploaded file, with its sheet where several are read.
    row: Place = 0
    #: What stood there, where it names nobody.
    text: str = ""
    #: Among those that wait on a draft: its key there, and what was answered ("foreign", "limit" …).
    key: int = 0
    kind: str = ""

    @property
    def has_evidence(self) -> bool:
        """Whether the entry says of the holder what the number does not tell."""
        return bool(self.name or self.id_number or self.tail)

    @property
    def typed(self) -> str:
        """The entry as one would type it."""
        words = (self.number, self.name, self.id_number or self.tail)
        return " ".join(filter(None, words)) or self.text

    @property
    def same(self) -> tuple[str, ...]:
        """Equal for two entries that mean the same."""
        return self.number, self.name, self.id_number, self.tail, self.text

    def kept(self) -> dict[str, Any]:
        """What is stored of it (JSON)."""
        return {name: value for name, value in asdict(self).items() if value}


NAMES: Final = frozenset(column.name for column in fields(Entry))


def entry_of(kept: Mapping[str, Any]) -> Entry:
    return Entry(**{name: value for name, value in kept.items() if name in NAMES})


@dataclass
class Typed:
    """The entries in the order they were typed; how many were repeated; what was too much at once."""

    entries: list[Entry] = field(default_factory=list)
    repeated: int = 0
    left: list[Entry] = field(default_factory=list)

    @property
    def numbers(self) -> list[str]:
        return [entry.number for entry in self.entries if entry.number]

    def add(self, entries: Iterable[Entry]) -> "Typed":
        """Take in further entries, each once, as many as are taken in at once."""
        seen = {entry.same for entry in (*self.entries, *self.left)}
        for entry in entries:
            if entry.same in seen:
                self.repeated += 1
                continue
            seen.add(entry.same)
            (self.entries if len(self.entries) < MOST else self.left).append(entry)
        return self


def parse(text: str) -> Typed:
    """The entries in whatever was pasted: numbers, ID numbers and names, one below the other or in one line.

    "A1234567 张三" belongs together, as does a row of a table; 、 and ； part two people. A letter that stands apart
    from its digits ("A 1160123") belongs to them.
    """
    return Typed().add(entry for item in _NEXT.split(flat(text)) for entry in entries_in(item))


def flat(text: str) -> str:
    return unicodedata.normalize("NFKC", text.replace("；", ";"))


def entries_in(item: str) -> list[Entry]:
    """The people named in one line; one entry that names nobody where there is none."""
    words = [word for word in joined(_BETWEEN.split(item)) if not says_nothing(word)]
    for is_anchor in (_NUMBER.fullmatch, _IDENTITY.fullmatch, is_name):
        if any(map(is_anchor, words)):
            return [entry_from(group) for group in grouped(words, is_anchor)]
    return [Entry(text=normalise_text(item)[:80])] if words else []


def joined(words: Iterable[str]) -> list[str]:
    """The words, with letters put before the digits that follow them, and names typed with blanks (张 三) closed."""
    whole: list[str] = []
    spaced = False  # the last word was put together of characters that stood apart
    for word in filter(None, map(normalise_code, words)):
        before = whole[-1] if whole else ""
        letters = bool(_LETTERS.fullmatch(before) and _DIGITS.fullmatch(word))
        surname = bool(_CHARACTER.fullmatch(before)) and before not in GENDERS
        spaced = bool(_GIVEN.fullmatch(word) and (surname or (spaced and len(word) == 1 and len(before) < 4)))
        if letters or spaced:
            whole[-1] += word
        else:
            whole.append(word)
    return whole


def says_nothing(word: str) -> bool:
    """Captions, running numbers and phones beside a person: nothing to look somebody up by."""
    return (
        normalise_label(word) in CAPTIONS
        or not word
        or bool(re.fullmatch(r"[0-9]{1,3}[.]?|1[3-9][0-9]{9}", word))
    )


def is_name(word: str) -> bool:
    return bool(_NAME.fullmatch(normalise_name(word))) and normalise_label(word) not in TYPES


def grouped(words: list[str], is_anchor: Callable[[str], Any]) -> Iterator[list[str]]:
    """The words in groups with one anchor each: what stands after it, or before it, as the line begins."""
    anchors = [at for at, word in enumerate(words) if is_anchor(word)]
    # The name stands after its number; or before it, and then a group ends with each anchor.
    starts = anchors if anchors[0] == 0 else [0, *(at + 1 for at in anchors[:-1])]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield words[start:end]


def entry_from(words: list[str]) -> Entry:
    """What one group of words says, each thing once: the first one that looks like it."""
    entry = Entry()
    for word in words:
        if not entry.number and _NUMBER.fullmatch(word):
            entry.number = word
        elif not entry.id_number and _IDENTITY.fullmatch(word):
            entry.id_number = word
        elif not entry.tail and _TAIL.fullmatch(word):
            entry.tail = word
        elif not entry.type and normalise_label(word) in TYPES:
            entry.type = TYPES[normalise_label(word)]
        elif not entry.name and is_name(word):
            entry.name = normalise_name(word)
        elif not entry.employer and _EMPLOYER.fullmatch(word):
            entry.employer = word
    if entry.id_number:
        entry.tail = ""  # a year, or a number of the house
    return entry
