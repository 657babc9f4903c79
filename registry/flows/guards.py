"""Guards several flows share: each returns the reason why not, as a sentence, or an empty string."""

from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.models import Attachment, AttachmentKind


def named(words: list[str]) -> str:
    return "、".join(words)


def empty_fields(obj: Any) -> list[str]:
    """The verbose names of the object's `required` fields that are empty."""
    return [
        str(obj._meta.get_field(name).verbose_name)
        for name in obj.required
        if not getattr(obj, f"{name}_id", getattr(obj, name))
    ]


def missing_papers(obj: Any) -> list[str]:
    """The names of the attachment kinds the object must have and has not."""
    if obj.pk is None:
        return []
    there = set(Attachment.of(obj).filter(removed_at=None).values_list("kind__code", flat=True))
    wanted = [code for code in obj.required_papers() if code not in there]
    kinds = {kind.code: str(kind) for kind in AttachmentKind.objects.filter(code__in=wanted)}
    return [kinds.get(code, code) for code in wanted]


def all_filled_in(obj: Any) -> str:
    empty = empty_fields(obj)
    return _("Fill in first: %(fields)s.") % {"fields": named(empty)} if empty else ""


def all_papers_there(obj: Any) -> str:
    missing = missing_papers(obj)
    return _("Still to be uploaded: %(papers)s.") % {"papers": named(missing)} if missing else ""


def company_complete(obj: Any) -> str:
    """Manual ch. 1-2, 4b-2: a company with empty required fields can start nothing."""
    missing = [str(obj.company._meta.get_field(name).verbose_name) for name in obj.company.missing_fields()]
    if not missing:
        return ""
    return _("The company profile of %(company)s lacks: %(fields)s. Fill it in under “Companies” first.") % {
        "company": obj.company, "fields": named(missing),
    }  # fmt: skip


def company_active(obj: Any) -> str:
    if obj.company.status == "ACTIVE":
        return ""
    return _("%(company)s is %(status)s and can start nothing; ask the General Office.") % {
        "company": obj.company, "status": obj.company.get_status_display(),
    }  # fmt: skip


def company_still_there(obj: Any) -> str:
    """For the reviewer: what was in order at the submit may not be any more."""
    company = obj.company
    if company.merged_into_id is not None:
        return _("%(company)s was merged into %(other)s meanwhile; return this with an opinion.") % {
            "company": company, "other": company.merged_into,
        }  # fmt: skip
    if company.status != "ACTIVE":
        return _("%(company)s is %(status)s by now. Make the company active again first, or return this.") % {
            "company": company, "status": company.get_status_display(),
        }  # fmt: skip
    return ""
