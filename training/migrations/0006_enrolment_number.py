"""Every enrolment gets its public number, in the order in which they were begun, and its bill the same one."""

from django.conf import settings
from django.db import migrations, models
from django.utils import timezone
from stdnum import damm

BATCH = 500


def written(year, running):
    digits = f"{year % 100:02d}{running:06d}"
    return f"{digits[:2]}-{digits[2:]}-{damm.calc_check_digit(digits)}"


def number_all(apps, schema_editor):
    ContentType = apps.get_model("contenttypes", "ContentType")
    Enrolment, Bill = apps.get_model("training", "Enrolment"), apps.get_model("fees", "Bill")
    series = apps.get_model("core", "NumberSeries")
    last = dict(series.objects.values_list("year", "last"))

    def give(model, rows):
        """Number these (key, moment) in order; return key -> number."""
        numbers = {}
        for pk, moment in rows:
            year = timezone.localtime(moment).year
            last[year] = last.get(year, 0) + 1
            numbers[pk] = written(year, last[year])
        store(model, numbers)
        return numbers

    def store(model, numbers):
        rows = [model(pk=pk, number=number) for pk, number in numbers.items()]
        model.objects.bulk_update(rows, ["number"], batch_size=BATCH)

    begun = Enrolment.objects.filter(number=None).order_by("created_at", "pk").values_list("pk", "created_at")
    numbers = give(Enrolment, begun)
    kind = ContentType.objects.filter(app_label="training", model="enrolment").first()
    bills = Bill.objects.filter(number=None, content_type=kind) if kind else Bill.objects.none()
    store(Bill, {
        pk: numbers[owner] for pk, owner in bills.values_list("pk", "object_id").iterator() if owner in numbers
    })
    # What is left hangs on a record without a number.
    left = Bill.objects.filter(number=None).order_by("created_at", "pk").values_list("pk", "created_at")
    give(Bill, list(left))
    for year, number in last.items():
        series.objects.update_or_create(year=year, defaults={"last": number})


def leave_company_out(apps, schema_editor):
    """A bill's subject was "company · class · people": the company may have another name by now, and stands beside."""
    Bill = apps.get_model("fees", "Bill")
    changed = []
    for bill in Bill.objects.only("subject").iterator():
        parts = bill.subject.split(" · ")
        if len(parts) > 2:
            changed.append(Bill(pk=bill.pk, subject=" · ".join(parts[1:])))
    Bill.objects.bulk_update(changed, ["subject"], batch_size=BATCH)


class Migration(migrations.Migration):

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('core', '0009_public_numbers'),
        ('fees', '0003_bill_number'),
        ('training', '0005_bounds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='enrolment',
            name='number',
            field=models.CharField(editable=False, max_length=11, null=True, verbose_name='number'),
        ),
        migrations.RunPython(number_all, migrations.RunPython.noop),
        migrations.RunPython(leave_company_out, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='enrolment',
            name='number',
            field=models.CharField(editable=False, max_length=11, unique=True, verbose_name='number'),
        ),
    ]
