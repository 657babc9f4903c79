"""Rules of the house that a reader relies on (docs/architecture.md), checked over the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from backoffice.core.flow import Flow
from backoffice.roles import GRANTS, SCOPES

ROOT = settings.BASE_DIR
OURS = ("backoffice", "fees", "registry", "training")
#: A file that one still reads; a test file holds its tables of examples besides.
MOST_LINES, MOST_LINES_OF_TESTS = 400, 450
#: Models of ours that no screen shows rows of; each with the reason why no role needs a scope.
INTERNAL: dict[str, str] = {
    "core.NumberSeries": "the last public number given in a year",
    "core.Counter": "how often something happened within a time; names nobody",
}

SOURCES = [
    path
    for package in OURS
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.relative_to(ROOT).parts
]
TREES = {path: ast.parse(path.read_text(), str(path)) for path in SOURCES}


def found(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_imports_go_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Function-local imports are looked at, too."""
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def writes_of_state(tree: ast.AST) -> Iterator[ast.AST]:
    """`x.state = …`, `setattr(x, "state", …)` and `.update(state=…)`: what only `perform()` may do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if any(isinstance(part, ast.Attribute) and part.attr == "state" for part in ast.walk(target)):
                    yield node
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            texts = [word.value for word in node.args if isinstance(word, ast.Constant)]
            if (name == "update" and any(word.arg == "state" for word in node.keywords)) or (
                name == "setattr" and "state" in texts
            ):
                yield node


def test_the_state_of_a_flow_changes_nowhere_but_in_its_steps() -> None:
    places = [found(path, node) for path, tree in TREES.items() for node in writes_of_state(tree)]
    assert places == []


@pytest.mark.parametrize(
    "line", ["x.state = 1", "a, x.state = 1, 2", "setattr(x, 'state', 1)", "rows.update(state='X')"]
)
def test_every_way_to_write_a_state_is_found(line: str) -> None:
    assert list(writes_of_state(ast.parse(line)))


def test_no_signal_receivers() -> None:
    """Business logic is called by name (docs/architecture.md), so that a reader finds it.

    `request_started` alone is allowed: it says that a server process has begun to work, and no record changes.
    """
    places = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom | ast.Import) else []
            )
            if names == ["request_started"]:
                continue
            if (
                module.endswith("signals")
                or "receiver" in names
                or any(name.endswith("signals") for name in names)
            ):
                places.append(found(path, node))
    assert places == []


def our_models() -> Iterator[str]:
    for model in apps.get_models():
        is_history = hasattr(model, "history_id") and model._meta.model_name.startswith("historical")
        if model.__module__.split(".")[0] in OURS and not is_history:
            yield model._meta.label


def test_every_model_has_a_scope_or_is_internal() -> None:
    missing = [label for label in our_models() if label not in SCOPES and label not in INTERNAL]
    assert missing == []
    assert not INTERNAL.keys() & SCOPES.keys()


def test_scopes_and_grants_name_models_that_exist() -> None:
    for label in (SCOPES | GRANTS).keys() | INTERNAL.keys():
        assert apps.get_model(label)._meta.label == label


def test_nobody_may_do_anything_to_what_nobody_sees() -> None:
    for label, roles in GRANTS.items():
        assert label in SCOPES
        for role, verbs in roles.items():
            assert not verbs or role in SCOPES[label], (label, role)


def test_every_step_says_what_it_is_called_and_where_it_leads() -> None:
    for model in apps.get_models():
        if not issubclass(model, Flow):
            continue
        states = dict(model._meta.get_field("state").choices or ())
        for step in model.steps().values():
            assert str(step.label), f"{model._meta.label}.{step.name} has no label"
            assert step.help, f"{model._meta.label}.{step.name} has no docstring"
            assert {step.target, *step.sources} <= states.keys(), f"{model._meta.label}.{step.name}"


def test_no_file_is_too_long_to_read() -> None:
    pages = dict.fromkeys([*SOURCES, *(ROOT / "templates").rglob("*.html")], MOST_LINES)
    pages |= dict.fromkeys((ROOT / "tests").rglob("*.py"), MOST_LINES_OF_TESTS)
    lengths = {path: len(path.read_text().splitlines()) for path in pages}
    assert {
        str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > pages[path]
    } == {}


def test_tests_and_benchmarks_are_imported_by_nobody() -> None:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            module = node.module if isinstance(node, ast.ImportFrom) and not node.level else None
            assert (module or "").split(".")[0] not in ("tests", "benchmarks"), found(path, node)
