"""The handbook, the Dockerfile and compose.yaml: what they name exists, and what they start are commands we have."""

import configparser
import re
import shlex
import shutil
import subprocess

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from backoffice.core.excel.limits import IMPORT
from backoffice.core.state import SCHEDULE
from backoffice.environment import Environment
from tests.core.test_settings import ROOT

HANDBOOK = (ROOT / "docs" / "operations.md").read_text()
README = (ROOT / "README.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
TEXTS = {"handbook": HANDBOOK, "readme": README, "Dockerfile": DOCKERFILE, "compose": str(COMPOSE)}
UNIT_KEYS = {
    "Unit": {"Description", "After"},
    "Service": {"Type", "User", "WorkingDirectory", "ExecStart", "Restart", "RestartSec", "RestartPreventExitStatus",
                "UMask", "NoNewPrivileges", "ProtectSystem", "PrivateTmp"},
    "Timer": {"OnCalendar", "Persistent"},
    "Install": {"WantedBy"},
}  # fmt: skip


def blocks(kind):
    """The code blocks of that kind; those with a path in their first line by that path."""
    found = re.findall(rf"```{kind}\n(.*?)```", HANDBOOK, re.DOTALL)
    return {
        match[1] if (match := re.match(r"# (/\S+)\n", block)) else str(n): block
        for n, block in enumerate(found)
    }


UNITS = {path.rpartition("/")[2]: text for path, text in blocks("ini").items() if "/systemd/" in path}


@pytest.mark.parametrize("where", TEXTS)
def test_every_command_that_is_named_exists_with_its_options(where):
    commands = get_commands()
    named = re.findall(r"manage\.py ([a-z_]+)((?: +--[a-z-]+)*)", TEXTS[where])
    assert named
    for name, options in named:
        assert name in commands, name
        parser = load_command_class(commands[name], name).create_parser("manage.py", name)
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(options.split()) <= known, (name, options)


def test_every_file_that_the_texts_name_is_there():
    named = re.findall(r"requirements[a-z0-9-]*\.txt|docs/[a-z]+\.md", HANDBOOK + README + DOCKERFILE)
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_the_settings_of_the_handbook_and_of_compose_are_settings_of_ours():
    named = set(re.findall(r"^([A-Z][A-Z0-9_]+)=", HANDBOOK, re.MULTILINE)) | set(
        COMPOSE["x-site"]["environment"]
    )
    assert named - Environment.asked == set()


# --- systemd -----------------------------------------------------------------------------------------


def unit(text):
    parser = configparser.ConfigParser(strict=True, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_units_have_known_keys_and_start_what_is_there(name):
    parsed = unit(UNITS[name])
    for section in parsed.sections():
        assert set(parsed[section]) <= UNIT_KEYS[section], section
    if name.endswith(".timer"):
        service = re.sub(r"@.*", "@", name.removesuffix(".timer")) + ".service"
        assert service in UNITS
        return
    program, *arguments = shlex.split(parsed["Service"]["ExecStart"])
    assert program.startswith("/srv/backoffice/app/.venv/bin/")
    assert arguments[0] in ("manage.py", "backoffice.wsgi")
    assert parsed["Service"]["UMask"] == "0077"


def test_every_scheduled_command_has_its_timer():
    named = set(re.findall(r"backoffice@([a-z_]+)\.timer", HANDBOOK)) | {"backup"}
    assert set(SCHEDULE) <= named
    assert named <= set(get_commands())


# --- nginx -------------------------------------------------------------------------------------------


def test_the_proxy_says_who_asks_and_lets_uploads_pass():
    (config,) = blocks("nginx").values()
    assert config.count("{") == config.count("}")
    for line in config.splitlines():
        code = line.split("#")[0].rstrip()
        assert not code or code.endswith((";", "{", "}")), line
    limit = int(re.search(r"client_max_body_size (\d+)m;", config)[1]) * 2**20
    assert limit > IMPORT.file
    for header in ("X-Forwarded-For $proxy_add_x_forwarded_for", "X-Forwarded-Proto $scheme", "Host $host"):
        assert f"proxy_set_header {header};" in config
    assert "gzip on;" in config


@pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx: apt-get install nginx-light")
def test_nginx_reads_its_configuration(tmp_path):
    (config,) = blocks("nginx").values()
    plain = (
        re.sub(r" *ssl_certificate.*\n", "", config)
        .replace("443 ssl", "8443")
        .replace("listen 80", "listen 8080")
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "access_log off;\n" + "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{folders}{plain}\n}}\n")
    done = subprocess.run(
        ["nginx", "-t", "-q", "-c", tmp_path / "nginx.conf", "-p", tmp_path, "-e", "stderr"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- Containers --------------------------------------------------------------------------------------


def instructions():
    """The Dockerfile's instructions with their arguments; lines that end with a backslash go on."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return [line.split(None, 1) for line in joined.splitlines() if line and not line.startswith("#")]


def test_the_dockerfile_is_sound():
    steps = instructions()
    names = [name for name, _rest in steps]
    assert names[0] == "FROM"
    known = "FROM RUN WORKDIR COPY ARG ENV USER VOLUME EXPOSE HEALTHCHECK CMD"
    assert set(names) <= set(known.split())
    assert ":" in dict(steps)["FROM"], "the base image has a version"
    assert names.index("USER") < names.index("CMD")
    assert dict(steps)["USER"] != "root"
    for name, rest in steps:
        if name == "COPY":
            *sources, _target = rest.split()
            assert {source for source in sources if not (ROOT / source).exists()} == set()
        if name == "RUN" and "apt-get install" in rest:
            assert "apt-get update" in rest
            assert "--no-install-recommends" in rest


def test_the_image_holds_every_package_of_the_product_and_no_secret():
    copied = {rest.split()[0] for name, rest in instructions() if name == "COPY"}
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert ours <= copied
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"  # only what is named below goes in
    assert not {"!.env", "!var", "!.git"} & set(ignored)
    for name in ("manage.py", "static", "templates", "locale", "vendor_locale", "fixtures", *ours):
        assert f"!{name}" in ignored
        assert name in copied


def test_compose_starts_server_worker_and_scheduler_on_one_database():
    services = COMPOSE["services"]
    assert set(services) == {"database", "server", "worker", "scheduler"}
    volumes = set(COMPOSE["volumes"])
    for name, service in services.items():
        for volume in service["volumes"]:
            assert volume.split(":")[0] in volumes, name
        assert service["restart"] == "unless-stopped"
    for name in ("server", "worker", "scheduler"):
        assert services[name]["depends_on"]["database"]["condition"] == "service_healthy"
        assert services[name]["environment"]["PROXY_COUNT"] == "1"
        assert services[name]["env_file"] == ".env"
    assert services["server"]["ports"] == ["127.0.0.1:8000:8000"]  # https is the proxy's


def test_the_scheduler_of_compose_runs_every_scheduled_command():
    script = COMPOSE["services"]["scheduler"]["command"][2]
    assert set(SCHEDULE) <= set(re.findall(r"manage\.py ([a-z_]+)", script))
    done = subprocess.run(["sh", "-n"], input=script.replace("$$", "$"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
