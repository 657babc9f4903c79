"""Pictures and what people (or attackers) send instead of them, made in memory."""

import io
import struct
import zipfile
import zlib
from functools import cache
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw


def picture(width: int = 900, height: int = 600, mode: str = "RGB", *, seal: bool = True) -> Image.Image:
    """A page with grey lines and, if wanted, a red seal."""
    page = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(page)
    for y in range(20, height, 40):
        draw.line((20, y, width - 20, y), fill=(60, 60, 60), width=4)
    if seal:
        edge = min(width, height) // 4
        draw.ellipse((width - 2 * edge, height - 2 * edge, width - edge, height - edge), fill=(200, 20, 20))
    return page.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def jpeg(width: int = 900, height: int = 600, **options: Any) -> bytes:
    return encoded(picture(width, height), "JPEG", **options) if options else plain_jpeg(width, height)


def scan_of(code: str) -> bytes:
    """What people hand in for an attachment kind: an upright portrait for the photo, a page for all else."""
    return jpeg(413, 579) if code == "PHOTO" else jpeg()


@cache
def plain_jpeg(width: int, height: int) -> bytes:
    """Encoded once for all who send it."""
    return encoded(picture(width, height), "JPEG")


def png(width: int = 900, height: int = 600, mode: str = "RGB") -> bytes:
    return encoded(picture(width, height, mode), "PNG")


def grey() -> bytes:
    return encoded(picture(mode="L"), "JPEG")


def grey_saved_as_colour() -> bytes:
    return encoded(picture(mode="L").convert("RGB"), "JPEG")


def jpeg_with_exif(orientation: int = 6) -> bytes:
    """A phone's picture: lying on its side, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "SECRET-DESCRIPTION"
    exif.get_ifd(0x8825)[1] = "N"
    return jpeg(exif=exif)


def jpeg_with_html() -> bytes:
    """A polyglot: a good picture, and a page with a script for whoever takes it for HTML."""
    return (
        jpeg(comment=b"<script>alert(1)</script>") + b"<html><script>alert(document.cookie)</script></html>"
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(width: int = 10_000, height: int = 10_000) -> bytes:
    """A few hundred kilobytes that unpack to 100 megapixels of nothing."""
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + width * 3)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def png_lying_about_its_size() -> bytes:
    """Announces 50,000 × 50,000 pixels and holds none."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b""))
        + _chunk(b"IEND", b"")
    )


def word(*, old: bool = False) -> bytes:
    if old:
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as container:
        container.writestr("[Content_Types].xml", "<Types/>")
        container.writestr("word/document.xml", "<w:document/>")
    return written.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SCRIPT = b"alert(document.cookie); // no picture at all"


@cache
def bad_files() -> dict[str, tuple[str, bytes, str]]:
    """What -> (name it comes under, content, words its refusal must hold)."""
    good = jpeg()
    return {
        "Word document": ("身份证.docx", word(), "Word"),
        "old Word document": ("身份证.doc", word(old=True), "Word"),
        "Word document named .jpg": ("身份证.jpg", word(), "Word"),
        "PDF": ("scan.pdf", b"%PDF-1.7\n" + b"0" * 500, "PDF"),
        "SVG": ("logo.svg", SVG, "SVG"),
        "SVG named .png": ("logo.png", SVG, "SVG"),
        "HTML named .jpg": ("page.jpg", HTML, "HTML"),
        "HTML after a byte order mark": ("page.jpg", b"\xef\xbb\xbf \n" + HTML, "HTML"),
        "script named .jpg": ("evil.jpg", SCRIPT, "JPG"),
        "GIF": ("a.gif", encoded(picture(), "GIF"), "GIF"),
        "GIF named .jpg": ("a.jpg", encoded(picture(), "GIF"), "GIF"),
        "TIFF": ("a.tif", encoded(picture(), "TIFF"), "TIFF"),
        "BMP": ("a.bmp", encoded(picture(), "BMP"), "BMP"),
        "WebP": ("a.webp", encoded(picture(), "WEBP"), "WebP"),
        "HEIC": ("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 500, "HEIC"),
        "0 bytes": ("empty.jpg", b"", "empty"),
        "truncated JPEG": ("half.jpg", good[: len(good) // 2], "damaged"),
        "truncated PNG": ("half.png", png()[:1500], "damaged"),
        "first bytes of a JPEG only": ("head.jpg", good[:20], "damaged"),
        "PNG with a wrong checksum": ("crc.png", png()[:40] + b"\0\0\0\0" + png()[44:], "damaged"),
        "10 MB and a byte": ("big.jpg", good + b"\0" * (10 * 1024 * 1024 + 1 - len(good)), "10 MB"),
        "100 megapixels": ("bomb.png", png_bomb(), "40 million"),
        "PNG lying about its size": ("lie.png", png_lying_about_its_size(), "40 million"),
        "stamp-sized": ("small.jpg", jpeg(120, 80), "too small"),
        "grey scan": ("grey.jpg", grey(), "colour"),
        "grey scan saved as colour": ("grey.jpg", grey_saved_as_colour(), "colour"),
        "black-and-white PNG": ("bw.png", png(mode="1"), "colour"),
    }


def upload(content: bytes, name: str = "scan.jpg") -> SimpleUploadedFile:
    """As a browser sends it; what it says about the type is not believed."""
    return SimpleUploadedFile(name, content, content_type="image/jpeg")
