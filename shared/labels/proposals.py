"""What a model sees in pictures that people are to label: where they begin, not what is true."""

from dataclasses import dataclass

from shared.domain.label import Labels


@dataclass(frozen=True, slots=True)
class Origin:
    """A picture from elsewhere.

    Attributes:
        path: what its owner calls it.
        sha256: of its file as it came, which says whether it is held out.
    """

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """The document `proposals.json`.

    Attributes:
        video_sha256: of the video as it came; with a frame's place it says what is held out. None
            for pictures from elsewhere.
        model: `name@version` whose boxes these are.
        labels: the pictures with its boxes, and all classes that it knows.
        frames: place of each picture in the video, in the order of the pictures, 0-based.
        origins: of each picture from elsewhere, in the same order.
        set_aside: names of pictures that are nearly the same as one that is held out: people label
            them, and nothing is trained on them.
    """

    video_sha256: str | None
    model: str
    labels: Labels
    frames: tuple[int, ...]
    origins: tuple[Origin, ...] = ()
    set_aside: tuple[str, ...] = ()
