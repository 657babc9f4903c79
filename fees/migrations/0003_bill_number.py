"""A bill bears the public number of its record; training 0006 gives it to the bills there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fees', '0002_bounds'),
    ]

    operations = [
        migrations.AddField(
            model_name='bill',
            name='number',
            field=models.CharField(editable=False, max_length=11, null=True, verbose_name='number'),
        ),
    ]
