from registry.admin.applications import CompanyApplicationAdmin, PersonalApplicationAdmin
from registry.admin.certificate import CertificateAdmin
from registry.admin.company import CompanyAdmin
from registry.admin.dictionaries import LocalBodyAdmin, RegionAdmin, SpecialtyAdmin
from registry.admin.help import HelpRequestAdmin
from registry.admin.person import PersonAdmin

__all__ = [
    "CertificateAdmin",
    "CompanyAdmin",
    "CompanyApplicationAdmin",
    "HelpRequestAdmin",
    "LocalBodyAdmin",
    "PersonAdmin",
    "PersonalApplicationAdmin",
    "RegionAdmin",
    "SpecialtyAdmin",
]
