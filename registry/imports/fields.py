"""The columns of a certificate list, under the captions people really write."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.utils.translation import gettext_lazy as _

from backoffice.core import imports
from backoffice.core.excel import clean, layouts
from backoffice.core.excel.header import Field

CERTIFICATE_FIELDS: tuple[Field, ...] = (
    Field(
        "number",
        ("证书编号", "证书号", "证书号码", "证号", "编号", "岗位证书编号", "培训证书编号", "上岗证编号",
         "资格证书编号", "监理证号", "Certificate number", "Certificate no", "Certificate no."),
        required=True,
    ),
    Field(
        "type",
        ("证书类型", "培训类别", "证书类别", "证书种类", "类别", "人员类别", "岗位类别", "岗位", "岗位名称",
         "证书名称", "培训类型", "Certificate type", "Type", "Category"),
        required=True,
    ),
    Field(
        "name",
        ("姓名", "人员姓名", "持证人", "持证人姓名", "学员姓名", "名字", "Name", "Full name"),
        required=True,
    ),
    Field(
        "id_number",
        ("身份证号码", "身份证号", "身份证", "身份证件号码", "身份证件号", "证件号码", "证件号",
         "公民身份号码", "居民身份证号码", "身份证编号", "ID number", "ID card number", "ID no", "ID no."),
        required=True,
    ),
    Field("gender", ("性别", "男/女", "Gender", "Sex")),
    Field(
        "company",
        ("工作单位", "单位名称", "单位", "企业名称", "公司名称", "公司", "所在单位", "所属单位", "聘用单位",
         "注册单位", "现工作单位", "所属企业", "工作单位名称", "受聘单位",
         "Company", "Company name", "Employer"),
        required=True,
    ),
    Field(
        "specialty",
        ("专业", "监理专业", "所学专业", "从事专业", "专业类别", "专业名称", "Specialty", "Speciality"),
    ),
    Field(
        "issue_date",
        ("发证日期", "首次发证日期", "首次发证时间", "发证时间", "初次发证日期", "初始发证日期", "颁发日期",
         "颁证日期", "签发日期", "取证日期", "取证时间", "批准日期",
         "First issue date", "Issue date", "Issued"),
        required=True,
    ),
    Field(
        "renewal_date",
        ("换证日期", "最近换证日期", "最近一次换证日期", "换证时间", "延续日期", "延续时间", "最近延续日期",
         "更换日期", "Last renewal date", "Renewal date", "Renewed"),
    ),
    Field(
        "expiry_date",
        ("有效期至", "有效日期", "有效期限", "有效期", "证书有效期", "证书有效期至", "有效期止",
         "有效截止日期", "有效期截止日期", "到期日期", "到期时间", "失效日期", "截止日期", "有效至",
         "Valid until", "Expiry date", "Expires"),
        required=True,
    ),
    Field(
        "phone",
        ("手机", "联系电话", "手机号码", "手机号", "电话", "联系方式", "移动电话", "联系手机", "电话号码",
         "Phone", "Mobile", "Phone number"),
    ),
    Field("email", ("邮箱", "电子邮箱", "电子邮件", "邮件", "邮箱地址", "Email", "E-mail", "Mail")),
    Field(
        "region",
        ("所属区域", "区域", "地区", "所属地区", "所在地区", "所在城市", "城市", "地市", "所属地市",
         "Region", "City"),
    ),
    Field("title", ("职称", "技术职称", "专业技术职称", "职称等级", "Title", "Professional title")),
    Field("education", ("学历", "文化程度", "最高学历", "学历层次", "Education")),
    Field("status", ("证书状态", "状态", "Status", "Certificate status")),
    Field("remark", ("备注", "备注说明", "说明", "Remark", "Remarks", "Note")),
)  # fmt: skip

# Codes are those of registry's TextChoices; the spellings are those found in real lists.
CERTIFICATE_TYPES: Mapping[str, str] = {
    "专业监理工程师": "ENGINEER", "专监": "ENGINEER", "监理工程师": "ENGINEER", "专业监理": "ENGINEER",
    "专监工程师": "ENGINEER", "监理员": "SUPERVISOR", "现场监理员": "SUPERVISOR", "安全员": "SAFETY",
    "监理安全员": "SAFETY", "安全监理员": "SAFETY", "安全监理": "SAFETY",
    "Specialised supervision engineer": "ENGINEER", "Specialist supervising engineer": "ENGINEER",
    "Supervising engineer": "ENGINEER",
    "Supervisor": "SUPERVISOR", "Safety officer": "SAFETY",
}  # fmt: skip
GENDERS: Mapping[str, str] = {"男": "M", "男性": "M", "M": "M", "Male": "M",
                              "女": "F", "女性": "F", "F": "F", "Female": "F"}  # fmt: skip
EDUCATIONS: Mapping[str, str] = {
    "中专/高中": "SECONDARY", "中专": "SECONDARY", "高中": "SECONDARY", "高中及以下": "SECONDARY",
    "中技": "SECONDARY", "职高": "SECONDARY", "技校": "SECONDARY", "初中": "SECONDARY",
    "Secondary school": "SECONDARY",
    "大专": "COLLEGE", "专科": "COLLEGE", "大学专科": "COLLEGE", "高职": "COLLEGE",
    "Junior college": "COLLEGE",
    "本科": "BACHELOR", "大学本科": "BACHELOR", "大学": "BACHELOR", "学士": "BACHELOR",
    "Bachelor": "BACHELOR",
    "硕士": "MASTER", "研究生": "MASTER", "硕士研究生": "MASTER", "Master": "MASTER",
    "博士": "DOCTOR", "博士研究生": "DOCTOR", "Doctor": "DOCTOR",
}  # fmt: skip
CERTIFICATE_STATUSES: Mapping[str, str] = {
    "有效": "VALID", "正常": "VALID", "在用": "VALID", "Valid": "VALID",
    "已注销": "CANCELLED", "注销": "CANCELLED", "作废": "CANCELLED", "Cancelled": "CANCELLED",
    "已取代": "SUPERSEDED", "已延续": "SUPERSEDED", "已升级": "SUPERSEDED", "Superseded": "SUPERSEDED",
    "已补办": "REPLACED", "遗失": "REPLACED", "已换证": "REPLACED", "Replaced": "REPLACED",
}  # fmt: skip

CERTIFICATE_CLEANERS: Mapping[str, layouts.Cleaner] = {
    "number": clean.clean_certificate_number,
    "type": partial(clean.clean_choice, mapping=CERTIFICATE_TYPES),
    "name": partial(clean.clean_name, max_length=50),
    "id_number": clean.clean_id_number,
    "gender": partial(clean.clean_choice, mapping=GENDERS),
    "company": partial(clean.clean_company_name, max_length=100),
    "specialty": partial(clean.clean_text, max_length=50),
    "issue_date": clean.clean_date,
    "renewal_date": clean.clean_date,
    "expiry_date": clean.clean_date,
    "phone": clean.clean_phone,
    "email": clean.clean_email,
    "region": partial(clean.clean_text, max_length=50),
    "title": partial(clean.clean_text, max_length=50),
    "education": partial(clean.clean_choice, mapping=EDUCATIONS),
    "status": partial(clean.clean_choice, mapping=CERTIFICATE_STATUSES),
    "remark": partial(clean.clean_text, max_length=200),
}


def register_layout() -> None:
    """Called by registry's AppConfig.ready(), so that the core's import runs know certificate lists."""
    from registry.imports.certificates import importer
    from registry.imports.records import CompanyImporter, PersonImporter

    imports.register_importer("certificates", importer)
    layouts.register(
        layouts.Layout("certificates", _("Certificates"), CERTIFICATE_FIELDS, CERTIFICATE_CLEANERS)
    )
    for key, records in (("people", PersonImporter()), ("companies", CompanyImporter())):
        imports.register_importer(key, records)
        layouts.register(layouts.Layout(key, records.label, records.fields, records.cleaners))
