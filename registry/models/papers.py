"""The attachments that a record of a flow must have, and whose turn it is to add them."""

from typing import Any, ClassVar

from backoffice.core.flow import at_own_desk
from backoffice.core.models import Attachment


class Papers:
    """The attachments of a record: what it must have, and what it has."""

    papers: ClassVar[tuple[str, ...]] = ()

    def required_papers(self) -> tuple[str, ...]:
        """The codes of the attachment kinds this very record needs before it can be submitted."""
        return self.papers

    def has_paper(self, *codes: str) -> bool:
        """Whether at least one attachment of these kinds is there."""
        return Attachment.of(self).filter(removed_at=None, kind__code__in=codes).exists()  # type: ignore[arg-type]

    def takes_changes_from(self, user: Any) -> bool:
        """Whether it is the user's turn: fields and pictures are open to the desk the record waits at only."""
        desk = self.desk()  # type: ignore[attr-defined]
        return desk is not None and desk.role == user.role and at_own_desk(self, user)  # type: ignore[arg-type]

    def takes_files_from(self, user: Any) -> bool:
        """The same for pictures; asked by `core/attachments.py`."""
        return self.takes_changes_from(user)
