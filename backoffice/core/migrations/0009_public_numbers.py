from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_ready_opinions_of_steps'),
    ]

    operations = [
        migrations.CreateModel(
            name='NumberSeries',
            fields=[
                ('year', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('last', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'series of numbers',
                'verbose_name_plural': 'series of numbers',
            },
        ),
    ]
