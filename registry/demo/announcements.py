"""Announcements of the demo: pinned, published, planned for later, and a draft."""

import datetime
from typing import Any

from django.utils import timezone

from backoffice.core.models import Announcement

#: Title, text, published … days ago (negative: planned; None: a draft), pinned.
ANNOUNCEMENTS: tuple[tuple[str, str, int | None, bool], ...] = (
    ("会员管理系统新版上线：不再需要兼容模式和默认密码",
     "各会员单位、个人会员：\n\n新版系统在电脑和手机的常用浏览器上都能使用。首次登录请使用短信或邮件中的激活链接设置密码；"
     "收不到链接的，请在登录页点“求助”，或向所在单位、省协会综合部索取一次性代码。\n\n"
     "个人申请、企业申请提交后会收到专属链接，可随时查看进度、按意见修改后重新提交。", 20, True),
    ("关于公布本年度从业培训、继续教育培训计划的通知",
     "各会员单位：\n\n本年度培训计划已在首页公布，正在接受报名的班次以首页“正在报名的培训班”为准。"
     "个人会员注册时，请把举办培训班的机构选为“资料审核机构”。", 34, False),
    ("关于规范附件上传的提醒",
     "身份证正反面请放在同一页；各类证件须为彩色原件扫描件（JPG 或 PNG）。请勿上传 Word 文档或照片截图。", 12, False),
    ("人员调动办理说明",
     "人员到新单位任职的，由新单位登录系统发起人员调动，填写准确的姓名和身份证号码，上传身份证扫描件以及入职证明或离职证明，"
     "四个工作日内办结。", 5, False),
    ("省协会综合部值班安排", "工作日上午9:00至12:00，下午14:00至17:30。其他时间请使用系统内的“求助”。", 1, False),
    ("关于召开会员单位信息负责人线上培训的通知", "培训时间另行通知，请各单位信息负责人关注。", -6, False),
    ("关于征集行业交流课题的通知（草稿）", "草稿，待领导审定。", None, False),
)  # fmt: skip


def write_announcements(by: Any) -> None:
    for title, body, days_ago, pinned in ANNOUNCEMENTS:
        moment = None if days_ago is None else timezone.now() - datetime.timedelta(days=days_ago)
        announcement = Announcement(
            title=title,
            body=body,
            is_published=moment is not None,
            is_pinned=pinned,
            published_at=moment,
            created_by=by,
        )
        announcement._history_user = by  # type: ignore[attr-defined]
        announcement.save()
