from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = _("Register")

    def ready(self) -> None:
        from registry.imports.fields import register_layout

        register_layout()

        from registry.notices import register_notices

        register_notices()

        from registry import running

        running.register()
