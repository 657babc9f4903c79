"""The screen of a banking app after a transfer, in place of a company's real one."""

import datetime
import hashlib
import io
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

from registry.demo.pictures import FONT

WIDTH, HEIGHT = 720, 1180
BANKS = ((28, 92, 190), (190, 36, 42), (0, 120, 90), (168, 100, 0))
INK, GREY, LINE = (30, 34, 40), (120, 126, 136), (226, 229, 234)


def transfer_slip(
    payer: str, amount: Decimal, day: datetime.date, account: Any, remark: str
) -> SimpleUploadedFile:
    """A picture that says who paid how much to whom, and when: what finance compares (manual ch. 6)."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (247, 248, 250))
    pen = ImageDraw.Draw(image)
    # Two transfers never look the same, also where there is no Chinese font: finance is warned of equal pictures.
    digest = hashlib.sha256(f"{payer}{amount}{day}{remark}".encode()).digest()
    pen.rectangle((0, 0, WIDTH, 120), fill=BANKS[digest[0] % len(BANKS)])
    for at, byte in enumerate(digest[1:13]):
        pen.rectangle((60 + at * 50, HEIGHT - 26, 90 + at * 50, HEIGHT - 10), fill=(byte, 160, 255 - byte))
    pen.ellipse((WIDTH // 2 - 46, 165, WIDTH // 2 + 46, 257), fill=(32, 160, 90))
    pen.line([(WIDTH // 2 - 22, 211), (WIDTH // 2 - 6, 229), (WIDTH // 2 + 24, 195)], fill="white", width=9)
    rows = [
        ("付款户名", payer), ("收款户名", account.holder if account else ""),
        ("收款账号", account.number if account else ""),
        ("收款银行", account.bank if account else ""), ("交易日期", f"{day:%Y-%m-%d}"),
        ("交易流水", f"{day:%Y%m%d}{int.from_bytes(digest[:4]):010d}"), ("附言", remark),
    ]  # fmt: skip
    if FONT.exists():
        write(pen, amount, rows)
    content = io.BytesIO()
    image.save(content, "PNG")
    return SimpleUploadedFile(f"付款截屏-{day:%m%d}-{amount}.png", content.getvalue(), "image/png")


def write(pen: ImageDraw.ImageDraw, amount: Decimal, rows: list[tuple[str, str]]) -> None:
    title, large, small = (ImageFont.truetype(str(FONT), size) for size in (36, 58, 26))
    pen.text((WIDTH // 2, 60), "转账汇款（演示样本）", fill="white", font=title, anchor="mm")
    pen.text((WIDTH // 2, 300), "交易成功", fill=INK, font=title, anchor="mm")
    pen.text((WIDTH // 2, 375), f"¥ {amount:,.2f}", fill=INK, font=large, anchor="mm")
    for number, (label, value) in enumerate(rows):
        top = 460 + number * 98
        pen.line((48, top, WIDTH - 48, top), fill=LINE, width=2)
        pen.text((48, top + 30), label, fill=GREY, font=small)
        for part in range(2):  # long names take two lines
            pen.text((210, top + 14 + 34 * part if len(value) > 17 else top + 30), value[part * 17 : part * 17 + 17],
                     fill=INK, font=small)  # fmt: skip
