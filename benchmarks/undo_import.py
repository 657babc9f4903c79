"""Undo of an import, against the import itself, and how long others wait meanwhile.

    python -m benchmarks.undo_import --rows 30000 --db sqlite --layout people

import   hand in, plan, write, history of a list of new people (or certificates with their holders)
look     what the page asks before it offers the undo: what stands against it
undo     taking all of it back, slice by slice, as the background worker does
wait     the longest that somebody else waited for a small write during the undo (one every tenth of a second)
"""

import json
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.common import Result, in_own_process, measured, median, parser_for, print_table, workshop
from benchmarks.import_certificates import COMPANIES, companies, prepare, write_file

MODULE = "benchmarks.undo_import"
LAYOUTS = ("people", "certificates")


def write_people(path: Path, count: int) -> None:
    """`count` people who are not in the register yet, of the prepared companies."""
    import datetime

    from backoffice.core.excel import write_xlsx
    from fixtures.names import DemoNames

    names, employers = DemoNames(3), companies()
    rows = []
    for n in range(count):
        sex = "M" if n % 3 else "F"
        day = datetime.date(1960, 1, 1) + datetime.timedelta(days=n % 15_000)
        rows.append(
            [names.person(sex), names.id_number("440106", day, sex), employers[n % COMPANIES], names.phone()]
        )
    write_xlsx(path, "人员", ("姓名", "身份证号码", "工作单位", "手机"), rows)


class Bystander(threading.Thread):
    """Somebody who signs in every tenth of a second, and notes the longest wait."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over, self.waits = threading.Event(), [0.0]

    def run(self) -> None:
        from django.db import connection
        from django.utils import timezone

        from backoffice.accounts.models import User

        while not self.over.wait(0.1):
            began = time.perf_counter()
            User.objects.filter(username="office").update(last_login=timezone.now())
            self.waits.append(time.perf_counter() - began)
        connection.close()


def job(path: Path, layout: str, result: Result) -> None:
    from backoffice.accounts.models import User
    from backoffice.core import imports
    from registry.models import Certificate, Person

    user = User.objects.get()
    imported: Result = {}
    with measured(imported):
        run = imports.start(path, path.name, layout, user)
        imports.confirm(run, user, enqueue=False)
        imports.execute(run.pk, table=run.__dict__.pop("_table", None))
    run.refresh_from_db()
    assert run.status == "DONE", (run.status, run.error)
    began = time.perf_counter()
    assert not imports.undo_blockers(run)
    result["look_seconds"] = time.perf_counter() - began
    bystander = Bystander()
    bystander.start()
    with measured(result):
        imports.undo(run, user)
    bystander.over.set()
    bystander.join()
    run.refresh_from_db()
    assert (run.status, Person.objects.count(), Certificate.objects.count()) == ("UNDONE", 0, 0), (
        run.undo_state
    )
    result |= {
        "import_seconds": imported["seconds"], "import_cpu": imported["cpu"], "longest_wait": max(bystander.waits),
    }  # fmt: skip


def benchmark(options: Any) -> Result:
    with workshop(options.db) as (folder, databases):
        path = folder / "list.xlsx"
        given = ["--file", str(path), "--rows", str(options.rows), "--layout", options.layout]
        in_own_process(MODULE, "file", databases.prepared, folder, *given)
        in_own_process(MODULE, "prepare", databases.prepared, folder, *given)
        runs = []
        for _turn in range(options.runs):
            with databases.copy() as url:
                runs.append(in_own_process(MODULE, "undo", url, folder, *given))
    done = median(runs)
    done |= {"rows": options.rows, "db": options.db, "layout": options.layout}
    done["ratio_import"] = done["seconds"] / done["import_seconds"]
    done["ratio_import_cpu"] = done["cpu"] / done["import_cpu"]
    return done


def main() -> None:
    parser = parser_for(__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--layout", choices=LAYOUTS, default="people")
    parser.add_argument("--job", help="internal")
    parser.add_argument("--file", type=Path, help="internal")
    options = parser.parse_args()
    if options.job:
        result: Result = {}
        if options.job == "file":
            (write_people if options.layout == "people" else write_file)(options.file, options.rows)
        else:
            import django

            django.setup()
            if options.job == "prepare":
                prepare()
            else:
                job(options.file, options.layout, result)
        print(json.dumps(result))
        return
    done = benchmark(options)
    if options.json:
        print(json.dumps(done))
        return
    print(f"{done['rows']} {done['layout']}, {done['db']}")
    columns = (
        "import_seconds",
        "look_seconds",
        "seconds",
        "ratio_import",
        "ratio_import_cpu",
        "longest_wait",
        "peak_mb",
        "queries",
    )
    headers = (
        "import s",
        "look s",
        "undo s",
        "undo / import",
        "cpu / cpu",
        "longest wait of others s",
        "peak MB",
        "queries",
    )
    print_table(
        headers, [[round(done[name]) if name in ("peak_mb", "queries") else done[name] for name in columns]]
    )


if __name__ == "__main__":
    main()
