"""The columns of a certificate list, and how each is cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.utils.translation import gettext_lazy as _

from backoffice.core import imports
from backoffice.core.excel import clean, layouts
from backoffice.core.excel.captions import Field
from registry import captions

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

# What tells two columns of one caption apart; the others say it themselves (registry/captions.py).
TYPE = partial(clean.clean_choice, mapping=CERTIFICATE_TYPES)
STATUS = partial(clean.clean_choice, mapping=CERTIFICATE_STATUSES)

CERTIFICATE_FIELDS: tuple[Field, ...] = (
    captions.column("number", "certificate_number", required=True),
    captions.column("type", "certificate_type", required=True, cleaner=TYPE),
    captions.column("name", required=True),
    captions.column("id_number", required=True),
    captions.column("gender"),
    captions.column("company", required=True),
    captions.column("specialty"),
    captions.column("issue_date", required=True),
    captions.column("renewal_date"),
    captions.column("expiry_date", required=True),
    captions.column("phone"),
    captions.column("email"),
    captions.column("region"),
    captions.column("title"),
    captions.column("education"),
    captions.column("status", cleaner=STATUS),
    captions.column("remark"),
)

CERTIFICATE_CLEANERS: Mapping[str, layouts.Cleaner] = {
    "number": clean.clean_certificate_number,
    "type": TYPE,
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
    "status": STATUS,
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
