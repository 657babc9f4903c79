"""Pages take their rows from `visible_to()`: a manager in an admin or view module stands with its reason here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import ROOT, TREES

MANAGERS = {"objects", "_default_manager", "_base_manager"}
#: Models whose rows are nobody's: names of models, and the kinds of papers.
OPEN = {"ContentType", "AttachmentKind"}
ALLOWED: dict[str, str] = {
    "backoffice/accounts/admin.py:UserForm.check_login_name:User": "login names are unique over everybody",
    "backoffice/core/admin/flow.py:assignment_of:LogEntry": "Django's log of a task that was found in scope",
    "backoffice/core/admin/history.py:HistoryForm.take_in_changes:type(self.latest)": "history of the record at hand",
    "backoffice/core/admin/history.py:entries:type(first)": "history of the record at hand",
    "backoffice/core/admin/history.py:related_names:model": "names that stand in the history of a record in scope",
    "backoffice/core/admin/inbox.py:of_number:model": "a condition on tasks, which are scoped themselves",
    "backoffice/core/admin/inbox_actions.py:InboxActions.assign:Task": "tasks that `todo()` gave and locked",
    "backoffice/core/admin/inbox_actions.py:InboxActions.assign:LogEntry": "writes Django's log",
    "backoffice/core/admin/saved_filters.py:keep:SavedFilter": "writes a row of the user's own",
    "backoffice/dashboard.py:waiting_past:Task": "whether there is any; the calendar is for everybody's due dates",
    "backoffice/public/drafts.py:record_for:model": "by the random key of a signed link",
    "backoffice/public/drafts.py:begin:type(record)": "by the random key of a signed link",
    "backoffice/public/employers.py:active_companies:Company": "number and name of active members are public",
    "backoffice/public/views_check.py:find:Certificate": "the public check: only with the holder's name, throttled",
    "backoffice/public/views_help.py:record_for:HelpRequest": "by the random key of a signed link",
    "backoffice/public/views_help.py:send_or_explain:HelpRequest": "by the random key of a signed link",
    "fees/admin/bill_actions.py:last_steps:TransitionLog": "of bills that were found in scope",
    "fees/admin/payment_forms.py:Entered.first_rows:PayerDefault": "of the bill's own company",
    "fees/admin/schedule.py:BankAccountAdmin.save_model:BankAccount": "one account is the active one; it is public",
    "fees/admin/shown.py:pictures_of:Attachment": "cut down by visible_to() below",
    "fees/admin/shown.py:used_with:Attachment": "finance is warned of a picture that was used before",
    "fees/admin/shown.py:used_with:Voucher": "finance is warned of a picture that was used before",
    "fees/admin/successor.py:first_values:FeeSchedule": "price lists are public",
    "registry/admin/application_notes.py:namesake_note:Person": "says that there is one; visible_to() says whom",
    "registry/admin/application_notes.py:telling_word:Region": "regions are public",
    "registry/admin/change_notes.py:rename_notes:FormerName": "a note for the office, which sees everybody",
    "registry/admin/changes.py:open_changes:CompanyChange": "of the user's own company, or of a change in scope",
    "registry/admin/duplicates.py:DuplicatePairAdmin.what_became:model": "of a pair, for those who see all records",
    "registry/admin/duplicates.py:DuplicatePairAdmin.merge_view:MODELS[pair.kind]": "of a pair, for those who merge",
    "registry/admin/merging.py:pair_by_hand:DuplicatePair": "of two records that were found in scope",
    "registry/admin/merging.py:MergeMixin._get_obj_does_not_exist_redirect:model": "the kept record is scoped",
    "registry/help_desk.py:create_sign_in:User": "login names are unique over everybody",
    "registry/help_desk.py:check_transfer:Transfer": "one transfer of a person at a time, wherever it is under way",
    "training/admin/begin.py:BeginMixin.begin:Company": "locks the user's own company",
}


def is_page_module(path: Path) -> bool:
    """Modules that answer requests: admin classes and what they are made of, views, and the pages of the site."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return (
        "admin" in parts
        or parts[-1].startswith(("views", "forms", "api", "admin", "urls", "site", "help", "dashboard"))
        or parts[:2] == ("backoffice", "public")
    ) and not {"management", "demo"} & set(parts)


