"""Settings: a wrong value stops the start with a sentence that names the variable; a right site starts clean."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "k3Zq9" * 12,
    "ALLOWED_HOSTS": "members.example.org",
    "DATABASE_URL": "sqlite:////tmp/never-opened.sqlite3",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
}
SMS = {"SMS_BACKEND": "http", "SMS_URL": "https://x.example"}
#: Tried with the platform (training/test_learning_settings.py); any text will do for the others.
TRIED_ELSEWHERE = {"LEARNING_PLATFORM", "LEARNING_PLATFORM_URL", "LEARNING_PLATFORM_SECRET",
                   "LEARNING_PLATFORM_TIMEOUT", "LEARNING_PLATFORM_POLL_MINUTES"}  # fmt: skip
ANY_TEXT = {"SMS_SUCCESS"}
#: What is set wrongly -> words of the sentence. One process reads them all: a start costs a second each.
WRONG = [
    ({"ENVIRONMENT": "staging"}, "ENVIRONMENT is 'staging'; it must be one of: demo, production."),
    ({**PRODUCTION, "SECRET_KEY": ""}, "SECRET_KEY is not set"),
    ({**PRODUCTION, "SECRET_KEY": "short"}, "SECRET_KEY is shorter than 50 characters"),
    ({**PRODUCTION, "ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is not set"),
    ({**PRODUCTION, "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS holds '*'"),
    ({**PRODUCTION, "DEBUG": "on"}, "DEBUG is on in production"),
    ({name: PRODUCTION[name] for name in PRODUCTION if name != "DATABASE_URL"}, "DATABASE_URL is not set"),
    ({**PRODUCTION, "SECURE_HSTS_SECONDS": "-1"}, "SECURE_HSTS_SECONDS is '-1'"),
    ({**PRODUCTION, "SECURE_HSTS_SECONDS": "²"}, "SECURE_HSTS_SECONDS is '²'"),
    ({**PRODUCTION, "SECURE_HSTS_INCLUDE_SUBDOMAINS": "sure"}, "SECURE_HSTS_INCLUDE_SUBDOMAINS is 'sure'"),
    ({**PRODUCTION, "SECURE_HSTS_PRELOAD": "on"}, "SECURE_HSTS_PRELOAD is on; browsers preload only"),
    ({**PRODUCTION, "SECURE_SSL_REDIRECT": "never"}, "SECURE_SSL_REDIRECT is 'never'"),
    ({**PRODUCTION, "ALLOWED_HOSTS": "https://members.example.org"}, "ALLOWED_HOSTS holds 'https://members.example.org'"),
    ({"DEBUG": "perhaps"}, "DEBUG is 'perhaps'; it must be on or off."),
    ({"DATABASE_URL": "mysql://root@localhost/x"}, "DATABASE_URL names a database we do not run on"),
    ({"DATABASE_URL": "postgres://root@localhost/"}, "DATABASE_URL names no database"),
    ({"DATABASE_URL": "members"}, "DATABASE_URL is not understood"),
    ({"CONN_MAX_AGE": "for ever"}, "CONN_MAX_AGE is 'for ever'"),
    ({"SITE_URL": "members.example.org"}, "SITE_URL is 'members.example.org'"),
    ({"SITE_URL": "javascript:alert(1)"}, "SITE_URL is 'javascript:alert(1)'"),
    ({"SITE_URL": "https://"}, "SITE_URL is 'https:'"),
    ({"SITE_URL": "https://example.org:port"}, "SITE_URL is 'https://example.org:port'"),
    ({**PRODUCTION, "SITE_URL": "http://members.example.org"}, "SITE_URL must start with https://"),
    ({**PRODUCTION, "SITE_URL": "https://members.example.org/office"}, "it must be a host alone"),
    ({**PRODUCTION, "ALLOWED_HOSTS": ".example.org"}, "SITE_URL is not set"),
    ({"SESSION_HOURS": "many"}, "SESSION_HOURS is 'many'; it must be a whole number from 1 to 336."),
    ({"PROXY_COUNT": "9"}, "PROXY_COUNT is '9'"),
    ({"BEHIND_PROXY": "maybe", "PROXY_COUNT": "1"}, "BEHIND_PROXY is 'maybe'; it must be on or off."),
    ({"BEHIND_PROXY": "on"}, "BEHIND_PROXY is on, but PROXY_COUNT is not set"),
    ({**PRODUCTION, "BEHIND_PROXY": "on", "PROXY_COUNT": "0"}, "BEHIND_PROXY is on, but PROXY_COUNT is not set"),
    ({**PRODUCTION, "EMAIL_URL": ""}, "EMAIL_URL is not set"),
    ({**PRODUCTION, "EMAIL_URL": "consolemail://"}, "EMAIL_URL sends no mail (consolemail)"),
    ({**PRODUCTION, "EMAIL_URL": "dummymail://"}, "EMAIL_URL sends no mail (dummymail)"),
    ({**PRODUCTION, "EMAIL_URL": "smtp://"}, "EMAIL_URL names no mail server"),
    ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL is not understood"),
    ({"EMAIL_URL": "smtp://mail.example.org:many"}, "EMAIL_URL is not understood"),
    ({"DEFAULT_FROM_EMAIL": "the office"}, "DEFAULT_FROM_EMAIL is 'the office'; it must be a mail address"),
    ({"DEFAULT_FROM_EMAIL": "a@b"}, "DEFAULT_FROM_EMAIL is 'a@b'"),
    ({"MEDIA_STORAGE": "ftp"}, "MEDIA_STORAGE is 'ftp'"),
    ({"MEDIA_STORAGE": "s3", "S3_BUCKET": ""}, "S3_BUCKET is not set"),
    ({"MEDIA_STORAGE": "s3", "S3_BUCKET": "x", "S3_ENDPOINT": "store"}, "S3_ENDPOINT is 'store'"),
    ({"MEDIA_STORAGE": "s3", "S3_BUCKET": "x", "S3_ACCESS_KEY": "x"}, "S3_ACCESS_KEY and S3_SECRET_KEY belong"),
    ({"MEDIA_STORAGE": "s3", "S3_BUCKET": "x", "S3_SECRET_KEY": "x"}, "S3_ACCESS_KEY and S3_SECRET_KEY belong"),
    ({"TASKS_BACKEND": "cron"}, "TASKS_BACKEND is 'cron'"),
    ({"TASK_TIME_LIMIT": "0"}, "TASK_TIME_LIMIT is '0'"),
    ({"REDIS_URL": "garbage"}, "REDIS_URL is not understood"),
    ({"REDIS_URL": "redis://host:port"}, "REDIS_URL is not understood"),
    ({"REDIS_URL": "http://127.0.0.1:6379", "TASKS_BACKEND": "celery"}, "REDIS_URL is not understood"),
    ({"SMS_BACKEND": "pigeon"}, "SMS_BACKEND is 'pigeon'"),
    ({"SMS_BACKEND": "http"}, "SMS_URL is not set to an http(s) address"),
    ({"SMS_BACKEND": "http", "SMS_URL": "file:///etc/passwd"}, "SMS_URL is not set to an http(s) address"),
    ({**PRODUCTION, "SMS_BACKEND": "http", "SMS_URL": "http://x.example"}, "SMS_URL must start with https://"),
    ({"SMS_METHOD": "PUT"}, "SMS_METHOD is 'PUT'"),
    ({"SMS_TIMEOUT": "-5"}, "SMS_TIMEOUT is '-5'"),
    ({**SMS, "SMS_BODY": "{}"}, "must hold {phone} and {text}"),
    ({**SMS, "SMS_BODY": "{phone} {text}"}, "SMS_BODY is no JSON"),
    ({**SMS, "SMS_HEADERS": "{}"}, "SMS_HEADERS holds no Content-Type"),
    ({"SMS_HEADERS": "Content-Type: application/json"}, "SMS_HEADERS is no JSON object"),
    ({"SMS_HEADERS": '["Content-Type"]'}, "SMS_HEADERS is no JSON object"),
    ({"SMS_HEADERS": '{"Content-Type": 1}'}, "SMS_HEADERS is no JSON object"),
    ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'"),
    ({"SENTRY_DSN": "sentry"}, "SENTRY_DSN is 'sentry'"),
    ({"SENTRY_DSN": "https://sentry.example.org/1"}, "SENTRY_DSN holds no key"),
    ({"DATA_DIR": "/proc/nowhere"}, "DATA_DIR /proc/nowhere cannot be made"),
    # All that is missing or wrong, in one go.
    *(({"ENVIRONMENT": "production", "BEHIND_PROXY": "maybe", "SMS_HEADERS": "x"}, words)
      for words in ("8 settings are wrong or missing", "- SECRET_KEY is not set", "- ALLOWED_HOSTS is not set",
                    "- SITE_URL is not set", "- DEFAULT_FROM_EMAIL is not set",
                    "- DATABASE_URL is not set", "- EMAIL_URL is not set", "- BEHIND_PROXY is 'maybe'",
                    "- SMS_HEADERS is no JSON object")),
    (PRODUCTION, ""),
    ({**PRODUCTION, "BEHIND_PROXY": "yes", "PROXY_COUNT": "1", "SITE_URL": "https://members.example.org/",
      "DEFAULT_FROM_EMAIL": "会员服务 <service@example.org>", "REDIS_URL": "rediss://:p%40ss@cache.example.org:6380/1",
      "SMS_BACKEND": "http", "SMS_URL": "https://x.example", "SMS_METHOD": "POST", "SECURE_HSTS_PRELOAD": "on",
      "SECURE_HSTS_INCLUDE_SUBDOMAINS": "on", "LOG_FORMAT": "plain"}, ""),
]  # fmt: skip

READ_ALL = """
import importlib, json, os, sys
from django.core.exceptions import ImproperlyConfigured
clean, said = dict(os.environ), []
for changes in json.loads(sys.stdin.read()):
    os.environ.clear()
    os.environ.update(clean | changes)
    sys.modules.pop("backoffice.settings", None)
    try:
        importlib.import_module("backoffice.settings")
        said.append("")
    except ImproperlyConfigured as error:
        said.append(str(error))
