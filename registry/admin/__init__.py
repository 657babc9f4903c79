from registry.admin.applications import CompanyApplicationAdmin, PersonalApplicationAdmin
from registry.admin.certificate import CertificateAdmin
from registry.admin.company import CompanyAdmin
from registry.admin.dictionaries import LocalBodyAdmin, RegionAdmin, SpecialtyAdmin
from registry.admin.duplicates import DuplicatePairAdmin, MergeAdmin
from registry.admin.help import HelpRequestAdmin
from registry.admin.person import PersonAdmin

__all__ = [
    "CertificateAdmin",
    "CompanyAdmin",
    "CompanyApplicationAdmin",
    "DuplicatePairAdmin",
    "HelpRequestAdmin",
    "LocalBodyAdmin",
    "MergeAdmin",
    "PersonAdmin",
    "PersonalApplicationAdmin",
    "RegionAdmin",
    "SpecialtyAdmin",
]
