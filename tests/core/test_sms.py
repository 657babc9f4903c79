"""Text messages through a provider's gateway, tried against a server that also fails, delays and refuses."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest
from django.utils import translation

from backoffice.core import sms
from backoffice.core.sms import SendFailed

NASTY = 'He said "{phone}" & 100% 您好\\\n<a href="https://x/?a=1&b=2">'


class Gateway(BaseHTTPRequestHandler):
    """Does what its path says, and keeps what it was sent."""

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_GET(self):
        self.answer(b"")

    def answer(self, body):
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        action = self.path.split("/")[1].split("?")[0]
        if action == "delay":
            time.sleep(3)
        if action == "drip":
            return self.drip()
        if action == "hang-up":
            return self.connection.shutdown(socket.SHUT_RDWR)
        status = {"broken": 500, "forbidden": 403, "elsewhere": 302, "to-file": 302}.get(action, 200)
        said = {"refuse": b'{"code": 7, "message": "no credit"}', "echo": body}.get(action, b'{"code": 0}')
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "file:///etc/passwd" if action == "to-file" else "/ok")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def drip(self):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass  # the other side gave up, as it should

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    running.daemon_threads = True
    running.seen = []
    running.handle_error = lambda *args: None  # a client that gave up in time breaks the pipe
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def gateway(server, settings, monkeypatch):
    """`gateway("ok", body=…)` sets the site up to use that path of the test server."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server.seen.clear()

    def use(action, **changes):
        settings.SMS_BACKEND = "http"
        settings.SMS_HTTP = {
            "url": f"http://127.0.0.1:{server.server_port}/{action}", "method": "POST", "timeout": 1,
            "headers": {"Content-Type": "application/json"}, "success": '"code": 0',
            "body": '{"to": "{phone}", "text": "{text}"}',
        } | changes  # fmt: skip

    return use


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def test_text_in_a_json_body_arrives_as_written(gateway, server):
    gateway("ok")
    sms.send("138 0000-0001", NASTY)
    ((_method, _path, _headers, body),) = server.seen
    assert json.loads(body) == {"to": "13800000001", "text": NASTY}


def test_text_in_a_form_body_arrives_as_written(gateway, server):
    gateway(
        "ok", headers={"Content-Type": "application/x-www-form-urlencoded"}, body="to={phone}&text={text}&x=1"
    )
    sms.send("+8613800000001", NASTY)
    assert parse_qs(server.seen[0][3].decode()) == {"to": ["+8613800000001"], "text": [NASTY], "x": ["1"]}


def test_text_in_the_address_arrives_as_written(gateway, server):
    gateway("ok")
    url = f"http://127.0.0.1:{server.server_port}/ok?to={{phone}}&text={{text}}"
    gateway("ok", method="GET", url=url, headers={})
    sms.send("13800000001", NASTY)
    method, path, _headers, body = server.seen[0]
    assert (method, body) == ("GET", b"")
    assert parse_qs(urlparse(path).query) == {"to": ["13800000001"], "text": [NASTY]}


def test_headers_are_sent_and_their_place_holders_cannot_start_new_ones(gateway, server):
    gateway("ok", headers={"Content-Type": "application/json", "X-Key": "k-1", "X-Text": "{text}"})
    sms.send("13800000001", "a\r\nX-Evil: 1")
    headers = server.seen[0][2]
    assert headers["X-Key"] == "k-1"
    assert headers["X-Text"] == "a%0D%0AX-Evil%3A%201"
    assert "X-Evil" not in headers


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("broken", "answered with error 500"),
        ("forbidden", "answered with error 403"),
        ("delay", "did not answer in time"),
        ("drip", "did not answer in time"),
        ("hang-up", "broke off"),
        ("refuse", "no credit"),
    ],
)
def test_a_gateway_in_trouble_is_a_sentence_and_worth_another_attempt(gateway, action, words):
    gateway(action)
    start = time.monotonic()
    with pytest.raises(SendFailed, match=words) as failure:
        sms.send("13800000001", "hello")
    assert not failure.value.final
    assert time.monotonic() - start < 2.5


def test_a_gateway_that_is_not_there_is_a_sentence(gateway):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gateway("ok", url=f"http://127.0.0.1:{port}/ok")
    with pytest.raises(SendFailed, match="cannot be reached"):
        sms.send("13800000001", "hello")


@pytest.mark.parametrize("action", ["elsewhere", "to-file"])
def test_redirects_are_not_followed(gateway, server, action):
    gateway(action)
    with pytest.raises(SendFailed, match="302"):
        sms.send("13800000001", "hello")
    assert len(server.seen) == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,code 0"])
def test_no_other_scheme_is_ever_opened(gateway, url):
    gateway("ok", url=url, success="")
    with pytest.raises(SendFailed):
        sms.send("13800000001", "hello")


def test_the_text_is_not_repeated_in_the_error(gateway):
    gateway("echo", success="never")
    with pytest.raises(SendFailed) as failure:
        sms.send("13800000001", "your link: https://example.org/activate/SECRET")
    assert "SECRET" not in str(failure.value)


@pytest.mark.parametrize("phone", ["", "abc", "020", "1380000\r\n0001x", "13800000001;13800000002"])
def test_what_is_no_phone_number_fails_at_once_and_for_good(gateway, server, phone):
    gateway("ok")
    with pytest.raises(SendFailed, match="not a phone number") as failure:
        sms.send(phone, "hello")
    assert failure.value.final
    assert not server.seen


def test_the_demo_writes_to_the_console(settings, capsys):
    settings.SMS_BACKEND = "console"
    sms.send("13800000001", "hello")
    assert capsys.readouterr().out == "SMS to 13800000001: hello\n"


def test_a_production_site_without_gateway_says_so_instead_of_pretending(settings):
    settings.SMS_BACKEND, settings.PRODUCTION = "console", True
    with pytest.raises(SendFailed, match="no text-message gateway") as failure:
        sms.send("13800000001", "hello")
    assert failure.value.final
