"""`manage.py demo` on a site with real data: it refuses, and writes nothing."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from backoffice.accounts.models import User


@pytest.mark.django_db
def test_a_production_site_is_left_alone(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("demo", "--no-serve")
    assert not User.objects.exists()
