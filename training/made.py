"""Which results a certificate was made of: they are not taken back any more (specification 3.5, edges)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.trail import last_logs
from registry.models import Certificate, CertificateTerm


def certificates_made(lines: Sequence[Any]) -> dict[int, str]:
    """Of these enrolled people who passed: why the result stays, by number; in a constant number of queries.

    A renewal shows in a term that was recorded since, a first certificate or an upgrade in a certificate of the
    category entered since; whether by a batch, by an import or by hand.
    """
    passed = [line for line in lines if line.state == "PASSED"]
    if not passed:
        return {}
    since = {pk: log.at for pk, log in last_logs(type(passed[0]), [line.pk for line in passed]).items()}
    renewals = [line for line in passed if line.certificate_id and line.matter != "UPGRADE"]
    others = [line for line in passed if line not in renewals]
    return renewed(renewals, since) | entered(others, since)


def renewed(lines: Sequence[Any], since: Mapping[int, Any]) -> dict[int, str]:
    """A term was recorded after the result, and the certificate is valid longer than at the enrolment."""
    if not lines:
        return {}
    terms: dict[int, list[CertificateTerm]] = defaultdict(list)
    wanted = CertificateTerm.objects.filter(certificate__in=[line.certificate_id for line in lines])
    for term in wanted.select_related("certificate"):
        terms[term.certificate_id].append(term)
    return {
        line.pk: _("Certificate %(number)s was renewed on the result of %(name)s. If that is wrong, the General Office "
                   "puts its dates back first.") % {"number": term.certificate.number, "name": line.name}
        for line in lines
        for term in terms[line.certificate_id]
        if line.pk in since and term.recorded_at > since[line.pk]
        and (line.expiry_date is None or term.certificate.expiry_date > line.expiry_date)
    }  # fmt: skip


def entered(lines: Sequence[Any], since: Mapping[int, Any]) -> dict[int, str]:
    """A certificate of the category was entered for the person after the result, and was not cancelled."""
    if not lines:
        return {}
    certificates: dict[tuple[int, str], list[Certificate]] = defaultdict(list)
    wanted = Certificate.objects.filter(person__in=[line.person_id for line in lines])
    for certificate in wanted.exclude(status=Certificate.Status.CANCELLED):
        certificates[certificate.person_id, certificate.type].append(certificate)
    return {
        line.pk: _("Certificate %(number)s was made of the result of %(name)s. If that is wrong, the General Office "
                   "cancels it first.") % {"number": certificate.number, "name": line.name}
        for line in lines
        for certificate in certificates[line.person_id, line.category]
        if line.pk in since and certificate.created_at > since[line.pk]
    }  # fmt: skip
