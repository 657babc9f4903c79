"""The settings of the learning platform: a wrong or incomplete one stops the start with a sentence."""

import json
import subprocess
import sys

import pytest

from tests.core.test_settings import PRODUCTION, READ_ALL, ROOT, environment

HTTP = {"LEARNING_PLATFORM": "http", "LEARNING_PLATFORM_URL": "https://platform.example/api",
        "LEARNING_PLATFORM_SECRET": "s" * 32}  # fmt: skip
WRONG = [
    ({"LEARNING_PLATFORM": "fax"}, "LEARNING_PLATFORM is 'fax'; it must be one of: excel, http."),
    ({"LEARNING_PLATFORM": "http"}, "LEARNING_PLATFORM_URL is not set to an http(s) address"),
    ({**HTTP, "LEARNING_PLATFORM_URL": "ftp://x"}, "LEARNING_PLATFORM_URL is not set to an http(s) address"),
    ({**HTTP, "LEARNING_PLATFORM_SECRET": ""}, "LEARNING_PLATFORM_SECRET is shorter than 32 characters"),
    ({**HTTP, "LEARNING_PLATFORM_TIMEOUT": "0"}, "LEARNING_PLATFORM_TIMEOUT is '0'"),
    ({**HTTP, "LEARNING_PLATFORM_POLL_MINUTES": "x"}, "LEARNING_PLATFORM_POLL_MINUTES is 'x'"),
    ({**PRODUCTION, **HTTP, "LEARNING_PLATFORM_URL": "http://x.example"}, "must start with https://"),
    (HTTP, ""), ({**PRODUCTION, **HTTP}, ""), ({}, ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL], input=json.dumps([changes for changes, _words in WRONG]),
        capture_output=True, text=True, check=True, cwd=ROOT, env=environment(tmp_path_factory.mktemp("data")),
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("n", range(len(WRONG)))
def test_the_platforms_settings_are_refused_loudly(answers: list[str], n: int) -> None:
    words = WRONG[n][1]
    assert words in answers[n]
    assert bool(words) or answers[n] == ""
