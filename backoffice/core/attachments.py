"""Files people hand in: checked, re-encoded and stored; shown only to those who may see the record.

What is stored is never what was sent: the picture is decoded and written anew, so that nothing but the
picture survives (no EXIF with the home's coordinates, no script hidden behind a picture).
"""

import hashlib
import io
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image, ImageChops, ImageOps

from backoffice.core.models import Attachment, AttachmentKind
from backoffice.core.scoping import can_see
from backoffice.roles import allows

MAX_BYTES = 10 * 1024 * 1024
#: Checked from the file's first bytes, before anything is decoded.
MAX_PIXELS = 40_000_000
#: Stored pictures are at most this long: an A4 page at 300 dots per inch has 3508.
MAX_EDGE = 3600
#: Rows of the stored picture that are made at a time.
BAND = 256
ORIENTATION = 0x0112  # EXIF
#: A shorter edge than this cannot be read: an ID card scanned at 150 dots per inch is 320 high.
MIN_EDGE = 300
#: A one-inch portrait is 295 × 413.
MIN_EDGE_PHOTO = 200
#: A portrait stands upright: one inch is 5 : 7 (width by height), two inches 2 : 3; ID cards' ones are a bit wider.
PORTRAIT = (0.6, 0.85)
#: Everything else must be a colour scan (FAQ 7), the portrait a colour photo; bank slips are often grey.
GREY_ALLOWED = frozenset({"VOUCHER"})
#: Channels that differ by less than this (of 255) are grey; scanners and JPEG tint a little.
COLOUR_DIFFERENCE = 16
QUALITY = 90
NAME_LENGTH = 120
THUMBNAIL = (320, 320)
FORMATS = ("JPEG", "PNG")

#: What people send instead of a picture: how the content begins, and what to do about it.
OTHER_FORMATS: tuple[tuple[Callable[[bytes], bool], Any], ...] = (
    (lambda head: head.startswith(b"%PDF"),
     gettext_lazy("“%(name)s” is a PDF. Export the page as JPG or PNG, or scan the paper again as a picture.")),
    (lambda head: head.startswith(b"\xd0\xcf\x11\xe0"),
     gettext_lazy("“%(name)s” is a Word or Excel document. Save the scan itself as JPG or PNG and upload that.")),
    (lambda head: head.startswith(b"PK\x03\x04"),
     gettext_lazy("“%(name)s” is a Word document or an archive. Save the scan itself as JPG or PNG and upload that.")),
    (lambda head: head.startswith((b"GIF87a", b"GIF89a")),
     gettext_lazy("“%(name)s” is a GIF picture. Save it as JPG or PNG and upload that.")),
    (lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
     gettext_lazy("“%(name)s” is a TIFF picture. Save it as JPG or PNG and upload that.")),
    (lambda head: head.startswith(b"BM") or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
     gettext_lazy("“%(name)s” is a BMP or WebP picture. Save it as JPG or PNG and upload that.")),
    (lambda head: head[4:8] == b"ftyp",
     gettext_lazy("“%(name)s” is a HEIC picture or a film. Set the phone's camera to JPG, or save a copy as JPG.")),
    (lambda head: re.search(rb"<(svg|html|!doctype|script|\?xml|body|head)", head, re.IGNORECASE) is not None,
     gettext_lazy("“%(name)s” is a web page or a drawing (HTML, SVG), not a picture. "
                  "Take a screenshot of it as JPG or PNG and upload that.")),
)  # fmt: skip


class FileRefused(ValidationError):
    """The file was not taken; the message names it and says what to do instead."""


@dataclass(frozen=True)
class Picture:
    """A checked picture, as it will be stored."""

    name: str
    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


# --- Taking in and taking back -----------------------------------------------------------------------


def accept(uploaded_file: UploadedFile, kind_code: str, owner: models.Model, by: Any) -> Attachment:
    """Check the file and attach it to `owner`; raise FileRefused with a sentence for the user otherwise.

    The same picture handed in twice (a second click) is one attachment.
    """
    picture = looked_at(uploaded_file, kind_code, owner, by)
    return store(picture, AttachmentKind.objects.get(code=kind_code), owner, by)


def looked_at(uploaded_file: UploadedFile, kind_code: str, owner: models.Model, by: Any) -> Picture:
    """The checked picture, if this user may attach one of this kind to `owner`; nothing is stored or locked."""
    may = allows(by.role, "add", "core.Attachment") and allows(by.role, "change", owner._meta.label)
    if not may or not can_see(owner, by):
        raise PermissionDenied
    if kind_code not in getattr(owner, "takes_attachments", ()):
        kind = AttachmentKind.objects.filter(code=kind_code).first() or kind_code
        raise FileRefused(_("This record takes no attachment of the kind “%(kind)s”.") % {"kind": kind})
    return check_picture(uploaded_file, kind_code)


