"""The labelling port: pictures with a model's boxes go out, and what people said comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared.domain.label import LabelledPicture, Labels
from shared.errors import PermanentError


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """What people are asked.

    Attributes:
        project: what they know the video by.
        classes: of the model; boxes name them by index.
        pictures: each with its size and the model's boxes, which people correct.
        folder: a picture's file is `folder / picture.name`. Only `request` reads it.
        model: `name@version` of the model that found the boxes.
    """

    task_id: str
    project: str
    classes: tuple[str, ...]
    pictures: Sequence[LabelledPicture]
    folder: Path
    model: str


@dataclass(frozen=True, slots=True)
class LabelProgress:
    """How far people have come.

    Attributes:
        total: pictures that are there now; people may have deleted some.
        labelled: those of them that people are done with, the skipped ones too.
        complete: nothing is left to do. So it is where every picture was deleted.
        url: where people label; None where there is no such place.
    """

    total: int
    labelled: int
    complete: bool
    url: str | None


class LabelingTool(Protocol):
    """A labelling tool. Every adapter passes tests/contracts/test_labeling.py.

    A handle names what was requested, for as long as the tool keeps it; it holds no secret. Every
    method raises TransientError where the tool does not answer as it should, and PermanentError
    `labeling_refused` where it refuses the token.
    """

    def check(self) -> None:
        """Whether it can be used now.

        Raises:
            PermanentError: what to correct in the settings.
            TransientError: it does not answer.
        """

    def request(self, request: LabelRequest) -> str:
        """Put the pictures before people; gives the handle.

        A call that was interrupted is made again: it completes what the earlier one began.

        Raises:
            InvalidInputError: `bad_label_request`, `same_text_file`, `no_such_file`.
        """

    def progress(self, handle: str) -> LabelProgress:
        """How far people have come.

        Raises:
            PermanentError: `labels_gone`.
        """

    def collect(self, handle: str, request: LabelRequest) -> Labels:
        """What people said so far, in the classes of the request, in its order of pictures.

        Pictures that nobody is done with, and skipped ones, are not in it. `left_out` counts what
        has no place: pictures that were not asked for, boxes of other classes. No box has a score,
        since a person answers for it. Boxes may lie outside, see `check_labels`.

        Raises:
            PermanentError: `labels_gone`.
            InvalidInputError: `bad_labels`, naming the place.
        """

    def confirm(self, handle: str) -> None:
        """Say for the people that they are done.

        Raises:
            PermanentError: `labels_gone`; `not_supported`: they say so themselves.
        """

    def find(self, task_id: str) -> Sequence[str]:
        """Handles of all that is here of a task, of requests that were interrupted too.

        Each may be given to `remove`; nothing else may be expected of those of interrupted ones.
        """

    def remove(self, handle: str) -> None:
        """Erase pictures and labels; nothing happens where they are gone.

        Raises:
            PermanentError: `not_removed`: files belong to somebody else.
        """


def labels_gone(what: str) -> PermanentError:
    """Somebody deleted all of it."""
    return PermanentError(
        "labels_gone", f"{what} is gone from the labelling tool; request labels again."
    )


def not_removed(error: PermissionError) -> PermanentError:
    """Files are there that only another user may delete."""
    return PermanentError(
        "not_removed",
        f"{error.filename}: this user may not remove it; give it the right to, or do it by hand.",
    )
