"""Which pictures train, which are held out, and which do neither."""

from collections.abc import Mapping

from shared.labels.held_out import held_out_frames, picture_held_out
from shared.labels.proposals import Proposals


def held_out(proposed: Proposals) -> Mapping[str, bool]:
    """Whether each picture is held out, by name, in their order; for ever the same.

    Raises:
        InvalidInputError: `bad_sha256`.
    """
    names = [picture.name for picture in proposed.labels.pictures]
    if proposed.video_sha256 is None:
        held = [picture_held_out(origin.sha256) for origin in proposed.origins]
    else:
        held = held_out_frames(proposed.video_sha256, proposed.frames).tolist()
    return dict(zip(names, held, strict=True))
