"""One grid has one shape, whichever way it is read."""

from pathlib import Path

import pytest

from backoffice.core.excel import open_workbook
from tests.files import workbooks as make

CASES = sorted(path for path in (Path(make.__file__).parent / "cases").iterdir() if path.suffix != ".csv")
HONEST = [
    make.table, make.strict_ooxml, make.wrong_dimension, make.empty_fill, make.namespace_prefix,
    make.cells_without_reference, make.hidden_rows, make.wps_pictures, make.in_column_c, make.faulty_old_excel,
    make.faulty_opendocument, lambda: make.xls([[], [None, *make.HEADER], [None, *make.GOOD]]),
    lambda: make.ods(make.ods_rows([make.HEADER, make.GOOD])),
    lambda: make.xlsx([["标题"], [], make.HEADER, make.GOOD, [None] * 12 + ["x"]]),
]  # fmt: skip


@pytest.mark.parametrize("source", [*CASES, *HONEST], ids=lambda s: getattr(s, "name", None) or s.__name__)
def test_every_row_is_as_wide_as_the_sheet_and_the_first_rows_are_alike_by_either_way(source):
    workbook = open_workbook(source if isinstance(source, Path) else source())
    for index in range(len(workbook.source.names)):
        grid = workbook.source.grid(index)
        rows = grid.rows()
        assert len(rows) == grid.height
        assert {len(row) for row in rows} <= {grid.width}
        for count in (1, 2, 3, 5, len(rows)):
            assert workbook.source.grid(index).rows(count) == rows[:count]
