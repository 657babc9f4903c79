"""The state of a flow's record: set by its steps alone, and a plain text column to the migrations."""

import pytest
from django.db import models
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.signals import class_prepared

from tests.flowapp.models import Paper
from training.models import Enrolment


def test_nobody_sets_the_state_by_hand() -> None:
    with pytest.raises(AttributeError):
        Enrolment(state="DRAFT").state = "CONFIRMED"


def test_a_migration_s_copy_of_a_record_listens_to_nothing() -> None:
    project = ProjectState()
    project.add_model(ModelState("flowapp", "copied", [("id", models.AutoField(primary_key=True))]))
    field = Paper._meta.get_field("state")
    name, path, args, kwargs = field.deconstruct()
    assert (name, path, args) == ("state", "django.db.models.CharField", [])
    project.add_field("flowapp", "copied", "state", models.CharField(**kwargs), preserve_default=True)
    before = len(class_prepared.receivers)
    assert type(project.apps.get_model("flowapp", "copied")._meta.get_field("state")) is models.CharField
    assert len(class_prepared.receivers) == before
