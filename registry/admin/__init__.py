from registry.admin.applications import CompanyApplicationAdmin, PersonalApplicationAdmin
from registry.admin.certificate import CertificateAdmin
from registry.admin.changes import CompanyChangeAdmin
from registry.admin.company import CompanyAdmin
from registry.admin.dictionaries import LocalBodyAdmin, RegionAdmin, SpecialtyAdmin
from registry.admin.duplicates import DuplicatePairAdmin, MergeAdmin
from registry.admin.help import HelpRequestAdmin
from registry.admin.person import PersonAdmin
from registry.admin.transfers import TransferAdmin

__all__ = [
    "CertificateAdmin",
    "CompanyAdmin",
    "CompanyApplicationAdmin",
    "CompanyChangeAdmin",
    "DuplicatePairAdmin",
    "HelpRequestAdmin",
    "LocalBodyAdmin",
    "MergeAdmin",
    "PersonAdmin",
    "PersonalApplicationAdmin",
    "RegionAdmin",
    "SpecialtyAdmin",
    "TransferAdmin",
]
