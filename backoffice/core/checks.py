"""System checks: what a developer may forget and a user would find out. Each is an Error with the remedy.

The functions take what they look at (a site, flow classes, tables), so that tests can show them wrong ones.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import get_fields_from_path
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, FieldError, ValidationError
from django.db import DatabaseError, models
from django.utils import timezone
from simple_history.models import HistoricalChanges

from backoffice.roles import ALL, GRANTS, OWNER, PAPERS, SCOPES, SELF, SENSITIVE

#: Days ahead for which working days should be certain: the longest time limit of a desk.
CALENDAR_NEEDED = 30
#: Scopes that are rules of scoping.visible_to() and no look-up path.
NAMED_SCOPES = (ALL, OWNER, SELF, "@desk")


@checks.register(checks.Tags.security)
def check_tables(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    return [*unknown_models(SCOPES, "SCOPES"), *unknown_models(GRANTS, "GRANTS"), *wrong_paths(SCOPES)]


@checks.register(checks.Tags.security)
def check_sensitive(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    models = [model for model in apps.get_models() if model._meta.label in SCOPES]
    return [*unlisted_fields(models, SENSITIVE), *unlisted_papers(models, PAPERS), *unknown_fields(SENSITIVE)]


@checks.register(checks.Tags.models)
def check_flows(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    from backoffice.core.models.inbox import flow_models

    return [error for flow in flow_models() for error in flow_errors(flow)]


@checks.register(checks.Tags.admin)
def check_admin(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    if not apps.is_installed("django.contrib.admin"):
        return []
    from django.contrib.admin.sites import all_sites

    return [error for site in all_sites for error in site_errors(site)]


@checks.register(checks.Tags.security, deploy=True)
def check_channels(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A production site whose mails nobody receives cannot activate a single user."""
    if "console" not in settings.EMAIL_BACKEND:
        return []
    return [
        checks.Warning(
            "Mails are written to the console instead of being sent.",
            hint="Set EMAIL_URL, for example smtp+tls://user:password@host:587",
            id="core.W001",
        )
    ]


