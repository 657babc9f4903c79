"""Dates and numbers have bounds at every door: a mistyped year or a negative amount is refused with a sentence."""

import datetime
import importlib
import pkgutil
from decimal import Decimal

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.fields import AutoFieldMixin

from backoffice.core.bounds import validate_day, validate_phone, validate_phones

OURS = ("accounts", "core", "fees", "registry", "training")
#: Forms that only search: an odd date finds nothing and is stored nowhere.
SEARCHES = {"DateRangeForm"}
SLIPS = [
    datetime.date(1, 1, 1),
    datetime.date(215, 6, 1),
    datetime.date(9999, 12, 31),
    datetime.date(1915, 3, 1),
]


def fields(kind):
    """The fields of that kind that people fill in."""
    for model in apps.get_models():
        if model._meta.app_label in OURS and not model.__name__.startswith("Historical"):
            for field in model._meta.local_fields:
                if isinstance(field, kind) and field.editable and not isinstance(field, AutoFieldMixin):
                    yield field


#: Written by the program alone, in admin classes that show them read-only.
WRITTEN_BY_PROGRAM = {
    "last_login", "removed_at", "confirmed_at", "finished_at", "undone_at", "due_on", "closed_at", "next_attempt_at",
    "sent_at", "decided_at", "answered_at", "core.Counter.until", "core.SignOfLife.at",
}  # fmt: skip


def test_every_date_that_people_enter_is_bounded():
    bare = [
        str(field) for field in fields(models.DateField)
        if validate_day not in field.validators and not {field.name, str(field)} & WRITTEN_BY_PROGRAM
    ]  # fmt: skip
    assert bare == []


def test_every_amount_and_number_of_hours_is_bounded_below():
    for field in fields(models.DecimalField):
        with pytest.raises(ValidationError):
            field.clean(Decimal(-1), None)
        with pytest.raises(ValidationError):
            field.clean("NaN", None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("training.TrainingClass.capacity", 0),
        ("training.TrainingClass.capacity", 1_000_000),
        ("training.TrainingClass.tuition", Decimal("100000.01")),
        ("training.EnrolmentLine.score", Decimal("1000.1")),
        ("training.EnrolmentLine.study_hours", Decimal("2000.1")),
    ],
)
def test_numbers_that_can_only_be_slips_are_refused(path, value):
    label, name = path.rsplit(".", 1)
    with pytest.raises(ValidationError):
        apps.get_model(label)._meta.get_field(name).clean(value, None)


def all_forms():
    """Every form class of ours: all modules are loaded first."""
    for package in ("backoffice", "fees", "registry", "training"):
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if (
                ".migrations" not in found.name
                and ".management." not in found.name
                and "wsgi" not in found.name
            ):
                importlib.import_module(found.name)
    waiting = [forms.BaseForm]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.split(".")[0] in ("backoffice", "fees", "registry", "training"):
            yield form


def is_of_model(form, name):
    """The model's own validators run for a field of a ModelForm."""
    return issubclass(form, forms.BaseModelForm) and name in {
        field.name for field in form._meta.model._meta.fields
    }


def test_every_date_of_a_form_of_ours_is_bounded():
    bare = {
        f"{form.__module__}.{form.__name__}.{name}"
        for form in all_forms()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.DateField | forms.DateTimeField)
        and validate_day not in field.validators
        and form.__name__ not in SEARCHES
        and not is_of_model(form, name)
    }
    assert bare == set()


@pytest.mark.parametrize("day", SLIPS, ids=str)
def test_a_slip_of_the_year_gets_a_sentence_with_the_whole_date(day):
    with pytest.raises(ValidationError, match=day.isoformat()):
        validate_day(day)


@pytest.mark.parametrize("day", [datetime.date(1950, 1, 1), datetime.date(2100, 12, 31)], ids=str)
def test_days_of_a_working_life_pass(day):
    validate_day(day)


@pytest.mark.parametrize("number", ["-1", "0", "电话", "12345", "NaN"])
def test_what_is_no_phone_is_refused_for_users_bodies_and_companies(number):
    for validate in (validate_phone, validate_phones):
        with pytest.raises(ValidationError):
            validate(number)
    phones = [f for f in fields(models.CharField) if f.name in ("phone", "contact_phone")]
    assert len(phones) >= 7
    for field in phones:
        with pytest.raises(ValidationError):
            field.clean(number, None)


@pytest.mark.parametrize(
    "text", ["020-80000101", "13800138000", "020-80000101、80000102", "4008001234/13800138000"]
)
def test_a_body_may_have_several_numbers(text):
    validate_phones(text)
