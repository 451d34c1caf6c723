"""What a channel is: one place that people read, and how a message gets there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.domain.notification import Outcome, Priority
from shared.errors import PermanentError


class ReceiverGoneError(PermanentError):
    """The receiver says that nothing will ever be taken here again."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told.

    Attributes:
        id: of the event: the same in every copy, so that receivers can tell copies.
        title: one line of plain text.
        text: some lines of plain text; the last one says where to look.
        data: the same for programs.
    """

    id: str
    type: str
    time: datetime
    outcome: Outcome
    priority: Priority
    title: str
    text: str
    data: Mapping[str, Any]


class Channel(Protocol):
    """Sends from any thread, and gives up within a limit."""

    def send(self, message: Message) -> None:
        """Hand the message over; it may have arrived although this raises.

        Raises:
            TransientError: nobody took it; later somebody may.
            PermanentError: it was refused; another try or two may show that this was a mistake.
            ReceiverGoneError: nobody will ever take it.
        """
