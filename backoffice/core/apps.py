from django.apps import AppConfig
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
        private_files.close_what_is_there()

        from backoffice.core import reminders, running

        reminders.register_notices()
        running.register_notices()
