from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "backoffice.public"
    label = "public"