@checks.register(checks.Tags.database)
def check_calendar(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Due dates reach weeks ahead: the calendar must be known further than that."""
    if not databases or "default" not in databases:
        return []
    from backoffice.core.working_days import known_until

    try:
        until = known_until()
    except DatabaseError:  # not migrated yet
        return []
    if (until - timezone.localdate()).days > CALENDAR_NEEDED:
        return []
    return [
        checks.Warning(
            f"Working days are known until {until.isoformat()} only; later due dates are provisional.",
            hint="Import the yearly announcement of holidays in the working-day calendar, or update chinesecalendar.",
            id="core.W002",
        )
    ]


# --- The tables of roles.py --------------------------------------------------------------------------


def unknown_models(table: Mapping[str, Any], name: str) -> Iterable[checks.CheckMessage]:
    for label in table:
        try:
            found = apps.get_model(label)._meta.label
        except (LookupError, ValueError):
            found = ""
        # get_model() does not mind the case, but visible_to() looks the exact label up.
        if found != label:
            yield checks.Error(
                f"{name} names the model {label!r}, which does not exist.",
                hint=f"Correct the name in backoffice/roles.py{f' to {found}' if found else ''}, or remove the line.",
                id="core.E001",
            )


def wrong_paths(table: Mapping[str, Mapping[str, str]]) -> Iterable[checks.CheckMessage]:
    """A mistyped path would be a server error on every page of that role."""
    for label, scopes in table.items():
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError):
            continue
        for role, scope in scopes.items():
            if scope in NAMED_SCOPES:
                continue
            try:
                model._default_manager.filter(**{scope: 1})
            except (FieldError, ValidationError, ValueError, TypeError) as error:
                yield checks.Error(
                    f"SCOPES[{label!r}][{role!r}] is {scope!r}, which is no look-up path of the model: {error}",
                    hint="Name a field, or fields joined by two underscores, that leads to the bound record.",
                    id="core.E002",
                )


# --- Personal data ------------------------------------------------------------------------------------

#: What a field is called that says how somebody is reached or identified, or where money goes.
PERSONAL_NAME = re.compile(
    r"id_?number|id_?card|phone|mobile|tel$|e?mail$|wechat|birthday|birth_date|account|iban|card_number|username|recipient"
)


def is_personal(field: models.Field) -> bool:
    """Whether the field is of a kind that SENSITIVE must speak of."""
    if field.remote_field is not None or isinstance(field, models.BooleanField | models.DecimalField):
        return False
    of_account = "account" in str(field.model._meta.model_name) and field.name == "number"
    is_kind = isinstance(field, models.EmailField | models.FileField)
    return is_kind or of_account or bool(PERSONAL_NAME.search(field.name))


def unlisted_fields(models_: Iterable[Any], table: Mapping[str, Any]) -> Iterable[checks.CheckMessage]:
    """A new field would be read whole by every role that sees the record."""
    for model in models_:
        for field in model._meta.local_concrete_fields:
            if is_personal(field) and f"{model._meta.label}.{field.name}" not in table:
                yield checks.Error(
                    f"{model._meta.label}.{field.name} is personal data, but SENSITIVE does not say who reads it.",
                    hint="Add it to SENSITIVE in backoffice/roles.py: role -> WHOLE or MASKED.",
                    obj=model,
                    id="core.E010",
                )


def unlisted_papers(models_: Iterable[Any], table: Mapping[str, Any]) -> Iterable[checks.CheckMessage]:
    for model in models_:
        for kind in getattr(model, "takes_attachments", ()):
            if kind not in table:
                yield checks.Error(
                    f"{model._meta.label} takes attachments of the kind {kind}, but PAPERS does not say who sees them.",
                    hint="Add the kind to PAPERS in backoffice/roles.py.",
                    obj=model,
                    id="core.E011",
                )


def unknown_fields(table: Mapping[str, Any]) -> Iterable[checks.CheckMessage]:
    """An entry with a slip of the pen protects nothing. Display methods of an admin class begin with show_."""
    for key in table:
        label, _dot, name = key.rpartition(".")
        try:
            model = apps.get_model(label)
            known = name.startswith("show_") or bool(model._meta.get_field(name))
            known = known and model._meta.label == label
        except (LookupError, ValueError, FieldDoesNotExist):
            known = False
        if not known:
            yield checks.Error(
                f"SENSITIVE names {key!r}, which does not exist.",
                hint="Correct the name in backoffice/roles.py, or remove the line.",
                id="core.E012",
            )


# --- Flows -------------------------------------------------------------------------------------------


def flow_errors(flow: Any) -> Iterable[checks.CheckMessage]:
    """Steps people cannot read on a button, and states in which nobody has anything to do."""
    steps = flow.steps().values()
    for step in steps:
        if not str(step.label).strip():
            yield checks.Error(
                f"The step {flow.__name__}.{step.name} has no label.",
                hint="Give @step(label=_(…)): it is the text of the button.",
                obj=flow,
                id="core.E003",
            )
    field = flow._meta.get_field("state")
    states = [str(value) for value, _label in field.flatchoices]
    used = [state for step in steps for state in (*step.sources, step.target)]
    left = {state for step in steps for state in step.sources}
    desks = {str(state) for state in flow.desks}
    for state in dict.fromkeys([*states, *used]):
        if state in left and state not in desks and state not in flow.resting:
            yield checks.Error(
                f"{flow.__name__} can leave the state {state}, but it waits at no desk there: it is in no inbox.",
                hint=f"Add {state} to {flow.__name__}.desks.",
                obj=flow,
                id="core.E004",
            )
        if state in desks and state not in left:
            yield checks.Error(
                f"{flow.__name__} waits at a desk in the state {state}, but no step leaves it.",
                hint=f"Declare a step from {state}, or take it out of {flow.__name__}.desks.",
                obj=flow,
                id="core.E005",
            )


# --- The admin ---------------------------------------------------------------------------------------


def site_errors(site: Any) -> Iterable[checks.CheckMessage]:
    """Holes of a stock admin (docs/pitfalls.md, "Scope holes"): each of these lets one company see another's rows."""
    from backoffice.core.admin import ScopedAdmin

    for model, model_admin in site._registry.items():
        name = type(model_admin).__name__
        if model._meta.label not in SCOPES and not issubclass(model, HistoricalChanges):
            yield checks.Error(
                f"{model._meta.label} is in the admin, but no line of SCOPES says who sees which rows.",
                hint="Add the model to SCOPES and GRANTS in backoffice/roles.py.",
                obj=model,
                id="core.E006",
            )
        if not isinstance(model_admin, ScopedAdmin):
            yield checks.Error(
                f"{name} is no ScopedAdmin: it would show every row to every role.",
                hint="Derive it from backoffice.core.admin.ScopedAdmin.",
                obj=model_admin,
                id="core.E007",
            )
        if model_admin.list_editable:
            yield checks.Error(
                f"{name} uses list_editable, which asks no permission of the single row.",
                hint="Remove list_editable; people edit on the record's own page.",
                obj=model_admin,
                id="core.E008",
            )
        for entry in model_admin.list_filter:
            if leaks(model, entry):
                yield checks.Error(
                    f"{name}.list_filter has {entry!r}, which lists values from rows the user may not see.",
                    hint="Write (field, filter class) with a scoped filter of backoffice.core.filters.",
                    obj=model_admin,
                    id="core.E009",
                )
        for inline in model_admin.inlines:
            yield from inline_errors(name, inline)


def leaks(model: type[models.Model], entry: Any) -> bool:
    """Whether this list_filter entry offers values of other tables without asking the scope."""
    path, filter_class = entry if isinstance(entry, list | tuple) else (entry, None)
    if not isinstance(path, str) or getattr(filter_class, "scoped", False):
        return False
    try:
        fields = get_fields_from_path(model, path)
    except FieldDoesNotExist:
        return False  # Django's own check says so
    last = fields[-1]
    if last.is_relation:
        return True
    # Text of a related table is listed from all its rows; choices, yes/no and dates list nothing from rows.
    closed = bool(getattr(last, "choices", None)) or isinstance(last, models.BooleanField | models.DateField)
    return len(fields) > 1 and not closed


def inline_errors(name: str, inline: type[InlineModelAdmin]) -> Iterable[checks.CheckMessage]:
    if inline.model is not None and inline.model._meta.label not in SCOPES:
        yield checks.Error(
            f"{name} shows {inline.model._meta.label} inline, but no line of SCOPES says who sees which rows.",
            hint="Add the model to SCOPES and GRANTS in backoffice/roles.py.",
            obj=inline,
            id="core.E006",
        )
