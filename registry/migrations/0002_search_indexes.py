"""Any part of a person's name is found by an index, on both databases (backoffice/core/search.py)."""

from django.db import migrations

from backoffice.core.search import SubstringIndex

names = SubstringIndex("registry_person", "name", max_length=50)


def forwards(apps, schema_editor):
    names.create(schema_editor)


def backwards(apps, schema_editor):
    names.drop(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
