"""The enrolments of the demo, oldest first: who enrols whom in which class, and what happened since.

An event is (working days ago, what, …): a step of the flow with its opinion; or one of

  ("add", "R2") ("cut", 1)     the company edits the roster of its draft
  ("remark", "…")              the reviewer's remark on a person of the roster
  ("papers",)                  the paper materials have come
  ("more", 300) ("split", 2)   the next payment: so much too much; in so many transfers
  ("learn", step, share, …)    a step of the learning, see EnrolmentStories.learn
"""

from dataclasses import dataclass
from typing import Any

Event = tuple[Any, ...]
STEPS = ("submit", "local_approve", "submit_voucher", "finance_approve", "training_confirm")


@dataclass(frozen=True)
class Case:
    """The number of the company (0 is the demo company), the key of the class, the roster, and what happened."""

    company: int
    session: str
    roster: str
    begun: int
    events: tuple[Event, ...]
    #: Kinds of papers put at the bottom of the roster for everybody.
    papers: tuple[str, ...] = ("CERTIFICATE",)
    #: Everybody on the roster has the own certificate scan, but for the last one.
    own_papers: bool = False


def way(*agos: int) -> tuple[Event, ...]:
    """The straight way: the first steps of the flow, each so many working days ago."""
    return tuple(zip(agos, STEPS, strict=False))


def learning(handed: int, opened: int) -> tuple[Event, ...]:
    return (handed, "learn", "hand_off", "all"), (opened, "learn", "open_learning", "all")


BLURRED = "第一位的上岗证扫描件看不清编号，请重新扫描上传。"
NO_TITLE = "员升师须上传工程技术类中级职称证书原件扫描件，请补充。"
WRONG_AMOUNT = "截屏看不清付款人名称和金额，请重新上传银行回单。"
WRONG_TITLE = "开票抬头与付款人不一致，请退回单位核对。"
DROPPED = "本人已离职，单位申请退出本期学习。"