def takes_files(owner: Any, by: Any) -> bool:
    """Whether the record's pictures may be changed by this user in its present state.

    A flow says so itself (`takes_files_from(user)`): what was reviewed must not change under the reviewer.
    Without a user it is the system's own doing (demo data).
    """
    hook = getattr(owner, "takes_files_from", None)
    return hook is None or by is None or hook(by)


def locked(owner: models.Model, by: Any) -> None:
    """Make steps and double clicks wait, and refuse if the record's pictures are fixed by now."""
    present = type(owner)._default_manager.select_for_update(of=("self",)).get(pk=owner.pk)
    if not takes_files(present, by):
        raise FileRefused(_("Its pictures are fixed in the present state; a return opens them again."))


@transaction.atomic
def store(picture: Picture, kind: AttachmentKind, owner: models.Model, by: Any) -> Attachment:
    """Attach a checked picture. Permissions are the caller's business."""
    locked(owner, by)
    same = Attachment.of(owner).filter(kind=kind, sha256=picture.sha256, removed_at=None).first()
    if same is not None:
        return same
    account: Any = by if isinstance(by, models.Model) else None  # applicants have none
    attachment = Attachment(
        owner=owner, kind=kind, name=picture.name, size=len(picture.content), sha256=picture.sha256,
        width=picture.width, height=picture.height, uploaded_by=account,
    )  # fmt: skip
    attachment.file.save("picture.jpg", ContentFile(picture.content), save=False)
    try:
        attachment.save()
    except BaseException:
        attachment.file.delete(save=False)
        raise
    return attachment


@transaction.atomic
def remove(attachment: Attachment, by: Any) -> None:
    """Take an attachment back. The file stays: steps were decided on it, and their trail shows it."""
    owner = attachment.owner
    may = allows(by.role, "delete", "core.Attachment")
    if (
        not may
        or owner is None
        or not allows(by.role, "change", owner._meta.label)
        or not can_see(attachment, by)
    ):
        raise PermissionDenied
    locked(owner, by)
    Attachment.objects.filter(pk=attachment.pk, removed_at=None).update(removed_at=timezone.now())
    attachment.refresh_from_db(fields=["removed_at"])


# --- Checks ------------------------------------------------------------------------------------------


def check_picture(uploaded_file: UploadedFile, kind_code: str) -> Picture:
    """Return the picture as it may be stored, or raise FileRefused."""
    name = clean_name(uploaded_file.name or "")
    content = read_content(uploaded_file, name)
    check_header(content, kind_code, name)
    try:
        image = decode(content)
    except Exception:
        # Broken files make Pillow's decoders raise all sorts of errors; each of them means the same to people.
        raise refusal(_("“%(name)s” is damaged and cannot be opened. Scan or save it again."), name) from None
    if kind_code == "PHOTO" and not PORTRAIT[0] <= image.width / image.height <= PORTRAIT[1]:
        raise refusal(
            _("“%(name)s” is not shaped like a portrait (%(width)d × %(height)d pixels). Hand in a one-inch photo, "
              "upright, such as 295 × 413."),
            name, width=image.width, height=image.height,
        )  # fmt: skip
    if kind_code not in GREY_ALLOWED and not has_colour(image):
        sentence = (
            _("“%(name)s” has no colour at all. Hand in a colour photo.") if kind_code == "PHOTO"
            else _("“%(name)s” has no colour at all. Hand in a colour scan of the original paper.")
        )  # fmt: skip
        raise refusal(sentence, name)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=QUALITY)
    return Picture(f"{name[: NAME_LENGTH - 4]}.jpg", written.getvalue(), image.width, image.height)


def refusal(sentence: Any, name: str, **values: Any) -> FileRefused:
    return FileRefused(sentence % {"name": name, **values})


def clean_name(name: str) -> str:
    """What is left of a file name without folders, ending and characters that play tricks."""
    base = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    stem = base.rpartition(".")[0] or base
    # Cc, Cf, Co, Cs, Cn: controls, invisible and direction-changing characters, and what is no character.
    readable = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in stem)
    return re.sub(r'[<>:"/\\|?*%&;`$]+', "_", " ".join(readable.split())).strip(" ._")[:NAME_LENGTH] or _(
        "picture"
    )