print(json.dumps(said))
"""
ASKED = """
import importlib, json
from django.core.exceptions import ImproperlyConfigured
from backoffice.environment import Environment
try:
    importlib.import_module("backoffice.settings")
except ImproperlyConfigured:
    pass  # where the S3 store's packages are not installed
print(json.dumps(sorted(Environment.asked)))
"""


def environment(tmp_path, **changes):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATA_DIR": str(tmp_path)} | changes


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL], input=json.dumps([changes for changes, _words in WRONG]),
        capture_output=True, text=True, check=True, cwd=ROOT, env=environment(tmp_path_factory.mktemp("data")),
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("n", range(len(WRONG)), ids=[words or "right" for _changes, words in WRONG])
def test_a_wrong_value_is_refused_with_a_sentence(answers, n):
    words = WRONG[n][1]
    assert words in answers[n]
    assert bool(words) == bool(answers[n])


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The variables that a production site with everything switched on reads."""
    everything = {**PRODUCTION, "MEDIA_STORAGE": "s3", "S3_BUCKET": "x", "TASKS_BACKEND": "celery"}
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=True, cwd=ROOT,
        env=environment(tmp_path_factory.mktemp("data"), **everything),
    )  # fmt: skip
    return set(json.loads(done.stdout))


def test_every_setting_was_tried_with_a_wrong_value(asked):
    tried = {name for changes, words in WRONG for name in changes if name in words}
    assert asked - tried - TRIED_ELSEWHERE - ANY_TEXT == set()


