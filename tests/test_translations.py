"""The Chinese catalogues are complete and current: ours (locale/) and the packages' (vendor_locale/)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import django
import polib
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import translation

ROOT = settings.BASE_DIR
CATALOGUES = ["locale", "vendor_locale"]
SOURCES = [
    "backoffice",
    "fees",
    "registry",
    "training",
    "templates",
    ".ci",
    "locale",
    "vendor_locale",
    "manage.py",
    "pyproject.toml",
]

Key = tuple[str | None, str, str]


def catalogue(home: Path, name: str) -> polib.POFile:
    return polib.pofile(str(home / name / "zh_Hans/LC_MESSAGES/django.po"))


def key(entry: polib.POEntry | polib.MOEntry) -> Key:
    return (entry.msgctxt, entry.msgid, entry.msgid_plural)


def text(entry: polib.POEntry | polib.MOEntry) -> object:
    return entry.msgstr_plural or entry.msgstr


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_string_is_translated_and_none_is_fuzzy(name: str) -> None:
    po = catalogue(ROOT, name)
    assert len(po.translated_entries()) > 50
    assert [entry.msgid for entry in po.untranslated_entries()] == []
    assert [entry.msgid for entry in po.fuzzy_entries()] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_the_compiled_catalogue_is_the_written_one(name: str) -> None:
    po = catalogue(ROOT, name)
    mo = polib.mofile(str(ROOT / name / "zh_Hans/LC_MESSAGES/django.mo"))
    written = {key(entry): text(entry) for entry in po.translated_entries()}
    compiled = {key(entry): text(entry) for entry in mo}
    assert compiled == written, f"{name}: run .ci/catalogue"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source whose catalogues were collected anew by the project's own scripts."""
    if not all(map(shutil.which, ("xgettext", "msgfmt", "msgattrib"))):
        reason = "needs gettext: apt-get install gettext"
        if os.environ.get("CI"):
            pytest.fail(f"CI is set, but this test {reason}", pytrace=False)
        pytest.skip(reason)
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy / name)
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    for command in (["bash", ".ci/catalogue"], [sys.executable, ".ci/vendor_catalogue.py"]):
        # They end with an error while something is untranslated; the comparison below says it better.
        subprocess.run(command, cwd=copy, env=environment, check=False, capture_output=True)
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOGUES)
def test_no_string_of_the_source_is_missing_in_the_catalogue(name: str, fresh: Path) -> None:
    committed = {key(entry) for entry in catalogue(ROOT, name) if not entry.obsolete}
    collected = {key(entry) for entry in catalogue(fresh, name) if not entry.obsolete}
    assert len(collected) > 50
    assert sorted(map(str, collected - committed)) == [], f"new strings: run .ci/catalogue ({name})"
    assert sorted(map(str, committed - collected)) == [], f"strings that are gone: run .ci/catalogue ({name})"


def test_placeholders_survive_translation() -> None:
    """A lost %(who)s is an error page; msgfmt --check finds most, and this finds the {…} ones, too."""
    placeholder = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
    for name in CATALOGUES:
        for entry in catalogue(ROOT, name).translated_entries():
            wanted = set(placeholder.findall(entry.msgid_plural or entry.msgid))
            for translated in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
                assert set(placeholder.findall(translated)) == wanted, entry.msgid


def test_chinese_is_the_default_and_english_can_be_chosen() -> None:
    assert settings.LANGUAGE_CODE == "zh-hans"
    assert translation.gettext("Member company") == "单位会员"
    with translation.override("en"):
        assert translation.gettext("Member company") == "Member company"


@pytest.mark.parametrize("password", ["a1", "12345678901", "password"])
def test_what_django_says_of_a_password_is_chinese(password: str) -> None:
    """The catalogue follows the installed Django: a sentence it words anew would come out in English."""
    with pytest.raises(ValidationError) as refused:
        validate_password(password)
    for sentence in refused.value.messages:
        assert re.search("[\u4e00-\u9fff]", sentence), sentence


def test_every_sentence_of_ours_in_the_place_of_djangos_is_still_asked_for() -> None:
    asked = {
        (entry.msgctxt, entry.msgid)
        for path in (Path(django.__file__).parent).rglob("locale/en/LC_MESSAGES/django.po")
        for entry in polib.pofile(str(path))
    }
    replaced = [
        entry for entry in catalogue(ROOT, "vendor_locale") if entry.tcomment == "instead of Django's"
    ]
    assert len(replaced) > 100
    assert [entry.msgid for entry in replaced if (entry.msgctxt, entry.msgid) not in asked] == []