def read_content(uploaded_file: UploadedFile, name: str) -> bytes:
    """The file's bytes, if they are neither none nor too many nor another format we know by sight."""
    if (uploaded_file.size or 0) > MAX_BYTES:
        raise refusal(
            _("“%(name)s” is larger than 10 MB. Scan it at 200 to 300 dots per inch, or save it smaller."),
            name,
        )
    uploaded_file.seek(0)
    content: bytes = uploaded_file.read(MAX_BYTES + 1)
    if not content:
        raise refusal(_("“%(name)s” is empty (0 bytes). Choose the file again, or save it anew first."), name)
    for recognises, sentence in OTHER_FORMATS:
        if not content.startswith((b"\xff\xd8", b"\x89PNG")) and recognises(content[:1024].lstrip()):
            raise refusal(sentence, name)
    return content


def check_header(content: bytes, kind_code: str, name: str) -> None:
    """Refuse by what the header says, before memory is spent on the pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            pixels_fit = width * height <= MAX_PIXELS
            if pixels_fit:
                image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pixels_fit = False
    except Exception:  # as in check_picture(): any error of a decoder
        if content.startswith((b"\xff\xd8", b"\x89PNG")):
            raise refusal(
                _("“%(name)s” is damaged and cannot be opened. Scan or save it again."), name
            ) from None
        raise refusal(
            _("“%(name)s” is no JPG or PNG picture. Save the scan as JPG or PNG and upload that."), name
        ) from None
    if not pixels_fit:
        raise refusal(
            _("“%(name)s” has more than 40 million pixels. Scan it at 200 to 300 dots per inch."), name
        )
    least = MIN_EDGE_PHOTO if kind_code == "PHOTO" else MIN_EDGE
    if min(width, height) < least:
        raise refusal(
            _("“%(name)s” is too small to be read (%(width)d × %(height)d pixels; the shorter side needs %(least)d). "
              "Scan it again at 200 to 300 dots per inch."),
            name, width=width, height=height, least=least,
        )  # fmt: skip


def decode(content: bytes) -> Image.Image:
    """The picture upright, in RGB on white, at most MAX_EDGE long, without metadata."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
        opened.load()
        image = shrink(opened)
        image.getexif()[ORIENTATION] = opened.getexif().get(ORIENTATION, 1)
        opened.close()  # frees the large picture before the small one is copied
    ImageOps.exif_transpose(image, in_place=True)
    return image


def shrink(source: Image.Image) -> Image.Image:
    """A copy in RGB, at most MAX_EDGE long. Band by band: a copy of all 40 megapixels takes 160 MB each time."""
    scale = max(1.0, max(source.size) / MAX_EDGE)
    small = Image.new("RGB", (max(1, round(source.width / scale)), max(1, round(source.height / scale))))
    for top in range(0, small.height, BAND):
        bottom = min(top + BAND, small.height)
        first, last = (row * source.height / small.height for row in (top, bottom))
        rows = on_white(source.crop((0, math.floor(first), source.width, math.ceil(last))))
        box = (0, first - math.floor(first), source.width, last - math.floor(first))
        small.paste(rows.resize((small.width, bottom - top), Image.Resampling.BOX, box=box), (0, top))
    return small


def on_white(image: Image.Image) -> Image.Image:
    """The picture in RGB; what was transparent is white, as on paper."""
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip to white
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if "A" in image.mode or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    return image.convert("RGB")


def has_colour(image: Image.Image) -> bool:
    """Whether any spot the size of a seal differs from grey."""
    small = image.resize((min(image.width, 256), min(image.height, 256)), Image.Resampling.BOX)
    red, green, blue = small.split()
    channels = (
        ImageChops.difference(red, green),
        ImageChops.difference(green, blue),
        ImageChops.difference(red, blue),
    )
    extrema: Any = [channel.getextrema() for channel in channels]
    return any(highest >= COLOUR_DIFFERENCE for _lowest, highest in extrema)


# --- Thumbnails --------------------------------------------------------------------------------------


def thumbnail(attachment: Attachment) -> Any:
    """An open file with a small JPG of the picture, made at the first request and kept in the storage."""
    stored = str(attachment.file.name)
    path = f"thumbnails/{PurePath(stored).stem}.jpg"
    if not default_storage.exists(path):
        with default_storage.open(stored) as source, Image.open(source, formats=FORMATS) as image:
            image.draft("RGB", THUMBNAIL)  # decodes an eighth of the pixels
            image.thumbnail(THUMBNAIL)
            written = io.BytesIO()
            image.convert("RGB").save(written, "JPEG", quality=80)
        if not default_storage.exists(path):
            default_storage.save(path, ContentFile(written.getvalue()))
    return default_storage.open(path)
