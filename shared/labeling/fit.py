"""What a tool holds, as the request put it: its classes, its pictures, its order."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.labeling.port import LabelRequest


def fit(found: Labels, request: LabelRequest) -> Labels:
    """The labels in the classes of the request; `left_out` counts what it did not ask for.

    Classes are matched by name, so it does not matter in which order a tool has them.
    """
    left_out = Counter(found.left_out)
    ids = {name: index for index, name in enumerate(request.classes)}
    answers = {picture.name: picture for picture in found.pictures}
    left_out["pictures that were not asked for"] += len(
        answers.keys() - {asked.name for asked in request.pictures}
    )
    pictures = [
        _fitted(answers[asked.name], asked, found.classes, ids, left_out)
        for asked in request.pictures
        if asked.name in answers
    ]
    return Labels(request.classes, tuple(pictures), dict(+left_out))


def _fitted(
    answer: LabelledPicture,
    asked: LabelledPicture,
    names: Sequence[str],
    ids: Mapping[str, int],
    left_out: Counter[str],
) -> LabelledPicture:
    boxes = tuple(_known(answer.boxes, names, ids, left_out))
    return replace(answer, size=answer.size or asked.size, boxes=boxes)


def _known(
    boxes: Sequence[LabelledBox],
    names: Sequence[str],
    ids: Mapping[str, int],
    left_out: Counter[str],
) -> Iterator[LabelledBox]:
    for box in boxes:
        if box.class_id >= len(names):
            left_out[f"boxes of class {box.class_id}, which has no name"] += 1
        elif (name := names[box.class_id]) not in ids:
            left_out[f"boxes of the class {name!r}, which was not asked for"] += 1
        else:
            yield replace(box, class_id=ids[name], score=None)
