"""Steps whose target the flow that inherits them names: the payment leg leads each flow to its own states."""

from typing import Any

from backoffice.core.flow import Flow, NamedBy, step
from backoffice.core.state_field import StateField
from backoffice.roles import Role


class Leg(Flow):
    class Meta:
        app_label, abstract = "flowapp", True

    @step("state", "ASKED", "PAID", by=Role.COMPANY, label="Pay")
    def pay(self, by: Any, **data: Any) -> None:
        """Pay."""

    @step("state", "PAID", NamedBy("paid_to"), by=Role.FINANCE, label="Verify")
    def verify(self, by: Any, **data: Any) -> None:
        """Verify."""

    @step("state", "ASKED", NamedBy("declined_to"), by=Role.COMPANY, label="Disagree")
    def decline(self, by: Any, **data: Any) -> None:
        """Disagree."""


class Course(Leg):
    paid_to, declined_to = "CONFIRMED", "DRAFT"
    state = StateField(default="ASKED")

    class Meta:
        app_label, abstract = "flowapp", True


class Dues(Leg):
    paid_to, declined_to = "SETTLED", None
    state = StateField(default="ASKED")

    class Meta:
        app_label, abstract = "flowapp", True

    @step(state, "SETTLED", "ASKED", by=Role.FINANCE, label="Ask again")
    def ask_again(self, by: Any, **data: Any) -> None:
        """Ask again."""


def targets(flow: type[Flow]) -> dict[str, str]:
    return {name: declared.target for name, declared in flow.steps().items()}


def test_each_flow_leads_to_its_own_states_in_the_order_of_the_leg() -> None:
    assert list(targets(Course).items()) == [("pay", "PAID"), ("verify", "CONFIRMED"), ("decline", "DRAFT")]


def test_a_flow_that_nobody_can_decline_lacks_the_step() -> None:
    assert list(targets(Dues).items()) == [("pay", "PAID"), ("verify", "SETTLED"), ("ask_again", "ASKED")]
    assert Dues.decline is None


def test_the_leg_itself_offers_only_what_it_knows() -> None:
    assert targets(Leg) == {"pay": "PAID"}
