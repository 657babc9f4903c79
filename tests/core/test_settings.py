"""Settings: a wrong value stops the start with a sentence that names the variable; a right site starts clean."""

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
    ({"DATABASE_URL": "mysql://root@localhost/x"}, "DATABASE_URL names a database we do not run on"),
    ({"SITE_URL": "members.example.org"}, "SITE_URL is 'members.example.org'"),
    ({"SITE_URL": "javascript:alert(1)"}, "SITE_URL is 'javascript:alert(1)'"),
    ({"SESSION_HOURS": "many"}, "SESSION_HOURS is 'many'; it must be a whole number from 1 to 336."),
    ({"PROXY_COUNT": "9"}, "PROXY_COUNT is '9'"),
    ({"MEDIA_STORAGE": "ftp"}, "MEDIA_STORAGE is 'ftp'"),
    ({"MEDIA_STORAGE": "s3"}, "S3_BUCKET is not set"),
    ({"TASKS_BACKEND": "cron"}, "TASKS_BACKEND is 'cron'"),
    ({"TASK_TIME_LIMIT": "0"}, "TASK_TIME_LIMIT is '0'"),
    ({"SMS_BACKEND": "pigeon"}, "SMS_BACKEND is 'pigeon'"),
    ({"SMS_BACKEND": "http"}, "SMS_URL is not set to an http(s) address"),
    ({"SMS_BACKEND": "http", "SMS_URL": "file:///etc/passwd"}, "SMS_URL is not set to an http(s) address"),
    ({"SMS_BACKEND": "http", "SMS_URL": "https://x.example", "SMS_BODY": "{}"}, "must hold {phone} and {text}"),
    ({"SMS_BACKEND": "http", "SMS_URL": "https://x.example", "SMS_HEADERS": "{}"}, "SMS_HEADERS holds no Content-Type"),
    ({"DATA_DIR": "/proc/nowhere"}, "DATA_DIR /proc/nowhere cannot be made"),
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


def environment(tmp_path, **changes):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DJANGO_SETTINGS_MODULE": "backoffice.settings", "DATA_DIR": str(tmp_path)} | changes


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    import json

    done = subprocess.run(
        [sys.executable, "-c", READ_ALL], input=json.dumps([changes for changes, _words in WRONG]),
        capture_output=True, text=True, check=True, cwd=ROOT, env=environment(tmp_path_factory.mktemp("data")),
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("n", range(len(WRONG)), ids=[words for _changes, words in WRONG])
def test_a_wrong_value_is_refused_with_a_sentence(answers, n):
    assert WRONG[n][1] in answers[n]


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
