from registry.models.certificate import Certificate, CertificateTerm
from registry.models.company import Company, FormerName
from registry.models.dictionaries import LocalBody, Region, Specialty
from registry.models.person import Person

__all__ = [
    "Certificate",
    "CertificateTerm",
    "Company",
    "FormerName",
    "LocalBody",
    "Person",
    "Region",
    "Specialty",
]
