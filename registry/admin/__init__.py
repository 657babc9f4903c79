from registry.admin.certificate import CertificateAdmin
from registry.admin.company import CompanyAdmin
from registry.admin.dictionaries import LocalBodyAdmin, RegionAdmin, SpecialtyAdmin
from registry.admin.person import PersonAdmin

__all__ = [
    "CertificateAdmin",
    "CompanyAdmin",
    "LocalBodyAdmin",
    "PersonAdmin",
    "RegionAdmin",
    "SpecialtyAdmin",
]
