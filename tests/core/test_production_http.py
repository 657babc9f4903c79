"""What the settings of a production site do, asked over real HTTP, with two worker processes behind a proxy."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from backoffice.accounts.models import User
from backoffice.core.models import Counter, SignOfLife
from backoffice.roles import Role
from tests.core.production_server import BY_HTTPS, HOST, database_url, running
from tests.factories import PASSWORD, UserFactory

# The tests ask over HTTP; the mark is there for the database that the servers get.
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.xdist_group("production")]

ID_NUMBER = "440103196001010010"


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """A folder with a database in which one user can sign in; what the servers write there is taken away again."""
    folder = tmp_path_factory.mktemp("production")
    with django_db_blocker.unblock():
        user = UserFactory(username="office", role=Role.OFFICE)
        password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
        User.objects.filter(pk=user.pk).update(password=password)
        database_url(folder)
        yield folder
        for rows in (AccessAttempt, AccessLog, Counter, Session, SignOfLife, User):
            rows.objects.all().delete()
        User.history.all().delete()


@pytest.fixture(scope="module")
def server(site):
    """As the handbook has it: one proxy that speaks https."""
    with running(site, BEHIND_PROXY="on", PROXY_COUNT="1") as found:
        yield found


def statuses(server, path, body, addresses):
    """The answers to one POST from each of these X-Forwarded-For, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        return [
            answer.status for answer in pool.map(lambda hops: server.ask(path, body, hops=hops), addresses)
        ]


CHECK = urlencode({"number": "A12499999", "name": "李伟强"})


def test_limits_hold_over_all_workers_whatever_the_visitor_adds_to_the_header(server):
    forged = [f"10.0.0.{n}, 192.0.2.{n}, 203.0.113.1" for n in range(30)]
    found = statuses(server, "/check/", CHECK, forged)
    assert (found.count(200), found.count(429)) == (20, 10)
    assert server.ask("/check/", CHECK, hops="203.0.113.1, 203.0.113.2").status == 200


def sign_in(server, hops, name="office", password="wrong"):
    return server.ask("/admin/login/", urlencode({"username": name, "password": password}), hops=hops)


def test_wrong_passwords_lock_their_sender_out_and_nobody_else(server):
    body = urlencode({"username": "office", "password": "wrong"})
    found = statuses(server, "/admin/login/", body, [f"10.0.0.{n}, 203.0.113.3" for n in range(12)])
    assert found.count(200) <= 5
    assert sign_in(server, "203.0.113.3", password=PASSWORD).status == 429
    answer = sign_in(server, "203.0.113.3, 203.0.113.4", password=PASSWORD)
    assert answer.status == 302
    cookies = answer.msg.get_all("Set-Cookie")
    assert all("Secure" in cookie for cookie in cookies)
    assert any(cookie.startswith("sessionid=") and "HttpOnly" in cookie for cookie in cookies)


def test_pages_come_with_the_headers_that_protect(server):
    headers = server.ask("/admin/login/").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_whoever_comes_without_https_is_sent_there(server):
    answer = server.ask("/check/", headers={})
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/check/")


def test_a_host_that_is_not_ours_gets_no_page(server):
    answer = server.ask("/check/", host="evil.example")
    assert answer.status == 400
    assert "ALLOWED_HOSTS" not in answer.text


def test_probes_are_answered_by_any_name_without_https_and_tell_nothing(server):
    for path, word in (("/health/", "ok"), ("/ready/", "ready")):
        answer = server.ask(path, host="10.0.0.5:8000", headers={})
        assert (answer.status, answer.text) == (200, word)
        assert "Set-Cookie" not in answer.headers
        assert server.ask(path, "", headers={}).status == 405
        assert server.ask(path, method="HEAD", headers={}).status == 200


def test_search_engines_are_kept_away_from_all_but_the_public_pages(server):
    answer = server.ask("/robots.txt")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for folder in ("/admin/", "/account/", "/files/", "/a/"):
        assert f"Disallow: {folder}\n" in answer.text


