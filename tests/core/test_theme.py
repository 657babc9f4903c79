"""The theme's private names stand in one module, and a version that we do not know draws its own lists."""

import ast
from pathlib import Path

import pytest
from django.urls import reverse
from unfold.templatetags import unfold_list

from backoffice.core import rows, theme
from backoffice.roles import Role
from tests.factories import CertificateFactory, UserFactory

ROOT = Path(__file__).resolve().parents[2]
#: The parts of the theme that its documentation names.
PUBLIC = {"admin", "contrib.filters.admin", "decorators", "enums", "forms", "sites", "widgets"}


def imports_of_theme(path: Path) -> list[tuple[str, str]]:
    """(module without "unfold.", name) for each name that a file takes from the theme."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "unfold":
            module = str(node.module).partition(".")[2]
            found += [(module, name.name) for name in node.names]
        elif isinstance(node, ast.Import):
            found += [(name.name, "") for name in node.names if name.name.split(".")[0] == "unfold"]
    return found


def test_only_the_adapter_uses_names_that_the_theme_does_not_promise():
    files = [
        path
        for folder in ("backoffice", "fees", "registry", "training")
        for path in (ROOT / folder).rglob("*.py")
    ]
    private = [
        f"{path.relative_to(ROOT)}: {module}.{name}"
        for path in files
        if path != ROOT / "backoffice/core/theme.py"
        for module, name in imports_of_theme(path)
        if module not in PUBLIC or name.isupper() or name.startswith("_") or not name
    ]
    assert not private


@pytest.mark.django_db
def test_a_version_of_the_theme_that_we_do_not_know_draws_its_own_rows(signed_in, monkeypatch):
    monkeypatch.setattr(unfold_list, "results", theme.original_results)
    monkeypatch.setattr(unfold_list, "result_headers", theme.original_result_headers)
    monkeypatch.setattr(theme, "VERSION", "0.999.0")
    rows.install()
    assert unfold_list.results is theme.original_results
    certificate = CertificateFactory()
    page = signed_in(UserFactory(role=Role.OFFICE)).get(reverse("admin:registry_certificate_changelist"))
    assert certificate.number in page.content.decode()


def test_a_version_that_lacks_a_name_is_not_taken_for_a_known_one(monkeypatch):
    monkeypatch.setattr(theme, "VERSION", "0.91.9")
    monkeypatch.delattr(unfold_list, "LINK_CLASSES")
    assert not theme.rows_are_known()
