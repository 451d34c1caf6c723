"""From a request for labels to what is wished: a task's frames, or a folder of one's own area."""

import re

from api_gateway.gateway import Gateway
from api_gateway.intake import pinned
from api_gateway.schemas.labeling import LabelingRequest
from shared.domain.task import MOST_PICTURES, PICTURES_TO_LABEL, AnalysisOptions
from shared.errors import InvalidInputError
from shared.fetch.picture_folder import folder_key, folder_source, pictures_in
from shared.tasks.ask_for_labels import Wish

_EXTRACTED = re.compile(r"frames/([0-9a-f-]{1,36})/?")


def wish_of(gateway: Gateway, owner: str, body: LabelingRequest) -> Wish:
    """What the request means; what can be known of a folder at once is known at once.

    A folder that is named is labelled whole, or as far as `num_frames` says.

    Raises:
        InvalidInputError: `bad_path`, `bad_folder`, `nothing_to_label`, `invalid_option`,
            `unknown_model`.
        NotFoundError: `no_such_folder`.
        TooLargeError: `too_many_bytes`.
        TransientError: the storage does not answer as it should.
    """
    if body.folder_path is None:
        return _chosen(body)
    analysis = pinned(gateway, AnalysisOptions(model=body.model or AnalysisOptions().model))
    count, named = body.num_frames or MOST_PICTURES, body.model is not None
    extracted = _EXTRACTED.fullmatch(body.folder_path)
    if extracted and _owns(gateway, owner, extracted[1]):
        task_id = body.task_id or extracted[1]
        return Wish(task_id, body.folder_path, count, body.project, None, analysis, named)
    source = folder_source(owner, body.folder_path)
    pictures_in(gateway.storage, folder_key(source) or "", gateway.settings)
    return Wish(body.task_id, None, count, body.project, source, analysis, named)


def _chosen(body: LabelingRequest) -> Wish:
    if body.model is not None:
        raise InvalidInputError(
            "invalid_option",
            "model: frames are chosen by what the analysis found; leave it out, or name a folder.",
        )
    return Wish(body.task_id, None, body.num_frames or PICTURES_TO_LABEL, body.project)


def _owns(gateway: Gateway, owner: str, task_id: str) -> bool:
    with gateway.database.read() as unit:
        return unit.tasks.owned(owner, task_id) is not None
