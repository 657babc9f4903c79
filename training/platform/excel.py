"""The roster as a file in the platform's layout. It comes back with the last two columns filled in, and our own
import reads it (training/results/confirmation.py)."""

from typing import IO, Final

from backoffice.core.excel.write import write_xlsx
from registry.imports.fields import CERTIFICATE_TYPES
from training.models import PlatformRow, PlatformRun

#: The platform reads Chinese captions, whatever the language of whoever downloads the file.
HEADERS: Final = (
    "流水号", "姓名", "身份证号", "手机号", "培训班", "培训类型", "证书类别", "证书编号", "工作单位",
    "开课日期", "结课日期", "开通结果", "未开通原因",
)  # fmt: skip
WIDTHS: Final = (10, 12, 21, 14, 36, 12, 18, 16, 36, 12, 12, 12, 30)
TYPES: Final = {"PRACTICE": "从业培训", "CONTINUING": "继续教育"}
CATEGORIES: Final = {
    code: text for text, code in reversed(list(CERTIFICATE_TYPES.items())) if not text.isascii()
}


def write_roster(run: PlatformRun, file: IO[bytes]) -> int:
    """Write the people of the hand-over into an open file; return how many. Numbers are texts, formulae are none."""
    rows = (
        PlatformRow.objects.filter(run=run)
        .exclude(outcome=PlatformRow.Outcome.WITHDRAWN)
        .select_related("line__person", "line__enrolment__company", "line__enrolment__training_class")
        .order_by("pk")
    )
    return write_xlsx(file, "学员名单", HEADERS, (cells(row) for row in rows.iterator(2000)), widths=WIDTHS)


def cells(row: PlatformRow) -> tuple[object, ...]:
    line, course = row.line, row.line.enrolment.training_class
    return (
        str(line.pk), line.name, line.id_number, line.person.phone, course.title, TYPES[course.type],
        CATEGORIES[line.category], line.certificate_number, line.enrolment.company.name, course.start_date,
        course.end_date, "", "",
    )  # fmt: skip