def test_the_readme_names_every_setting(asked):
    readme = (ROOT / "README.md").read_text()
    settings_part = readme[readme.index("## Settings") : readme.index("## In production")]
    assert {name for name in asked if f"`{name}`" not in settings_part} == set()


@pytest.mark.slow
def test_manage_says_the_sentence_without_a_traceback(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, capture_output=True, text=True,
        env=environment(tmp_path, ENVIRONMENT="staging"),
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.strip().splitlines() == [
        "Configuration refused: ENVIRONMENT is 'staging'; it must be one of: demo, production."
    ]


@pytest.mark.slow
def test_a_server_and_the_command_line_say_all_of_it_at_once(tmp_path):
    expected = ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "DATABASE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL"]
    for command in (["manage.py", "check"], ["-m", "gunicorn", "backoffice.wsgi", "--bind", "127.0.0.1:0"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=60,
            env=environment(tmp_path, ENVIRONMENT="production"),
        )  # fmt: skip
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        said = [line for line in done.stderr.splitlines() if line.startswith("- ")]
        assert [line.split()[1] for line in said] == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"TASKS_BACKEND": "worker", "SMS_BACKEND": "http", "SMS_URL": "https://sms.example.org/send"},
        {"DATABASE_URL": "postgres://root@127.0.0.1/never_opened"},
    ],
    ids=["plain", "worker and gateway", "PostgreSQL"],
)
def test_a_production_site_passes_the_deployment_check(tmp_path, more):
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, capture_output=True, text=True, env=environment(tmp_path, **PRODUCTION | more),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


@pytest.mark.slow
def test_the_demo_starts_with_nothing_set(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\nfrom django.conf import settings\n"
         "print(settings.DATABASES['default']['NAME'], len(settings.SECRET_KEY) >= 50)"],
        cwd=ROOT, capture_output=True, text=True, check=True, env=environment(tmp_path),
    )  # fmt: skip
    assert done.stdout.split() == [str(tmp_path / "backoffice.sqlite3"), "True"]
