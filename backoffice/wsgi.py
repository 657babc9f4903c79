"""gunicorn backoffice.wsgi (README, "In production")."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
application = get_wsgi_application()

from backoffice.core.tasks import resume_with_first_request  # noqa: E402  (needs the applications loaded)

resume_with_first_request()
# What is loaded now lives for ever; walking it again in every collection costs 80-125 ms pauses.
gc.collect()
gc.freeze()
