from django.apps import AppConfig

from backoffice.roles import GRANTS, SCOPES, STAFF, Role

EDIT = frozenset({"view", "add", "change"})


class FlowAppConfig(AppConfig):
    name = "tests.flowapp"
    label = "flowapp"

    def ready(self) -> None:
        """Papers are in the two tables like every other model."""
        SCOPES["flowapp.Paper"] = {**STAFF, Role.LOCAL_BODY: "local_body", Role.COMPANY: "company"}
        grants = {role: frozenset({"view"}) for role in SCOPES["flowapp.Paper"]}
        GRANTS["flowapp.Paper"] = {**grants, Role.COMPANY: EDIT}
