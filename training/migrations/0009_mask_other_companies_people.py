"""Rosters that were never submitted show other companies' people masked; look-ups know company and number."""

from django.db import migrations
from django.db.models import F, OuterRef, Subquery


def mask_name(name):
    return f"{name[:1]}*" if len(name) < 3 else f"{name[:1]}{'*' * (len(name) - 2)}{name[-1:]}"


def mask(number):
    return f"{number[:4]}{'*' * max(0, len(number) - 8)}{number[-4:]}" if number else ""


def forward(apps, schema_editor):
    line_model = apps.get_model("training", "EnrolmentLine")
    past = apps.get_model("training", "HistoricalEnrolmentLine")
    lines = line_model.objects.filter(enrolment__submitted_at=None, enrolment__state="DRAFT").exclude(
        person__company=F("enrolment__company")
    )
    for line in lines.iterator():
        line.is_masked, line.name, line.id_number = True, mask_name(line.name), mask(line.id_number)
        line.save(update_fields=["is_masked", "name", "id_number"])
        past.objects.filter(id=line.pk).update(is_masked=True, name=line.name, id_number=line.id_number)
    lookups = apps.get_model("training", "CertificateLookup")
    users = apps.get_model("accounts", "User").objects.filter(pk=OuterRef("by")).values("company")
    certificates = apps.get_model("registry", "Certificate").objects.filter(pk=OuterRef("certificate"))
    lookups.objects.filter(number="", certificate__isnull=False).update(
        company=Subquery(users), number=Subquery(certificates.values("number"))
    )


class Migration(migrations.Migration):
    dependencies = [("training", "0008_lookups_and_waiting_entries")]
    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