def managers(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Function, model and line of each manager that is not the `queryset` of a `visible_to()`."""
    scoped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and is_bound(node)
        for inner in ast.walk(node)
    }
    yield from walk(tree, "", scoped)


def is_bound(call: ast.Call) -> bool:
    """Whether the call is `visible_to()`, or asks for no row, for a row that is at hand (`pk=obj.pk`), or about the
    rows of another query (`OuterRef`)."""
    if ast.unparse(call.func) == "visible_to" or "OuterRef(" in ast.unparse(call):
        return True
    if not isinstance(call.func, ast.Attribute):
        return False
    at_hand = [isinstance(word.value, ast.Attribute) and word.value.attr == "pk" for word in call.keywords]
    is_key = call.func.attr in ("get", "filter") and [word.arg for word in call.keywords] == ["pk"]
    return call.func.attr == "none" or (is_key and all(at_hand))


def walk(node: ast.AST, where: str, scoped: set[ast.AST]) -> Iterator[tuple[str, str, int]]:
    for child in ast.iter_child_nodes(node):
        name = getattr(child, "name", "")
        inside = f"{where}.{name}".strip(".") if isinstance(child, ast.FunctionDef | ast.ClassDef) else where
        model = model_of(child)
        if model and model not in OPEN and child not in scoped:
            yield inside, model, getattr(child, "lineno", 0)
        yield from walk(child, inside, scoped)


def model_of(node: ast.AST) -> str:
    """What the manager belongs to: `Company.objects`, `model._default_manager`, `person.certificates.all()`."""
    match node:
        case ast.Attribute(value=value, attr=attr) if attr in MANAGERS:
            return ast.unparse(value)
        case ast.Call(func=ast.Attribute(value=ast.Attribute() as value, attr="all")) if (
            value.attr not in MANAGERS
        ):
            return ast.unparse(value)
    return ""


def found() -> dict[str, int]:
    return {
        f"{path.relative_to(ROOT)}:{where}:{model}": line
        for path, tree in TREES.items()
        if is_page_module(path)
        for where, model, line in managers(tree)
    }


def test_pages_take_their_rows_from_visible_to() -> None:
    assert {place: line for place, line in found().items() if place not in ALLOWED} == {}


def test_every_exemption_is_still_needed() -> None:
    assert ALLOWED.keys() - found().keys() == set()


@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("Company.objects.filter(pk=1)", "Company"), ("model._default_manager.all()", "model"),
        ("type(obj)._base_manager.get(pk=1)", "type(obj)"), ("person.certificates.all()", "person.certificates"),
        ("rows = Company.objects", "Company"), ("Company.objects.get(pk=key)", "Company"),
        ("Company.objects.exclude(pk=obj.pk)", "Company"), ("Company.objects.filter(pk=obj.pk, name=x)", "Company"),
    ],
)  # fmt: skip
def test_every_manager_is_found(line: str, model: str) -> None:
    assert [name for _where, name, _line in managers(ast.parse(line))] == [model]


@pytest.mark.parametrize(
    "line",
    ["visible_to(Company, user)", "visible_to(Company, user, queryset=Company.objects.filter(pk=1))",
     "ContentType.objects.get_for_model(Company)", "Company.objects.none()", "Company.objects.get(pk=obj.pk)",
     "Task.objects.filter(object_id=OuterRef('pk')).order_by()"],
)  # fmt: skip
def test_what_is_scoped_is_let_through(line: str) -> None:
    assert list(managers(ast.parse(line))) == []
