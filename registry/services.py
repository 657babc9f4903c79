"""Verbs that change more than one row of the register, each in one transaction."""

from django.db import transaction

from registry.models import Certificate, Company, Person, Region


def city_of(region: Region | None) -> Region | None:
    """The city a region belongs to; lists by region show the 21 cities."""
    return region if region is None or region.parent_id is None else region.parent


def place_certificate(certificate: Certificate) -> None:
    """Put the holder's company and its city on the certificate (the scoping columns), without saving."""
    certificate.company = certificate.person.company
    certificate.region = city_of(certificate.company.region) if certificate.company else None
    if not certificate.printed_company and certificate.company:
        certificate.printed_company = certificate.company.name


@transaction.atomic
def move_certificates_of(person: Person) -> int:
    """Let the person's certificates follow to the person's company; return how many. The print stays as it is."""
    region = city_of(person.company.region) if person.company else None
    return Certificate.objects.filter(person=person).update(company=person.company, region=region)


def move_certificates_to_region(company: Company) -> int:
    """Put the company's city on its certificates after the company's region changed; return how many."""
    return Certificate.objects.filter(company=company).update(region=city_of(company.region))
