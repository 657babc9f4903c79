from training.admin.enrolment import EnrolmentAdmin
from training.admin.line import EnrolmentLineAdmin
from training.admin.lookup import CertificateLookupAdmin
from training.admin.platform import PlatformRunAdmin
from training.admin.training_class import TrainingClassAdmin

__all__ = [
    "CertificateLookupAdmin",
    "EnrolmentAdmin",
    "EnrolmentLineAdmin",
    "PlatformRunAdmin",
    "TrainingClassAdmin",
]
