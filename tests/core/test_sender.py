"""Where a request comes from: the last hops of X-Forwarded-For are our proxies', the rest the visitor wrote."""

import pytest
from django.test import RequestFactory

from backoffice.core.sender import client_address


@pytest.mark.parametrize(
    ("proxies", "header", "found"),
    [
        (0, "203.0.113.7", "10.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.9, 203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.9,198.51.100.8,203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.9, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
        (2, "203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.7:51234", "203.0.113.7"),
        (1, "[2001:db8::7]:51234", "2001:db8::7"),
        (1, "2001:DB8:0::7", "2001:db8::7"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
        (1, "unknown", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, ",,", "10.0.0.1"),
        (1, "203.0.113.7, <script>", "10.0.0.1"),
    ],
)  # fmt: skip
def test_the_address_is_the_one_that_the_outermost_proxy_was_asked_from(settings, proxies, header, found):
    settings.PROXY_COUNT = proxies
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=header, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == found


def test_a_request_by_a_unix_socket_has_no_address(settings):
    settings.PROXY_COUNT = 0
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) == ""
