"""The captions that people write over a column, one list for each meaning: register, people, companies, rosters,
results and confirmations all read by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from backoffice.core.excel import Field, clean
from backoffice.core.excel.captions import Cleaner


@dataclass(frozen=True)
class Meaning:
    """What a column holds. `labels` mean it surely, `loose` may mean it where nothing better stands."""

    labels: tuple[str, ...]
    loose: tuple[str, ...] = ()
    cleaner: Cleaner | None = None
    """What its cells look like, to tell two columns apart."""
    beside: str = ""
    is_date: bool = False


MEANINGS: Mapping[str, Meaning] = {
    "certificate_number": Meaning(
        ("证书编号", "证书号", "证书号码", "证号", "岗位证书编号", "岗位证书号", "岗位证书号码", "培训证书编号",
         "培训证书号", "培训证书号码", "培训证号", "培训证编号", "上岗证编号", "上岗证号", "上岗证号码", "上岗证书编号",
         "上岗证书号", "岗位证编号", "岗位证号", "资格证书编号", "资格证书号", "监理证号", "监理证编号",
         "监理证书编号", "监理证书号", "原证书编号", "原证书号", "从业证书编号",
         "Certificate number", "Certificate no", "Certificate no.",
         "Certificate"),
        loose=("编号", "号码", "证件编号", "Number"),
        cleaner=clean.clean_certificate_number,
    ),
    "certificate_type": Meaning(
        ("证书类型", "培训类别", "证书类别", "证书种类", "人员类别", "岗位类别", "证书名称", "培训类型", "岗位名称",
         "证书岗位", "Certificate type", "Type", "Category"),
        loose=("类别", "岗位", "类型", "种类"),
    ),
    "name": Meaning(
        ("姓名", "人员姓名", "持证人", "持证人姓名", "学员姓名", "学员", "人员名称", "名字", "Name", "Full name"),
    ),
    "id_number": Meaning(
        ("身份证号码", "身份证号", "身份证", "身份证件号码", "身份证件号", "证件号码", "证件号", "公民身份号码",
         "公民身份证号码", "居民身份证号码", "居民身份证号", "身份证编号", "身份号码", "身份证明号码", "ID number",
         "ID card number", "ID card no", "ID card", "ID no", "ID no."),
        cleaner=clean.clean_id_number,
    ),
    "gender": Meaning(("性别", "男/女", "Gender", "Sex")),
    "company": Meaning(
        ("工作单位", "单位名称", "企业名称", "公司名称", "所在单位", "所属单位", "聘用单位", "注册单位", "现工作单位",
         "所属企业", "所在企业", "工作单位名称", "受聘单位", "现单位", "单位", "公司", "企业",
         "Company", "Company name", "Employer"),
    ),
    "specialty": Meaning(
        ("专业", "监理专业", "证书专业", "岗位专业", "专业类别", "专业名称", "注册专业", "Specialty", "Speciality"),
        loose=("从事专业", "所学专业"),
    ),
    "issue_date": Meaning(
        ("发证日期", "首次发证日期", "首次发证时间", "发证时间", "初次发证日期", "初次发证时间", "初始发证日期",
         "颁发日期", "颁发时间", "颁证日期", "取证日期", "取证时间", "证书发证日期", "批准日期", "签发日期", "签发时间",
         "First issue date", "Issue date", "Date of issue", "Issued", "Issued on"),
        cleaner=clean.clean_date, beside="id_number", is_date=True,
    ),
    "renewal_date": Meaning(
        ("换证日期", "最近换证日期", "最近一次换证日期", "换证时间", "延续日期", "延续时间", "最近延续日期", "更换日期",
         "Last renewal date", "Renewal date", "Renewed"),
        cleaner=clean.clean_date, is_date=True,
    ),
    "expiry_date": Meaning(
        ("有效期至", "有效日期", "证书有效期", "证书有效期至", "有效期止", "有效截止日期", "有效期截止日期",
         "有效期", "有效期限", "到期日期", "到期时间", "到期日", "失效日期", "截止日期", "有效至", "证书到期日期",
         "Valid until", "Valid to", "Expiry date", "Expires", "Expires on"),
        cleaner=clean.clean_date, beside="id_number", is_date=True,
    ),
    "phone": Meaning(
        ("手机", "手机号码", "手机号", "联系电话", "移动电话", "联系手机", "本人电话", "电话", "电话号码", "联系方式",
         "Phone", "Mobile", "Phone number"),
        cleaner=clean.clean_phone,
    ),
    "email": Meaning(("邮箱", "电子邮箱", "电子邮件", "邮件", "邮箱地址", "QQ邮箱", "Email", "E-mail", "Mail")),
    "region": Meaning(
        ("所属区域", "所属地区", "所在地区", "所在区域", "所在城市", "所属地市", "区域", "地区", "城市", "地市",
         "Region", "City"),
    ),
    "title": Meaning(("职称", "技术职称", "专业技术职称", "职称等级", "Title", "Professional title")),
    "education": Meaning(("学历", "文化程度", "最高学历", "学历层次", "Education")),
    "status": Meaning(("证书状态", "状态", "Status", "Certificate status")),
    "remark": Meaning(
        ("备注", "备注说明", "说明", "Remark", "Remarks", "Note"),
    ),
    # companies
    "company_name": Meaning(
        ("单位名称", "企业名称", "公司名称", "工作单位", "单位", "公司", "企业", "名称", "会员单位", "会员名称",
         "会员单位名称", "所在单位", "所属单位", "Company name", "Company", "Name"),
    ),
    "credit_code": Meaning(
        ("统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "Unified social credit code", "Credit code"),
        cleaner=clean.clean_credit_code,
    ),
    "contact_phone": Meaning(
        ("联系电话", "联系人电话", "联系人手机", "联系手机", "电话", "手机", "手机号码", "手机号", "电话号码",
         "联系方式", "Contact phone", "Phone"),
        cleaner=clean.clean_phone,
    ),
    # rosters, results, confirmations
    "reference": Meaning(("流水号", "协会流水号", "人员流水号", "Our number", "Reference")),
    "matter": Meaning(("变更事项", "事项", "办理事项", "报名事项", "办理类型", "申请事项", "Matter")),
    "matter_remark": Meaning(
        ("变更备注", "备注", "备注说明", "变更说明", "说明", "Remark on the change", "Remark", "Remarks", "Note"),
    ),
    "course": Meaning(
        ("培训班", "班级", "班级名称", "培训班名称", "培训班级", "课程名称", "班次", "Class", "Training class"),
    ),
    "study_hours": Meaning(
        ("学时", "学习学时", "完成学时", "已学学时", "已完成学时", "出勤学时", "面授学时", "课时", "学时数", "培训学时",
         "Study hours", "Hours"),
    ),
    "score": Meaning(("成绩", "考试成绩", "考核成绩", "分数", "得分", "考试分数", "Score", "Points")),
    "result": Meaning(
        ("结果", "考试结果", "是否合格", "是否通过", "考核结果", "考试是否合格", "学习结果", "合格情况", "结论",
         "考核结论", "Result"),
        loose=("成绩", "考试成绩", "考核成绩"),
    ),
    "outcome": Meaning(
        ("开通结果", "开通状态", "是否开通", "处理结果", "开通情况", "确认结果", "Opened", "Outcome"),
    ),
    "reason": Meaning(("未开通原因", "原因", "退回原因", "失败原因", "不通过原因", "Reason")),
    "waiver": Meaning(
        ("第二本证减免", "第二本减免", "减免", "第二本证", "second certificate waived", "waived"),
    ),
    "passed_on": Meaning(
        ("通过日期", "考试日期", "合格日期", "考试时间", "通过时间", "考核日期", "Passed on", "Exam date"),
        cleaner=clean.clean_date, is_date=True,
    ),
}  # fmt: skip


def column(
    name: str,
    meaning: str = "",
    *,
    first: str = "",
    required: bool = False,
    cleaner: Cleaner | None = None,
    also: tuple[str, ...] = (),
) -> Field:
    """A column of a layout, read by the common captions of its meaning (by default its name's).

    `first` is the caption that this layout's own template and messages show, `also` are captions that mean this
    in this layout only, `cleaner` what its cells look like here.
    """
    known = MEANINGS[meaning or name]
    labels = tuple(dict.fromkeys((*((first,) if first else ()), *known.labels, *also)))
    return Field(
        name, labels, required, loose=known.loose, cleaner=cleaner or known.cleaner, beside=known.beside,
        is_date=known.is_date,
    )  # fmt: skip
