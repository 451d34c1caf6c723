"""Ends a deployment whose model is not better; what serves goes on serving."""

from model_deployer.places import Deployment, verdict_file
from shared.errors import PermanentError
from shared.evaluation.verdict import Verdict
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document


def gate(tools: Tools, task: Deployment) -> Output:
    """Let an accepted model pass.

    Returns:
        `new` and `old` mAP50-95, `forced_by`; None each where there is none.

    Raises:
        PermanentError: `model_rejected`, with the verdict's sentence.
    """
    verdict = read_document(verdict_file(tools.paths, task), Verdict)
    if not verdict.accepted:
        raise PermanentError("model_rejected", verdict.message)
    return {
        "new": verdict.new.map50_95 if verdict.new else None,
        "old": verdict.old.map50_95 if verdict.old else None,
        "forced_by": verdict.forced_by,
    }