def test_log_lines_are_json_with_the_request_and_without_personal_data(server):
    given = "from-the-proxy-0001"
    paths = [
        f"/admin/registry/person/?q={ID_NUMBER}", f"/a/{'k' * 30}:1x2y3z:{'s' * 27}/", f"/nowhere/{ID_NUMBER}/",
        "/admin/system/", f"/nowhere/%E5%BC%A0%E4%B8%89/{ID_NUMBER}",
        f"/account/activate/MQ/c9xyz1-{'ab12' * 8}/",
    ]  # fmt: skip
    for path in paths:
        answer = server.ask(path, headers=BY_HTTPS | {"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == given
    assert (
        server.ask("/", headers=BY_HTTPS | {"X-Request-ID": "a b<script>"}).headers["X-Request-ID"]
        != "a b<script>"
    )
    # A refusal: no traceback.
    refused = server.ask("/check/", CHECK, headers={**BY_HTTPS, "Referer": "https://evil.example/"})
    assert refused.status == 403
    lines = server.lines()
    mine = [line for line in lines if line.get("request") == given and line["logger"] == "backoffice.request"]
    assert len(mine) == len(paths)
    assert {"time", "level", "logger", "message", "request", "method", "route", "status", "ms"} <= set(
        mine[0]
    )
    assert any(line.get("status") == 403 for line in lines)
    text = server.log.read_text()
    for secret in (ID_NUMBER, "s" * 27, "ab12" * 8, "Traceback", "张三", "password=", PASSWORD):
        assert secret not in text


def test_two_proxies_and_the_whole_domain_by_https(site):
    more = {"SECURE_HSTS_INCLUDE_SUBDOMAINS": "on", "SECURE_HSTS_PRELOAD": "on", "SECURE_HSTS_SECONDS": "40000000",
            "TASKS_BACKEND": "worker", "SESSION_HOURS": "2"}  # fmt: skip
    with running(site, BEHIND_PROXY="on", PROXY_COUNT="2", **more) as server:
        answer = server.ask("/admin/login/")
        assert answer.headers["Strict-Transport-Security"] == "max-age=40000000; includeSubDomains; preload"
        forged = [f"10.0.0.{n}, 203.0.113.5, 198.51.100.1" for n in range(22)]
        assert statuses(server, "/check/", CHECK, forged).count(429) == 2
        # Without a worker the site is alive, and not ready; nobody outside is told why.
        answer = server.ask("/ready/")
        assert (answer.status, answer.text) == (503, "not ready")
        assert any("not ready: worker" in line["message"] for line in server.lines())
        assert sign_in(server, "203.0.113.6, 198.51.100.1", password=PASSWORD).status == 302
    assert 1.9 < hours_of_shortest_session(site) < 2.1


def hours_of_shortest_session(site):
    """From now to the end of the session that ends first."""
    if connection.vendor == "postgresql":
        return (Session.objects.earliest("expire_date").expire_date - timezone.now()).total_seconds() / 3600
    with closing(sqlite3.connect(site / "site.sqlite3")) as database:
        (found,) = database.execute("SELECT strftime('%s', min(expire_date)) FROM django_session").fetchone()
    return (int(found) - time.time()) / 3600


def test_without_a_proxy_nothing_that_a_visitor_says_of_himself_is_believed(site):
    # gunicorn itself believes whoever asks from this machine; here we stand for somebody far away.
    with running(site, SECURE_SSL_REDIRECT="off", FORWARDED_ALLOW_IPS="203.0.113.250") as server:
        forged = [f"203.0.114.{n}" for n in range(22)]
        assert statuses(server, "/check/", CHECK, forged).count(429) == 2
        answer = server.ask("/admin/login/")  # says it came by https
        assert answer.status == 200
        assert "Strict-Transport-Security" not in answer.headers


def test_the_database_file_is_the_owners_alone(server, site):
    server.ask("/admin/login/")
    files = [path for path in site.iterdir() if path.name.startswith("site.sqlite3")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert bool(files) == (connection.vendor == "sqlite")
