"""The system checks: each is shown a site, a flow or a table with the fault it is there to find."""

from functools import cache

import pytest
from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter, SimpleListFilter
from django.core.checks import run_checks
from django.db import models
from simple_history.utils import get_history_model_for_model
from unfold.admin import ModelAdmin

from backoffice.core import checks
from backoffice.core.admin import ScopedAdmin
from backoffice.core.flow import Desk, Flow, step
from backoffice.core.state_field import StateField
from backoffice.roles import ALL, GRANTS, PAPERS, SCOPES, SENSITIVE, Role
from registry.models import Company, Person
from tests.flowapp.models import Paper


def site_with(model, **attributes):
    """A throw-away site with that model and a ScopedAdmin of these attributes."""
    site = admin.AdminSite(name="throw-away")
    bases = attributes.pop("bases", (ScopedAdmin,))
    site.register(model, type("ThrowAwayAdmin", bases, attributes))
    return site


def found(errors):
    """The ids of the errors; each must say what to do."""
    errors = list(errors)
    assert all(error.hint for error in errors)
    return [error.id for error in errors]


def test_the_product_itself_passes_every_check():
    assert [error for error in run_checks() if error.id and error.id.startswith("core.")] == []


# --- The admin ---------------------------------------------------------------------------------------


def test_a_scoped_admin_of_a_known_model_is_fine():
    assert found(checks.site_errors(site_with(Company))) == []


def test_a_model_without_a_line_in_scopes_is_found(monkeypatch):
    monkeypatch.delitem(SCOPES, "registry.Company")
    assert found(checks.site_errors(site_with(Company))) == ["core.E006"]


def test_history_models_need_no_line_of_their_own():
    assert found(checks.site_errors(site_with(get_history_model_for_model(Company)))) == []


def test_a_stock_admin_is_found():
    assert found(checks.site_errors(site_with(Company, bases=(ModelAdmin,)))) == ["core.E007"]


def test_list_editable_is_found():
    site = site_with(Company, list_display=["name", "status"], list_editable=["status"])
    assert found(checks.site_errors(site)) == ["core.E008"]


class Scoped(RelatedOnlyFieldListFilter):
    scoped = True


class Own(SimpleListFilter):
    title, parameter_name = "own", "own"


@pytest.mark.parametrize(
    ("entry", "fine"),
    [
        ("status", True),
        ("created_at", True),
        ("region", False),
        (("region", RelatedOnlyFieldListFilter), False),
        (("region", Scoped), True),
        ("region__level", True),  # a fixed list of choices
        ("region__name", False),  # lists the names of all rows
        ("users", False),  # the other way round
        (Own, True),
        ("no_such_field", True),  # Django's own check says so
    ],
)
def test_a_filter_that_lists_other_rows_is_found(entry, fine):
    errors = found(checks.site_errors(site_with(Company, list_filter=[entry])))
    assert errors == ([] if fine else ["core.E009"])


def test_an_inline_of_an_unknown_model_is_found(monkeypatch):
    inline = type("Inline", (admin.TabularInline,), {"model": Person})
    assert found(checks.site_errors(site_with(Company, inlines=[inline]))) == []
    monkeypatch.delitem(SCOPES, "registry.Person")
    assert found(checks.site_errors(site_with(Company, inlines=[inline]))) == ["core.E006"]


def test_without_the_admin_there_is_nothing_to_check(monkeypatch):
    monkeypatch.setattr(checks.apps, "is_installed", lambda name: False)
    monkeypatch.setattr(checks, "site_errors", lambda site: pytest.fail("looked at a site"))
    assert checks.check_admin(None) == []


# --- The tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["registry.Compnay", "nowhere.Company", "Company", "registry.company"])
def test_a_table_naming_an_unknown_model_is_found(label):
    assert found(checks.unknown_models({label: {}}, "SCOPES")) == ["core.E001"]


