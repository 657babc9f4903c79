from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    name = "training"
    verbose_name = _("Training")

    def ready(self) -> None:
        from registry import bodies
        from training.services import bodies_with_open_practice_classes

        bodies.offer(bodies_with_open_practice_classes)

        from training.notices import register_notices

        register_notices()

        from training import running

        running.register()

        from training.readers import lend_papers

        lend_papers()

        from training.results.layouts import register_layouts

        register_layouts()
