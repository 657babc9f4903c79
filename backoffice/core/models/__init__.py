from backoffice.core.models.announcement import Announcement
from backoffice.core.models.attachment import Attachment, AttachmentKind
from backoffice.core.models.calendar import CalendarDay
from backoffice.core.models.disclosure import Disclosure
from backoffice.core.models.imports import HeaderMapping, ImportRun
from backoffice.core.models.inbox import FinishedTask, Task, TrackedTask, TransitionLog
from backoffice.core.models.message import Message
from backoffice.core.models.numbers import Numbered, NumberSeries
from backoffice.core.models.running import Counter, SignOfLife
from backoffice.core.models.wording import MessageTemplate, ReadyOpinion, SavedFilter

__all__ = [
    "Announcement",
    "Attachment",
    "AttachmentKind",
    "CalendarDay",
    "Counter",
    "Disclosure",
    "FinishedTask",
    "HeaderMapping",
    "ImportRun",
    "Message",
    "MessageTemplate",
    "NumberSeries",
    "Numbered",
    "ReadyOpinion",
    "SavedFilter",
    "SignOfLife",
    "Task",
    "TrackedTask",
    "TransitionLog",
]
