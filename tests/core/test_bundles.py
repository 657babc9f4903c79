"""What every page loads: few files, compressed, no icon missing, nothing private among what is compressed wrongly."""

import gzip
import importlib.util
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.forms import Media
from django.http import FileResponse, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from backoffice.core import bundles
from backoffice.core.middleware import CompressedTextMiddleware
from backoffice.roles import Role
from tests.factories import UserFactory

ROOT = Path(__file__).resolve().parents[2]


def icons():
    spec = importlib.util.spec_from_file_location("icons", ROOT / ".ci" / "icons.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_icon_font_holds_every_icon_that_a_page_can_show():
    """If this fails: python .ci/icons.py"""
    assert not icons().missing()


def test_an_icon_that_the_font_lacks_is_noticed(monkeypatch):
    module = icons()
    monkeypatch.setattr(module, "used", lambda known: {"inbox", "rocket_launch"})
    assert module.missing() == {"rocket_launch"}


def test_a_bundle_holds_its_sources_in_order_and_follows_them(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    made = Path(finders.find(bundles.SCRIPTS))
    text = made.read_text()
    sources = bundles.sources_of(bundles.SCRIPTS)
    at = [text.index(bundles.part(bundles.SCRIPTS, source, path)) for source, path in sources]
    assert at == sorted(at)
    assert sources[-1][0] == "unfold/js/alpine/alpine.js"
    assert "sourceMappingURL" not in text
    monkeypatch.setitem(bundles.BUNDLES, bundles.SCRIPTS, ("backoffice/flow.js",))
    assert "window.shell =" not in Path(finders.find(bundles.SCRIPTS)).read_text()


def test_style_sheets_find_their_pictures_from_the_bundle(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    assert 'url("icons.woff2")' in Path(finders.find(bundles.STYLES)).read_text()
    assert bundles.part("backoffice/x.css", "admin/css/a.css", _css(tmp_path)) == (
        '.a { background: url("../admin/img/a.svg") } .b { background: url(data:image/png;base64,x) }\n'
    )


def _css(folder: Path) -> Path:
    path = folder / "a.css"
    path.write_text(".a { background: url(../img/a.svg) } .b { background: url(data:image/png;base64,x) }")
    return path


@pytest.mark.slow
def test_bundles_are_collected_with_hashed_names_and_compressed(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    call_command("collectstatic", verbosity=0, interactive=False)
    names = [path.name for path in (tmp_path / "static/backoffice").iterdir()]
    assert any(name.startswith("admin.bundle.") and name.endswith(".css.gz") for name in names)
    sheet = next(p for p in (tmp_path / "static/backoffice").glob("admin.bundle.*.css"))
    assert 'url("icons.woff2")' not in sheet.read_text()  # the font has a hashed name, too


def test_what_every_page_loads_stays_light(settings, tmp_path):
    """250 KB for a first visit, the page included (benchmarks/weight.py measures it over the wire)."""
    settings.DATA_DIR = tmp_path
    texts = [Path(finders.find(name)) for name in bundles.BUNDLES]
    font = Path(finders.find("backoffice/icons.woff2"))
    assert sum(len(gzip.compress(path.read_bytes())) for path in texts) + font.stat().st_size < 200_000


def test_media_becomes_the_bundles_and_what_is_not_in_one():
    media = Media(
        css={"all": ["admin/css/vendor/select2/select2.css", "backoffice/schedule.css"]},
        js=["admin/js/vendor/jquery/jquery.min.js", "admin/js/jquery.init.js", "admin/js/urlify.js",
            "backoffice/schedule.js", "backoffice/backoffice.js"],
    )  # fmt: skip
    tags = bundles.bundled(media)
    assert tags.count("<script") == 2
    assert tags.count("forms.bundle.js") == 1
    assert "urlify" not in tags
    assert "backoffice/backoffice.js" not in tags  # every page has it
    assert tags.count("<link") == 2


@pytest.mark.django_db
def test_a_page_is_sent_compressed_and_its_files_are_few(signed_in):
    client = signed_in(UserFactory(role=Role.OFFICE))
    response = client.get(
        reverse("admin:registry_certificate_changelist"), headers={"accept-encoding": "gzip"}
    )
    assert response.headers["Content-Encoding"] == "gzip"
    page = gzip.decompress(response.content).decode()
    assert page.count("<script src=") + page.count('<link rel="stylesheet"') <= 6
    for heavy in ("chart.js", "inter/styles.css", "material-symbols/styles.css", "xregexp"):
        assert heavy not in page


def test_what_is_compressed_already_is_sent_as_it_is():
    request = RequestFactory().get("/", headers={"accept-encoding": "gzip"})
    book = HttpResponse(b"PK" + b"x" * 500, content_type="application/vnd.openxmlformats-officedocument")
    text = HttpResponse("x" * 500)
    answer = CompressedTextMiddleware(lambda _: None).process_response
    assert "Content-Encoding" not in answer(request, book).headers
    assert answer(request, text).headers["Content-Encoding"] == "gzip"
    stream = FileResponse(iter([b"a" * 500]), content_type="image/jpeg")
    assert "Content-Encoding" not in answer(request, stream).headers


def test_the_same_page_is_never_sent_in_the_same_length():
    """Against BREACH: the length tells nothing about what stands in the page."""
    request = RequestFactory().get("/", headers={"accept-encoding": "gzip"})
    answer = CompressedTextMiddleware(lambda _: None).process_response
    assert len({len(answer(request, HttpResponse("x" * 5000)).content) for _ in range(40)}) > 1
