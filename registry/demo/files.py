"""Excel files to try the import with: one as an office keeps it, one full of trouble, one with unknown captions."""

import datetime
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db.models import F
from django.utils import timezone

from backoffice.core.working_days import last_working_day
from fixtures.names import DemoNames
from registry.demo.records import SEED, plus_years
from registry.models import Certificate, Company, FormerName, Person

GOOD, TROUBLE, UNKNOWN = (
    "证书名单（办公室格式）.xlsx",
    "证书名单（有各种问题）.xlsx",
    "外单位名单（表头不认识）.xlsx",
)
HEADER = (
    "序号", "证书编号", "证书类型", "姓 名", "性别", "身份证号码", "工作单位", "专业", "发证日期", "换证日期",
    "有效期至", "联系电话", "备注",
)  # fmt: skip
HOMES = ("440106", "440305", "440604", "441302")
TITLES = {"ENGINEER": "专业监理工程师", "SUPERVISOR": "监理员", "SAFETY": "安全员"}
Row = dict[str, Any]


def write_files(folder: Path) -> list[Path]:
    """Write the files that are not there yet; return all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in (GOOD, TROUBLE, UNKNOWN)]
    missing = [path for path in paths if not path.exists()]
    if missing and Certificate.objects.exists():
        newcomers = Newcomers()
        good, trouble, unknown = paths
        # Rows are made in any case, so that a file written again is the same file.
        contents = {good: good_rows(newcomers), trouble: trouble_rows(newcomers), unknown: newcomers.rows(15)}
        for path in missing:
            write = write_unknown if path == unknown else write_office_style
            write(path, contents[path])
    return [path for path in paths if path.exists()]


class Newcomers:
    """Rows about people whom the register does not know yet."""

    def __init__(self) -> None:
        self.draw = random.Random(SEED + 1)  # noqa: S311
        self.names = DemoNames(SEED + 1)
        self.companies = list(
            Company.objects.filter(status="ACTIVE").order_by("pk").values_list("name", flat=True)
        )
        self.today = timezone.localdate()
        self.serial = 0

    def rows(self, count: int) -> list[Row]:
        return [self.row() for _ in range(count)]

    def row(self, **changes: Any) -> Row:
        draw = self.draw
        self.serial += 1
        gender, kind = draw.choice("MMF"), draw.choice(list(TITLES))
        birthday = datetime.date(1968, 1, 1) + datetime.timedelta(days=draw.randrange(12_000))
        issued = last_working_day(self.today - datetime.timedelta(days=draw.randint(10, 900)))
        row = {
            "证书编号": self.names.certificate_number(kind, issued.year, 7000 + self.serial),
            "证书类型": TITLES[kind],
            "姓 名": self.names.person(gender),
            "性别": "男" if gender == "M" else "女",
            "身份证号码": self.names.id_number(draw.choice(HOMES), birthday, gender),
            "工作单位": draw.choice(self.companies),
            "专业": "" if kind == "SAFETY" else draw.choice(["房屋建筑工程", "市政公用工程", "机电安装工程"]),
            "发证日期": issued,
            "换证日期": "",
            "有效期至": plus_years(issued, 3),
            "联系电话": int(self.names.phone()),
            "备注": "",
        }
        return row | changes


def row_of(certificate: Certificate, **changes: Any) -> Row:
    """A row that says what the register says."""
    person = certificate.person
    row = {
        "证书编号": certificate.number,
        "证书类型": TITLES[certificate.type],
        "姓 名": person.name,
        "性别": "男" if person.gender == "M" else "女",
        "身份证号码": person.id_number,
        "工作单位": certificate.printed_company,
        "专业": certificate.specialty.name if certificate.specialty else "",
        "发证日期": certificate.issue_date,
        "换证日期": certificate.renewal_date or "",
        "有效期至": certificate.expiry_date,
        "联系电话": "",
        "备注": "",
    }
    return row | changes


def known(count: int, **conditions: Any) -> list[Certificate]:
    """Valid certificates whose print shows the present employer."""
    rows = Certificate.objects.filter(status="VALID", printed_company=F("company__name"), **conditions)
    return list(rows.select_related("person", "company", "specialty").order_by("pk")[:count])


def good_rows(newcomers: Newcomers) -> list[Row]:
    """New people, known ones unchanged, renewals; a former name; dates in every way people write them."""
    rows = newcomers.rows(60)
    rows += [row_of(certificate) for certificate in known(10, expiry_date__gte=newcomers.today)]
    for certificate in known(8, expiry_date__lt=newcomers.today):
        renewed = last_working_day(newcomers.today - datetime.timedelta(days=3))
        rows.append(row_of(certificate, 换证日期=renewed, 有效期至=plus_years(renewed, 3), 备注="延续"))
    former = FormerName.objects.order_by("pk").first()
    if former is not None:
        rows.append(newcomers.row(工作单位=former.name, 备注="用旧单位名称"))
    styles = ("%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y年%m月%d日", None)
    for number, row in enumerate(rows):
        style = styles[number % len(styles)]
        if style:
            row["发证日期"] = row["发证日期"].strftime(style)
    return rows


def trouble_rows(newcomers: Newcomers) -> list[Row]:
    """One row for every kind of error and conflict, between good ones."""
    new, today = newcomers.row, newcomers.today
    one, two, three, four = known(4)
    stranger = Person.objects.exclude(company=four.company).order_by("-pk")[0]
    twice, again = new(备注="同一编号出现两次，内容不同"), new(备注="与下一行完全相同")
    wrong_id = new(备注="身份证号码校验位错误")
    digits = wrong_id["身份证号码"]
    wrong_id["身份证号码"] = digits[:-1] + ("1" if digits[-1] != "1" else "2")
    swapped = new(备注="性别与身份证号码不符")
    swapped["性别"] = "女" if swapped["性别"] == "男" else "男"
    number_typed = new(备注="身份证号码按数字输入，末几位已丢失")
    number_typed["身份证号码"] = float(int(number_typed["身份证号码"].replace("X", "0")))
    return [
        *newcomers.rows(12),
        wrong_id,
        number_typed,
        new(身份证号码="440106900101123", 备注="十五位旧号码"),
        swapped,
        new(工作单位="广东查无此单位工程监理有限公司", 备注="单位不在会员名单"),
        new(工作单位="", 备注="缺单位"),
        new(证书类型="总监理工程师", 备注="证书类型不认识"),
        new(专业="魔法工程", 备注="专业不认识"),
        new(发证日期="2024-02-30", 备注="没有这一天"),
        new(发证日期=today, 有效期至=today - datetime.timedelta(days=30), 备注="日期顺序颠倒"),
        new(证书编号="1234567", 备注="编号应以字母开头"),
        new(联系电话="一三八零零", 备注="电话不是号码"),
        new(**{"姓 名": "", "备注": "缺姓名"}),
        twice,
        new(证书编号=twice["证书编号"], 备注="同一编号出现两次，内容不同"),
        again,
        dict(again),
        new(证书编号=one.number, 备注="编号属于另一个人"),
        row_of(two, **{"姓 名": "张冠李", "备注": "姓名与系统不同"}),
        row_of(three, 有效期至=three.expiry_date - datetime.timedelta(days=400), 换证日期="", 备注="系统里的更新"),
        new(**{"姓 名": stranger.name, "身份证号码": stranger.id_number, "性别": "", "备注": "现登记在别的单位",
               "工作单位": four.printed_company}),
        *newcomers.rows(8),
    ]  # fmt: skip


# --- Workbooks ----------------------------------------------------------------------------------------


def write_office_style(path: Path, rows: Sequence[Row]) -> None:
    """Titles above the header, an index column, and under the rows what offices write there."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("证书名单")
        title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        caption = book.add_format({"bold": True, "border": 1, "bg_color": "#DDEBF7", "align": "center"})
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.merge_range(0, 0, 0, len(HEADER) - 1, "广东省建设监理协会会员证书信息汇总表", title)
        sheet.merge_range(1, 0, 1, len(HEADER) - 1, f"填报日期：{timezone.localdate():%Y年%m月%d日}")
        sheet.write_row(3, 0, HEADER, caption)
        for index, row in enumerate(rows):
            sheet.write_number(4 + index, 0, index + 1)
            for column, name in enumerate(HEADER[1:], start=1):
                write_cell(sheet, 4 + index, column, row[name], date)
        foot = 5 + len(rows)
        sheet.write_string(foot, 0, "注：1. 证书编号以字母开头；2. 身份证号码请按文本格式填写。")
        sheet.write_string(foot + 1, 1, "制表人：陈静仪")
        sheet.write_string(foot + 1, 6, "审核人：梁伟强")
        sheet.set_column(1, len(HEADER), 16)
        sheet.freeze_panes(4, 0)


def write_unknown(path: Path, rows: Sequence[Row]) -> None:
    """The same kind of list under captions that nobody can guess; the user says what is what."""
    captions = {
        "工号": "证书编号", "甲栏": "证书类型", "成员": "姓 名", "识别码": "身份证号码", "归口": "工作单位",
        "起": "发证日期", "止": "有效期至",
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Sheet1")
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, list(captions))
        for index, row in enumerate(rows, start=1):
            for column, name in enumerate(captions.values()):
                write_cell(sheet, index, column, row[name], date)
        sheet.set_column(0, len(captions), 18)


def write_cell(sheet: Any, row: int, column: int, value: Any, date: Any) -> None:
    if isinstance(value, datetime.date):
        sheet.write_datetime(row, column, datetime.datetime.combine(value, datetime.time()), date)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value:
        sheet.write_string(row, column, value)
