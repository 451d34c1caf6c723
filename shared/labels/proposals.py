"""What a model sees in pictures that people are to label: where they begin, not what is true."""

from dataclasses import dataclass

from shared.domain.label import Labels


@dataclass(frozen=True, slots=True)
class Proposals:
    """The document `proposals.json`.

    Attributes:
        video_sha256: of the video as it came; with a frame's place it says what is held out.
        model: `name@version` whose boxes these are.
        labels: the pictures with its boxes, and all classes that it knows.
        frames: place of each picture in the video, in the order of the pictures, 0-based.
    """

    video_sha256: str
    model: str
    labels: Labels
    frames: tuple[int, ...]
