from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "backoffice.core"
    label = "core"
    verbose_name = _("Office")

    def ready(self) -> None:
        from backoffice.core import (
            checks,  # noqa: F401  (registers the system checks)
            private_files,
        )
        from backoffice.core.lists import memoise_result_headers

        memoise_result_headers()
        private_files.lock_uploads()
        connection_created.connect(private_files.lock_database, dispatch_uid="lock database")

        from backoffice.core import reminders, running

        reminders.register_notices()
        running.register_notices()
