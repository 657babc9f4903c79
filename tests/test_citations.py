"""What comments, tests and documents refer to is there: a heading, a chapter of the manual, a question, a file."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
FOLDERS = (
    "backoffice", "fees", "registry", "training", "tests", "benchmarks", "fixtures", "templates", "static", "docs",
    ".ci",
)  # fmt: skip
SUFFIXES = {".py", ".html", ".js", ".css", ".md", ".txt", ".typ", ".yaml", ".toml"}
#: Written by others, or a list of what this file looks for.
NOT_OURS = {"axe.min.js", Path(__file__).name, "access_matrix.txt"}

#: Written beside this in another line of work; looked for like every other page once it is there.
ON_ITS_WAY = {ROOT / "docs" / "glossary.md"}

LIST = r"{0}(?:(?:,\s+|\s+and\s+|\s+to\s+|[-–]){0})*"
SECTION = r"\d+(?:\.\d+)?"
#: 4b, 4b-6, 4b-4.1-3, 4b-4.5A, 2-PS1
CHAPTER = r"\d+[ab]?(?:-[0-9A-Z][0-9A-Z.-]*(?<![.-]))?"
TO_SECTION = re.compile(rf"\b[Ss]pecification\s+({LIST.format(SECTION)})")
TO_CHAPTER = re.compile(rf"\bch\.\s+({LIST.format(CHAPTER)})")
TO_QUESTION = re.compile(rf"\bFAQ\s+({LIST.format(r'[0-9]+')})")
TO_DOCUMENT = re.compile(r"\b(docs/[a-z-]+\.md)(?:,\s+[\"“]([^\"”\n]+)[\"”])?")
#: [text](page.md#heading) in a document.
TO_PAGE = re.compile(r"\]\((?!https?:)([\w./-]+\.md)(?:#[\w-]+)?\)")
#: `backoffice/core/flow.py`; core/ for backoffice/core/ as we say it.
TO_FILE = re.compile(r"`((?:backoffice|core|fees|registry|training|tests|benchmarks|docs|static|templates|locale|"
                     r"vendor_locale|fixtures|\.ci)/[\w./-]+\.\w+)`")  # fmt: skip
#: What the documents were called while they stood outside of the repository.
FORMER = re.compile(
    r"\bSPEC\b|\b(?:QUALITY|ARCHITECTURE|PITFALLS|FOUND)\.md\b|\b(?:QUALITY|ARCHITECTURE|PITFALLS|FOUND),\s"
    r"|\((?:ARCHITECTURE|PITFALLS|QUALITY|FOUND)\b|\bFOUND [BSAP]?\d"
)


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    found += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pyproject.toml")]
    return [path for path in found if path.suffix in SUFFIXES and path.name not in NOT_OURS]


TEXTS = {path: path.read_text(encoding="utf-8") for path in files()}
DOCUMENTS = {path: text for path, text in TEXTS.items() if path.suffix == ".md"}
SPECIFICATION = TEXTS[ROOT / "docs" / "specification.md"]
SECTIONS = set(re.findall(rf"^##+ ({SECTION}) ", SPECIFICATION, re.MULTILINE))
CHAPTERS = set(re.findall(r"^\| `([^`]+)` \|", SPECIFICATION, re.MULTILINE))
QUESTIONS = set(re.findall(r"^\| (\d+) \|", SPECIFICATION, re.MULTILINE))


def cited(pattern: re.Pattern[str], text: str, one: str) -> Iterator[str]:
    """Every single thing that the text cites in this way; of “4.1 to 4.3” the two ends."""
    for match in pattern.finditer(text):
        yield from re.findall(one, match[1])


def lost(pattern: re.Pattern[str], one: str, known: set[str]) -> list[str]:
    """The citations that lead nowhere, with the file they stand in."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in TEXTS.items()
        for name in cited(pattern, text, one)
        if name not in known
    ]


