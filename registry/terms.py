"""The terms of a certificate follow its dates: a renewal appends one, a correction corrects the one it is about.

Terms have no history of their own: what was corrected is told in the certificate's (old dates, new dates, the reason).
"""

import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from registry.models import Certificate, CertificateTerm

#: A renewal moves the end by three years, the correction of a slip by less than this.
A_RENEWAL = datetime.timedelta(days=365)


class Dates(NamedTuple):
    """The three dates of a certificate (specification 2)."""

    issue: datetime.date
    renewal: datetime.date | None
    expiry: datetime.date

    @classmethod
    def of(cls, certificate: Certificate) -> "Dates":
        return cls(certificate.issue_date, certificate.renewal_date, certificate.expiry_date)

    @property
    def term(self) -> tuple[datetime.date, datetime.date]:
        """The first and the last day of the present term."""
        return self.renewal or self.issue, self.expiry


def is_renewal(before: Dates, after: Dates) -> bool:
    """Whether the new dates begin another term, or only say the same term rightly."""
    first = before.renewal is None and after.renewal is not None
    return after.term != before.term and (first or after.expiry - before.expiry > A_RENEWAL)


class Correction(NamedTuple):
    """A term as it stands, and as it should; an `expiry` of None is any."""

    start: datetime.date
    expiry: datetime.date | None
    new_start: datetime.date
    new_expiry: datetime.date | None


def corrections(before: Dates, after: Dates) -> list[Correction]:
    """Which terms are corrected with the certificate's dates."""
    found = []
    if after.term != before.term and not is_renewal(before, after):
        found.append(Correction(*before.term, *after.term))
    if after.issue != before.issue and (before.renewal or not found):
        found.append(Correction(before.issue, None, after.issue, None))
    return found


@transaction.atomic
def follow_dates(certificate: Certificate, before: Dates | None) -> None:
    """After the dates were saved: let the terms say the same. `before` is None for a new certificate."""
    after = Dates.of(certificate)
    told = []
    for wrong in corrections(before, after) if before else ():
        told += [told_of(*correct(certificate, wrong))]
    if before is None or is_renewal(before, after) or not certificate.terms.exists():
        record_term(certificate)
    if told := [text for text in told if text]:
        add_to_history(certificate, " ".join(told))


def correct(
    certificate: Certificate, wrong: Correction
) -> tuple[tuple[Any, Any], tuple[Any, Any]] | tuple[None, None]:
    """Correct the newest such term, and return its old and its new days; one that would stand there twice goes."""
    terms = certificate.terms.filter(start_date=wrong.start)
    if wrong.expiry is not None:
        terms = terms.filter(expiry_date=wrong.expiry)
    term = terms.order_by("-id").first()
    if term is None:
        return None, None
    old = (term.start_date, term.expiry_date)
    new = (wrong.new_start, wrong.new_expiry or term.expiry_date)
    twin = certificate.terms.filter(start_date=new[0], expiry_date=new[1]).exclude(pk=term.pk)
    if twin.exists():
        term.delete()
        return old, new
    term.start_date, term.expiry_date = new
    term.save(update_fields=["start_date", "expiry_date"])
    return old, new


def told_of(old: tuple[Any, Any] | None, new: tuple[Any, Any] | None) -> str:
    if old is None or new is None:
        return ""
    return _("Term corrected: %(old)s → %(new)s.") % {"old": days(*old), "new": days(*new)}


def days(start: datetime.date, expiry: datetime.date) -> str:
    return f"{start:%Y-%m-%d} – {expiry:%Y-%m-%d}"


def add_to_history(certificate: Certificate, text: str) -> None:
    """Put the sentence behind the reason of the certificate's latest change."""
    row = certificate.history.first()
    if row is not None:
        row.history_change_reason = " ".join(filter(None, [row.history_change_reason, text]))
        row.save(update_fields=["history_change_reason"])


def record_term(certificate: Certificate) -> CertificateTerm | None:
    """Append a term if the certificate's dates are not its latest term yet; return it, or None."""
    start = certificate.renewal_date or certificate.issue_date
    latest = certificate.terms.order_by("-id").first()
    if latest is not None and (latest.start_date, latest.expiry_date) == (start, certificate.expiry_date):
        return None
    return CertificateTerm.objects.create(
        certificate=certificate, start_date=start, expiry_date=certificate.expiry_date
    )


@transaction.atomic
def correct_term(
    term: CertificateTerm, *, start: datetime.date, expiry: datetime.date, by: Any, reason: str
) -> Certificate:
    """Correct one term by hand; the certificate's own dates follow where they are those of this term.

    Return the certificate. Raises ValidationError where the dates are out of order. Its history says old and new
    days, who, and why.
    """
    certificate = Certificate.objects.select_for_update(of=("self",)).get(pk=term.certificate_id)
    row = certificate.terms.select_for_update().get(pk=term.pk)
    if start > expiry:
        raise ValidationError({"expiry_date": _("A term ends after it has begun.")})
    dates, old = Dates.of(certificate), (row.start_date, row.expiry_date)
    if certificate.terms.filter(start_date=start, expiry_date=expiry).exclude(pk=row.pk).exists():
        raise ValidationError(_("The certificate has a term with these days already."))
    if old[0] == dates.issue:
        certificate.issue_date = start
    if old == dates.term:
        certificate.expiry_date = expiry
        if dates.renewal:
            certificate.renewal_date = start
    try:
        certificate.validate_constraints()
    except ValidationError as error:
        raise ValidationError(error.messages) from error
    row.start_date, row.expiry_date = start, expiry
    row.save(update_fields=["start_date", "expiry_date"])
    certificate._history_user = by  # type: ignore[attr-defined]
    certificate._change_reason = f"{told_of(old, (start, expiry))} {reason.strip()}"  # type: ignore[attr-defined]
    certificate.save()
    return certificate
