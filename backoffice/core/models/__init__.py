from backoffice.core.models.attachment import Attachment, AttachmentKind
from backoffice.core.models.calendar import CalendarDay
from backoffice.core.models.imports import HeaderMapping, ImportRun
from backoffice.core.models.inbox import Task, TransitionLog
from backoffice.core.models.message import Message

__all__ = [
    "Attachment",
    "AttachmentKind",
    "CalendarDay",
    "HeaderMapping",
    "ImportRun",
    "Message",
    "Task",
    "TransitionLog",
]
