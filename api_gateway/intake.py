"""From what a client asks to a task in the database."""

from dataclasses import replace
from hashlib import sha256

import orjson

from api_gateway.gateway import Gateway
from shared.domain.task import AnalysisOptions
from shared.inference.choice import choose
from shared.tasks.submit import Submission, submit_task


def pinned(gateway: Gateway, options: AnalysisOptions) -> AnalysisOptions:
    """The options, checked, with the model's version: one that is added later is not this task's.

    Raises:
        InvalidInputError: `unknown_model`, `invalid_option`, `unknown_class`.
    """
    return replace(options, model=choose(gateway.models, options).model.manifest.label)


def digest(*request: object) -> str:
    """What makes two requests the same one: as they were asked, before anything was resolved."""
    return sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()


def take(gateway: Gateway, submission: Submission) -> str:
    """Write the task and its event in one commit; its id.

    Raises:
        ConflictError: `idempotency_key_reused`, `idempotency_key_erased`.
    """
    with gateway.database.begin() as unit:
        return submit_task(unit, submission)
