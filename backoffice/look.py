"""How the admin panel looks: what the theme (django-unfold) asks of the settings."""

from typing import Any

from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Member services"),
    "SITE_HEADER": _("Guangdong Construction Supervision Association"),
    "SITE_SUBHEADER": _("Member services"),
    "SITE_SYMBOL": "verified",
    "SITE_URL": "/",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "SIDEBAR": {"show_search": False, "show_all_applications": False,
                "navigation": "backoffice.navigation.sidebar"},
    "LOGIN": {"form": "backoffice.accounts.forms.SignInForm"},
    "TABS": "backoffice.navigation.tabs",
    "DASHBOARD_CALLBACK": "backoffice.dashboard.dashboard",
    "COMMAND": {"search_models": False, "show_history": False},
    "COLORS": {
        "primary": {
            "50": "239 246 255", "100": "219 234 254", "200": "191 219 254", "300": "147 197 253",
            "400": "96 165 250", "500": "37 99 235", "600": "29 78 216", "700": "30 64 175",
            "800": "30 58 138", "900": "23 37 84", "950": "15 23 42",
        }
    },
}  # fmt: skip
