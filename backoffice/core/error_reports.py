"""Reports of errors to Sentry, where the site has one (SENTRY_DSN, requirements-sentry.txt).

A report says where in the code it happened and in which request (the same id as in the logs). It holds no values of
variables, no body, no cookies, no address and no user: those are personal data of people who never agreed to it.
"""

from typing import Any

from backoffice.core.logs import request_id, scrub


def start(dsn: str, environment: str) -> None:
    """Report errors of this process from now on."""
    import sentry_sdk  # optional

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,  # log lines and queries before the error
        traces_sample_rate=None,
        before_send=without_personal_data,
    )


def without_personal_data(event: Any, hint: Any = None) -> Any:
    """The report with all texts scrubbed, and of the request only the method and the id."""
    request = event.pop("request", {})
    for name in ("user", "extra", "server_name", "breadcrumbs", "contexts"):
        event.pop(name, None)
    event = scrubbed(event)
    event["tags"] = {"request": request_id.get(), "method": request.get("method", "")}
    return event


def scrubbed(value: Any) -> Any:
    """The value with every text in it scrubbed."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {name: scrubbed(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [scrubbed(part) for part in value]
    return value