CASES: tuple[Case, ...] = (
    # -- over by now --------------------------------------------------------------------------------
    Case(0, "GZ practice over", "P3", 76, (
        *way(75, 74, 73, 72, 70), (68, "papers"), *learning(69, 68), (34, "learn", "record_fail", "one"),
        (33, "learn", "retake", "all"), (27, "learn", "record_pass", "all")), papers=()),
    Case(4, "NH over", "R6", 74, (
        *way(73, 72, 71, 70, 69), (66, "papers"), *learning(68, 67), (26, "learn", "record_pass", "all"))),
    Case(0, "NH over", "R5", 70, (
        *way(70, 69, 67, 66, 65), (63, "papers"), *learning(64, 63), (50, "learn", "drop", "one", DROPPED),
        (25, "learn", "record_fail", "one"), (25, "learn", "record_pass", "all"))),
    # -- the class was not held: money goes back ------------------------------------------------------
    Case(0, "GZ not held", "R4", 40, way(40, 38, 36, 34)),
    Case(5, "GZ not held", "R2", 39, way(39, 37, 35, 33)),
    Case(6, "GZ not held", "R2", 24, way(24, )),
    Case(7, "GZ not held", "R", 30, ()),
    # -- learning now ---------------------------------------------------------------------------------
    Case(1, "GZ engineers running", "R8 L", 44, (
        *way(43, 41, 39, 38, 36), (33, "papers"), *learning(35, 34))),
    Case(0, "GZ running", "R6 D C L", 42, (
        *way(42, 40, 38, 37, 35), (32, "papers"), *learning(34, 33), (20, "learn", "drop", "one", DROPPED),
        (3, "learn", "record_pass", "half"), (2, "learn", "record_fail", "one"))),
    Case(2, "GZ running", "R5 U", 41, (
        (41, "submit"), (40, "local_return", NO_TITLE), (38, "submit"), (37, "local_approve"), (35, "submit_voucher"),
        (34, "finance_return", WRONG_AMOUNT), (33, "submit_voucher"), (32, "finance_approve"),
        (31, "training_confirm"), *learning(30, 29), (2, "learn", "record_pass", "half"))),
    Case(0, "SZ practice running", "P2", 38, (
        *way(38, 36, 34, 33, 32), (30, "papers"), (6, "learn", "open_learning", "all")), papers=()),
    Case(1, "SZ practice running", "P3", 36, (
        *way(36, 35, 33, 32, 30), (6, "learn", "open_learning", "all")), papers=()),
    Case(5, "NH this week", "R3", 30, (
        *way(30, 29, 27, 26, 25), (22, "papers"), (1, "learn", "open_learning", "all"))),
    Case(0, "NH this week", "R2", 22, way(22, 21, 19, 18, 16)),
    Case(6, "GZ next days", "R4 C", 24, (*way(24, 23, 20, 19, 17), (15, "papers"))),
    # -- cancelled by the company, and by the training department -----------------------------------------
    Case(6, "GZ", "R2", 28, ((26, "cancel"),)),
    Case(8, "NH", "R3", 27, (
        *way(27, 26, 24, 23), (20, "training_cancel", "单位来函要求取消，已付款项退回。"))),
    # -- credit: paid, declined, the roster cut; one was paid too much, and used ----------------------------
    Case(4, "GZ", "R4", 26, (
        *way(26, 25, 23, 22), (21, "training_return", "名单中有一人已在其他单位学习，请退回单位调整名单。"),
        (20, "finance_return", "省培训部意见：名单中有一人须调整。请点击“不同意”后修改名单，已付款项留作余额。"),
        (18, "decline_payment"), (17, "cut", 1), (17, "submit"), (15, "local_approve"))),
    Case(6, "NH", "R3", 25, (
        (25, "submit"), (24, "local_approve"), (22, "more", 300), (22, "submit_voucher"), (21, "finance_approve"),
        (20, "training_return", "付款多出一人的费用，请与单位核对名单。"),
        (19, "finance_return", "省培训部意见：付款多出一人的费用，请核对名单。"), (18, "decline_payment"),
        (17, "add", "R"), (17, "submit"), (15, "local_approve"), (13, "training_confirm"), *learning(12, 11))),
    Case(1, "NH", "R4", 16, (
        *way(16, 15, 13, 12), (9, "training_return", WRONG_TITLE),
        (8, "finance_return", "省培训部意见：开票抬头与付款人不一致，请核对后重新提交。"))),
    # -- confirmed: handed over, and to be handed over ------------------------------------------------------
    Case(7, "GZ", "R5 C2", 18, (*way(17, 15, 13, 12, 10), (9, "learn", "hand_off", "half"))),
    Case(8, "SZ", "R4", 15, (*way(15, 13, 11, 9, 6), (4, "learn", "hand_off", "all"))),
    Case(10, "GZ", "R3", 14, way(14, 12, 10, 8, 5)),
    Case(0, "GZ", "R7 U D", 13, (*way(12, 10, 8, 6, 3), (2, "learn", "hand_off", "all"), (1, "learn", "open_learning",
                                                                                       "half"))),
    Case(4, "GZ practice", "P2", 12, way(11, 10, 8, 5, 1), papers=()),
    Case(0, "SZ", "R4", 9, way(9, 7, 5, 3, 0)),
    # -- at the training department ---------------------------------------------------------------------
    Case(2, "SZ", "R3", 13, way(13, 11, 8, 5)),
    Case(0, "NH", "R5 C", 11, way(11, 9, 6, 1)),
    Case(11, "FS", "R", 7, way(7, 5, 3, 0)),
    # -- at finance ----------------------------------------------------------------------------------------
    Case(10, "NH", "R2 L", 14, way(14, 12, 7)),
    Case(5, "GZ", "R4", 13, (*way(13, 11, 9, 7), (1, "training_return", WRONG_TITLE))),
    Case(8, "GZ", "R3", 12, (
        *way(12, 10, 8), (6, "finance_return", WRONG_AMOUNT), (1, "submit_voucher"))),
    Case(0, "GZ", "R6 L", 8, way(8, 6, 1)),
    Case(6, "GZ", "R5", 6, ((6, "submit"), (5, "local_approve"), (0, "split", 2), (0, "submit_voucher"))),
    Case(7, "SZ", "R2", 5, ((5, "submit"), (3, "local_approve"), (0, "more", 100), (0, "submit_voucher"))),
    Case(1, "NH practice", "P2", 5, way(5, 4, 0), papers=()),
    # -- at the company: to pay, voucher returned -----------------------------------------------------------
    Case(2, "NH", "R4", 16, way(15, 13)),
    Case(0, "SZ", "R3 C", 9, (*way(9, 7, 5), (2, "finance_return", WRONG_AMOUNT))),
    Case(0, "FS", "R2", 6, way(6, 2)),
    Case(11, "GZ", "R2", 3, way(3, 1)),
    # -- at the local body -------------------------------------------------------------------------------------
    Case(5, "NH", "R3 D", 7, way(6, )),
    Case(2, "GZ", "R4", 7, (
        (7, "submit"), (5, "remark", "上岗证看不清编号。"), (5, "local_return", BLURRED), (1, "submit"))),
    Case(4, "GZ", "R6 C", 5, way(5, )),
    Case(10, "FS", "R2", 4, way(4, )),
    Case(1, "NH", "R5", 2, way(2, )),
    Case(0, "GZ", "R8 D C", 1, way(1, )),
    Case(7, "SZ", "R3", 1, way(1, )),
    Case(0, "GZ practice", "P2", 1, way(1, ), papers=()),
    Case(8, "NH", "R2", 0, way(0, )),
    Case(6, "FS", "R2", 0, way(0, )),
    # -- returned by the local body ---------------------------------------------------------------------------
    Case(5, "FS", "R2", 9, ((9, "submit"), (6, "local_return", BLURRED))),
    Case(0, "NH", "R4", 6, (
        (6, "submit"), (3, "remark", "上岗证看不清编号，请重新扫描。"), (3, "local_return", BLURRED))),
    # -- drafts ---------------------------------------------------------------------------------------------
    Case(0, "GZ", "R3 E N W R", 2, (), papers=(), own_papers=True),
    Case(0, "SZ", "R3", 0, ()),
    Case(1, "GZ", "R2", 1, ()),
)  # fmt: skip

#: Working days after which finance has written a receipt; one of each kind is declared void.
RECEIPTS_AFTER = 12
VOID = "开票抬头有误，作废后重开。"