def headings(text: str) -> list[str]:
    return [line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")]


def test_the_specification_has_sections_a_manual_and_its_questions() -> None:
    assert {"1", "2", "3", "3.1", "3.16", "4", "5", "6", "7"} <= SECTIONS
    assert {"1", "4a-4", "4b-4.1-3", "7a", "7b-2", "8"} <= CHAPTERS
    assert {str(number) for number in range(1, 18)} == QUESTIONS


@pytest.mark.parametrize(
    ("text", "pattern", "one", "found"),
    [
        ("(specification 3.1, 3.2 and 5)", TO_SECTION, SECTION, ["3.1", "3.2", "5"]),
        ("manual ch. 4b-4.1-3, 7b-2, FAQ 12", TO_CHAPTER, CHAPTER, ["4b-4.1-3", "7b-2"]),
        ("Manual ch. 4b-4.5A: an empty region", TO_CHAPTER, CHAPTER, ["4b-4.5A"]),
        ("manual ch. 4b-4.1 to 4b-4.3.", TO_CHAPTER, CHAPTER, ["4b-4.1", "4b-4.3"]),
        ("FAQ 1, 3 and 12", TO_QUESTION, r"\d+", ["1", "3", "12"]),
    ],
)
def test_every_way_of_citing_is_understood(
    text: str, pattern: re.Pattern[str], one: str, found: list[str]
) -> None:
    assert list(cited(pattern, text, one)) == found


def test_every_citation_of_the_specification_leads_to_a_section() -> None:
    assert lost(TO_SECTION, SECTION, SECTIONS) == []


def test_every_citation_of_the_manual_leads_to_a_chapter_of_its_list() -> None:
    assert lost(TO_CHAPTER, CHAPTER, CHAPTERS) == []


def test_every_citation_of_a_question_leads_to_one_of_the_seventeen() -> None:
    assert lost(TO_QUESTION, r"\d+", QUESTIONS) == []


def test_every_document_that_is_named_is_there_with_the_heading_that_is_named() -> None:
    wrong = []
    for path, text in TEXTS.items():
        for name, heading in TO_DOCUMENT.findall(text):
            document = ROOT / name
            if document in ON_ITS_WAY and not document.exists():
                continue
            if not document.exists():
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
            elif heading and not any(line.startswith(heading) for line in headings(document.read_text())):
                wrong.append(f"{path.relative_to(ROOT)}: {name}, {heading}")
    assert wrong == []


def test_documents_link_to_pages_that_are_there() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in DOCUMENTS.items()
        for name in TO_PAGE.findall(text)
        if not (path.parent / name).exists() and (path.parent / name).resolve() not in ON_ITS_WAY
    ]
    assert wrong == []


def test_documents_name_files_that_are_there() -> None:
    """docs/security.md above all: a promise whose test is gone is none."""
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in DOCUMENTS.items()
        for name in TO_FILE.findall(text)
        if not any(path.exists() for path in (ROOT / name, ROOT / "backoffice" / name))
        and ROOT / name not in ON_ITS_WAY
    ]
    assert wrong == []


def test_every_line_of_the_security_page_names_a_test() -> None:
    text = TEXTS[ROOT / "docs" / "security.md"]
    promises = [
        line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| promise")
    ]
    assert promises
    assert [line for line in promises if "`tests/" not in line] == []


def test_the_checks_and_commands_that_documents_name_exist() -> None:
    """`manage.py check` names its checks by these codes, and a developer types what is behind `make`."""
    checks = set(re.findall(r"core\.[EW]\d{3}", (ROOT / "backoffice" / "core" / "checks.py").read_text()))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path, text in DOCUMENTS.items():
        assert set(re.findall(r"core\.[EW]\d{3}", text)) <= checks, path
        for words in re.findall(r"`make ([a-z ]+)", text):
            assert set(words.split()) <= targets, (path, words)


def test_nothing_is_cited_by_the_names_of_pages_that_nobody_can_open() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in TEXTS.items()
        for number, line in enumerate(text.splitlines(), 1)
        if FORMER.search(line)
    ]
    assert found == []
