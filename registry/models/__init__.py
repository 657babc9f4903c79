from registry.models.applications import (
    CompanyApplication,
    CompanyChange,
    HelpRequest,
    PersonalApplication,
    Transfer,
)
from registry.models.certificate import EXPIRES_SOON, Certificate, CertificateTerm
from registry.models.company import Company, FormerName
from registry.models.dictionaries import LocalBody, Region, Specialty
from registry.models.duplicates import DuplicatePair, DuplicateSearch, Merge
from registry.models.person import Person

__all__ = [
    "EXPIRES_SOON",
    "Certificate",
    "CertificateTerm",
    "Company",
    "CompanyApplication",
    "CompanyChange",
    "DuplicatePair",
    "DuplicateSearch",
    "FormerName",
    "HelpRequest",
    "LocalBody",
    "Merge",
    "Person",
    "PersonalApplication",
    "Region",
    "Specialty",
    "Transfer",
]
