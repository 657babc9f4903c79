from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fees', '0003_bill_number'),
        ('training', '0006_enrolment_number'),  # gives the numbers
    ]

    operations = [
        migrations.AlterField(
            model_name='bill',
            name='number',
            field=models.CharField(editable=False, max_length=11, unique=True, verbose_name='number'),
        ),
    ]
