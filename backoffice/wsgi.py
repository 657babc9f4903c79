"""gunicorn backoffice.wsgi (README, "In production")."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from backoffice.core.private_files import write_for_us_alone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
write_for_us_alone()
try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"Configuration refused: {error}\n")
    sys.exit(3)  # by this code gunicorn knows that starting the worker again cannot help

from backoffice.core.tasks import resume_with_first_request  # noqa: E402  (needs the applications loaded)

resume_with_first_request()
# What is loaded now lives for ever; walking it again in every collection costs 80-125 ms pauses.
gc.collect()
gc.freeze()
