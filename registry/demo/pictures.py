"""Simple coloured drawings in place of scans: a portrait, an ID card, a diploma, a licence."""

import io
import random
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from PIL import Image, ImageDraw, ImageFont

from backoffice.core import attachments
from backoffice.core.models import AttachmentKind
from registry.demo.records import Association

#: Debian's fonts-noto-cjk; without it the drawings carry no Chinese.
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SIZES = {
    "PHOTO": (295, 413),
    "ID_CARD": (640, 820),
    "DIPLOMA": (900, 640),
    "TITLE": (640, 900),
    "LICENCE": (900, 640),
    "QUALIFICATION": (900, 640),
    "RENAME_NOTICE": (640, 900),
    "JOINING": (640, 900),
    "LEAVING": (640, 900),
    "CERTIFICATE": (900, 640),
}
CAPTIONS = {
    "PHOTO": "", "ID_CARD": "居民身份证", "DIPLOMA": "毕业证书", "TITLE": "职称证书", "LICENCE": "营业执照",
    "QUALIFICATION": "工程监理资质证书", "RENAME_NOTICE": "核准变更通知书", "JOINING": "入职证明",
    "LEAVING": "离职证明", "CERTIFICATE": "培训证书",
}  # fmt: skip


def attach_pictures(demo: Association, by: Any, count: int) -> None:
    """Hand in pictures for `count` people of the first company, and its licence, as the office would."""
    draw = random.Random(7)  # noqa: S311
    mine = [person for person in demo.people if person.company == demo.companies[0]][:count]
    for number, person in enumerate(mine):
        for kind in ("PHOTO", "ID_CARD", "DIPLOMA", "TITLE")[: 4 if number % 3 else 2]:
            hand_in(person, kind, person.name, by, draw)
    hand_in(demo.companies[0], "LICENCE", demo.companies[0].name, by, draw)


def hand_in(owner: models.Model, kind: str, name: str, by: Any, draw: random.Random) -> None:
    attachments.accept(scan(kind, name, draw), kind, owner, by)


def hand_over(owner: models.Model, kind: str, name: str, by: Any, draw: random.Random) -> None:
    """Attach a picture to a record that its applicant, who has no account (`by` is None), or its company keeps."""
    picture = attachments.check_picture(scan(kind, name, draw), kind)
    attachments.store(picture, AttachmentKind.objects.get(code=kind), owner, by)


def scan(kind: str, name: str, draw: random.Random) -> SimpleUploadedFile:
    content = io.BytesIO()
    drawing(kind, name, draw).save(content, "PNG")
    return SimpleUploadedFile(f"{name}-{CAPTIONS[kind] or '相片'}.png", content.getvalue(), "image/png")


def drawing(kind: str, name: str, draw: random.Random) -> Image.Image:
    width, height = SIZES[kind]
    tint = tuple(draw.randint(150, 230) for _ in range(3))
    image = Image.new("RGB", (width, height), (245, 247, 250))
    pen = ImageDraw.Draw(image)
    if kind == "PHOTO":
        pen.rectangle((0, 0, width, height), fill=(70, 120, 200))
        person_shape(pen, width // 2, height * 2 // 5, width // 4, tint)
        return image
    margin = width // 16
    pen.rectangle((margin, margin, width - margin, height - margin), outline=(170, 40, 40), width=6)
    pen.rectangle((margin * 2, height // 3, width - margin * 2, height // 3 + 14), fill=tint)
    for line in range(4):
        top = height // 2 + line * height // 12
        pen.rectangle((margin * 2, top, width - margin * (4 + line), top + 10), fill=(205, 210, 218))
    pen.ellipse(
        (width - 5 * margin, height - 5 * margin, width - 2 * margin, height - 2 * margin),
        outline="red",
        width=8,
    )
    if FONT.exists():
        large, small = (ImageFont.truetype(str(FONT), size) for size in (width // 14, width // 26))
        pen.text((margin * 2, margin * 2), CAPTIONS[kind], fill=(150, 30, 30), font=large)
        pen.text((margin * 2, height * 2 // 5), f"{name}  （演示样本）", fill=(40, 45, 55), font=small)
    return image


def person_shape(pen: ImageDraw.ImageDraw, x: int, y: int, radius: int, tint: tuple[int, ...]) -> None:
    """Shoulders, head, hair."""
    pen.ellipse((x - 2 * radius, y + radius, x + 2 * radius, y + 5 * radius), fill=tint)
    pen.pieslice((x - radius, y - radius * 5 // 4, x + radius, y + radius), 180, 360, fill=(40, 35, 35))
    pen.ellipse(
        (x - radius * 4 // 5, y - radius * 4 // 5, x + radius * 4 // 5, y + radius * 6 // 5),
        fill=(238, 203, 173),
    )
