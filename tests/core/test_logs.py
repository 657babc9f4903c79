"""Log lines and reports of errors: with the request's id, without personal data, without the noise of refusals."""

import json
import logging
import sys

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from backoffice.core.error_reports import without_personal_data
from backoffice.core.logs import JsonFormatter, NoTracebackOfRefusals, PlainFormatter, request_id, scrub
from backoffice.core.request_log import RequestLogMiddleware


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("import 17 failed for 440103196001010010", "import 17 failed for …"),
        ("Forbidden: /admin/core/task/1000123/change/", "Forbidden: /admin/core/task/1000123/change/"),
        ("Not Found: /admin/registry/personalapplication/5/", "Not Found: /admin/registry/personalapplication/5/"),
        ("Not Found: /a/MTIz:1abcDE:kkkkkkkkkkkk/save/", "Not Found: /a/…/save/"),
        ("GET /account/activate/MQ/c9xyz1-0123456789abcdef0123456789abcdef/", "GET /account/activate/MQ/…/"),
        ("GET /check/?number=A1&name=x done", "GET /check/?… done"),
        ("mail to li.si+x@mail.example.org.cn failed", "mail to … failed"),
        ("13800000000 has no 张三·李四 or 𠮷野", "… has no … or …"),
        ("duplicate key\nDETAIL:  Key (name)=(Smith) already exists.", "duplicate key\nDETAIL: …"),
        ("44010319600101001X", "…"),
    ],
)  # fmt: skip
def test_personal_data_is_cut_out(said, kept):
    assert scrub(said) == kept


def record(error=None, status=None):
    found = logging.LogRecord(
        "backoffice.x", logging.ERROR, "x.py", 1, "failed for %s", ("440103196001010010",), None
    )
    if error is not None:
        try:
            raise error
        except Exception:
            found.exc_info = sys.exc_info()
    if status:
        found.status_code = status
    return found


@pytest.mark.parametrize("formatter", [PlainFormatter(), JsonFormatter()])
def test_a_traceback_says_where_and_not_whose(formatter):
    line = formatter.format(record(ValueError("no room for 张三 44010319600101001X")))
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "张三" not in line
    assert "4401" not in line


def test_a_line_names_its_request():
    token = request_id.set("abc")
    try:
        assert json.loads(JsonFormatter().format(record()))["request"] == "abc"
        assert PlainFormatter().format(record()).endswith("[abc]")
    finally:
        request_id.reset(token)
    assert "request" not in json.loads(JsonFormatter().format(record()))


@pytest.mark.parametrize(
    ("status", "kept"), [(403, False), (404, False), (400, False), (500, True), (None, True)]
)
def test_only_our_own_faults_bring_a_traceback(status, kept):
    found = record(PermissionDenied(), status)
    assert NoTracebackOfRefusals().filter(found)
    assert bool(found.exc_info) == kept


def test_the_id_ends_with_the_request_even_if_it_fails():
    def fails(request):
        assert request_id.get() == "abcdefgh-1"
        raise ValueError

    with pytest.raises(ValueError):
        RequestLogMiddleware(fails)(RequestFactory().get("/", headers={"X-Request-ID": "abcdefgh-1"}))
    assert request_id.get() == ""


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "a b c d e f g", "x\nInjected: 1234567"])
def test_an_id_that_is_none_is_replaced(given):
    middleware = RequestLogMiddleware(lambda request: HttpResponse())
    request = RequestFactory().get("/", HTTP_X_REQUEST_ID=given)
    assert middleware(request)["X-Request-ID"] not in ("", given)


def test_a_report_says_where_and_in_which_request_and_nothing_of_people():
    event = {
        "exception": {"values": [{"type": "ValueError", "value": "for 张三 440103196001010010",
                                  "stacktrace": {"frames": [{"function": "save"}]}}]},
        "request": {"method": "POST", "url": "https://x/a/t/", "cookies": "sessionid=1", "data": "name=x"},
        "user": {"id": 5, "ip_address": "203.0.113.1"}, "server_name": "host", "extra": {"sys.argv": ["x"]},
        "breadcrumbs": {"values": [{"message": "SELECT 李四"}]}, "contexts": {"trace": {}},
    }  # fmt: skip
    token = request_id.set("abc")
    try:
        found = without_personal_data(event)
    finally:
        request_id.reset(token)
    assert found["exception"]["values"][0]["stacktrace"]["frames"] == [{"function": "save"}]
    assert found["tags"] == {"request": "abc", "method": "POST"}
    text = json.dumps(found, ensure_ascii=False)
    for secret in ("张三", "4401", "李四", "sessionid", "203.0.113.1", "/a/t/", "name=x"):
        assert secret not in text