def test_the_tables_of_the_product_name_only_known_models():
    assert found([*checks.unknown_models(SCOPES, "SCOPES"), *checks.unknown_models(GRANTS, "GRANTS")]) == []


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("pk", True),
        ("company", True),
        ("company__people", True),
        (ALL, True),
        ("compnay", False),
        ("company__nobody", False),
    ],
)
def test_a_scope_that_is_no_path_of_the_model_is_found(path, fine):
    errors = found(checks.wrong_paths({"registry.Certificate": {Role.PERSON: path}}))
    assert errors == ([] if fine else ["core.E002"])


# --- Flows -------------------------------------------------------------------------------------------


@cache
def flow(name, *, label="Finish", desks=("OPEN",), choices=("OPEN", "DONE")):
    """A flow from OPEN to DONE; made once, because a model's name can be registered once only."""
    state = StateField(default="OPEN", choices=[(choice, choice) for choice in choices])

    @step(state, "OPEN", "DONE", by=Role.OFFICE, label=label)
    def finish(self, by, **data):
        """End."""

    meta = type("Meta", (), {"app_label": "flowapp", "abstract": True})
    return type(name, (Flow,), {
        "__module__": __name__, "Meta": meta, "state": state, "finish": finish,
        "desks": {desk: Desk(Role.OFFICE) for desk in desks},
    })  # fmt: skip


def test_a_complete_flow_is_fine():
    assert found(checks.flow_errors(flow("Complete"))) == []
    assert found(checks.flow_errors(Paper)) == []


def test_a_step_without_a_label_is_found():
    assert found(checks.flow_errors(flow("Unlabelled", label=" "))) == ["core.E003"]


def test_a_state_at_no_desk_that_is_not_an_end_is_found():
    assert found(checks.flow_errors(flow("Deskless", desks=()))) == ["core.E004"]


def test_a_desk_that_no_step_leaves_is_found():
    assert found(checks.flow_errors(flow("Stuck", desks=("OPEN", "DONE")))) == ["core.E005"]


def test_the_base_of_the_flows_is_none_itself():
    assert Flow not in [type(error.obj) for error in checks.check_flows(None)]


# --- Deployment --------------------------------------------------------------------------------------


def test_a_production_site_that_writes_mails_to_the_console_is_told(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert found(checks.check_channels(None)) == ["core.W001"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert found(checks.check_channels(None)) == []


# --- Personal data -----------------------------------------------------------------------------------


def test_a_personal_field_that_the_table_does_not_know_is_found():
    without_phone = {key: value for key, value in SENSITIVE.items() if key != "registry.Person.phone"}
    errors = list(checks.unlisted_fields([Person], without_phone))
    assert found(errors) == ["core.E010"]
    assert "registry.Person.phone" in errors[0].msg


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("payee_account", models.CharField(max_length=40)),
        ("emergency_phone", models.CharField(max_length=20)),
        ("id_number_of_spouse", models.CharField(max_length=18)),
        ("second_address", models.EmailField()),
        ("scan", models.FileField()),
        ("wechat", models.CharField(max_length=40)),
    ],
)
def test_every_way_of_naming_a_personal_field_is_known(name, field):
    field.contribute_to_class(
        type("Bare", (), {"_meta": Person._meta, "__module__": "x"}), name, private_only=True
    )
    assert checks.is_personal(field)


@pytest.mark.parametrize(("model", "name"), [(Person, "name"), (Person, "company"), (Company, "credit_code")])
def test_other_fields_are_not_asked_for(model, name):
    assert not checks.is_personal(model._meta.get_field(name))


def test_a_kind_of_attachment_that_nobody_may_see_is_found(monkeypatch):
    monkeypatch.setattr(Person, "takes_attachments", ("ID_CARD", "PASSPORT"))
    assert found(checks.unlisted_papers([Person], PAPERS)) == ["core.E011"]


@pytest.mark.parametrize("key", ["registry.Person.fone", "registry.person.phone", "nowhere.Person.phone"])
def test_an_entry_for_a_field_that_does_not_exist_is_found(key):
    assert found(checks.unknown_fields({key: {}})) == ["core.E012"]
