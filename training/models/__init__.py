from training.models.enrolment import Enrolment, EnrolmentLine
from training.models.lookup import CertificateLookup
from training.models.platform import PlatformRow, PlatformRun
from training.models.training_class import TrainingClass

__all__ = ["CertificateLookup", "Enrolment", "EnrolmentLine", "PlatformRow", "PlatformRun", "TrainingClass"]
