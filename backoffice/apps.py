from django.contrib.admin.apps import AdminConfig


class BackofficeAdminConfig(AdminConfig):
    """Django's admin with our site class (sidebar by role, scoped pages)."""

    default_site = "backoffice.site.BackofficeSite"
