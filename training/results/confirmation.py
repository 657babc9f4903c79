"""The platform's answer to a roster that was handed over by file: whose learning is open, and who was refused."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.excel import clean
from backoffice.core.excel.layouts import Cleaner
from backoffice.core.models import ImportRun
from registry import captions
from training.flows.learning import L
from training.models import EnrolmentLine, PlatformRow
from training.platform.answers import OPEN_ROWS, Answer, record
from training.results.lines import WHO, WHO_CLEANERS, LineImporter, Plan, remark

Outcome = PlatformRow.Outcome
OPENED: Mapping[str, str] = {
    "已开通": "OPENED", "开通": "OPENED", "成功": "OPENED", "已确认": "OPENED", "确认": "OPENED", "是": "OPENED",
    "学习中": "OPENED", "Opened": "OPENED", "Yes": "OPENED",
    "未开通": "REFUSED", "拒绝": "REFUSED", "失败": "REFUSED", "退回": "REFUSED", "否": "REFUSED",
    "Refused": "REFUSED", "No": "REFUSED",
    "已收到": "ACCEPTED", "处理中": "ACCEPTED", "Accepted": "ACCEPTED",
}  # fmt: skip


class ConfirmationImporter(LineImporter):
    model = "training.PlatformRun"
    label = _("Confirmation of the learning platform")
    fields = (
        *WHO,
        captions.column("outcome", required=True, cleaner=partial(clean.clean_choice, mapping=OPENED)),
        captions.column("reason"),
    )
    cleaners: ClassVar[Mapping[str, Cleaner]] = {
        **WHO_CLEANERS,
        "outcome": partial(clean.clean_choice, mapping=OPENED), "reason": partial(clean.clean_text, max_length=300),
    }  # fmt: skip
    outcomes: ClassVar = {
        "opened": (_("Learning opens"), "success"), "refused": (_("Refused by the platform"), "warning"),
        "accepted": (_("Taken by the platform"), "info"), "unchanged": (_("Unchanged"), "default"),
        "repeated": (_("Repeated in the file"), "default"), "conflict": (_("Conflicts"), "warning"),
        "error": (_("Errors"), "danger"),
    }  # fmt: skip
    writes = ("opened", "refused", "accepted")
    choices: ClassVar = {"outcome": ("已开通", "未开通")}
    notes = (
        _(
            "The roster that was handed over, with the outcome and, where the learning was not opened, the reason."
        ),
    )

    def readable(self, name: str, value: Any) -> str:
        words = dict(Outcome.choices)
        return str(words.get(value, value)) if name == "outcome" else super().readable(name, value)

    def prepare(self, run: ImportRun, plan: Plan) -> None:
        """The latest word about everybody: which row is open, and whether it was refused before."""
        asked = [value for value in plan.rows.columns["reference"] if value]
        numbers = [value for value in plan.rows.columns["id_number"] if value]
        rows = PlatformRow.objects.filter(line__in=asked) | PlatformRow.objects.filter(
            line__person__id_number__in=numbers
        )
        plan.facts["latest"] = dict(rows.order_by("pk").values_list("line_id", "outcome"))

    def judge(self, plan: Plan, index: int, line: EnrolmentLine, given: dict[str, Any]) -> None:
        said, latest = given.get("outcome"), plan.facts["latest"].get(line.pk)
        if (
            not said
            or said == latest
            or (said != "REFUSED" and line.state in (L.LEARNING, L.PASSED, L.FAILED))
        ):
            plan.outcomes[index] = "unchanged"
        elif latest in OPEN_ROWS:
            plan.outcomes[index] = said.lower()
            plan.work[line.pk] = Answer(said, given.get("reason", ""))
        else:
            what = {"name": line.name, "state": line.get_state_display()}
            plan.refuse(index, "conflict", "outcome", remark("not_handed", **what))

    def undo_blockers(self, run: ImportRun) -> list[str]:
        """The platform's word is not ours to take back; what can be done for a single person is said."""
        text = gettext("What the platform said is not taken back as a whole. Whoever was refused by mistake is handed "
                       "over again; whoever was opened by mistake can be dropped on the person's page.")  # fmt: skip
        return [text]

    def carry_out(self, work: dict[int, Any], by: Any) -> dict[int, list[str]]:
        changed = {row.line_id for row in record(work, by=by)}
        return {pk: [] for pk in work if pk not in changed}
