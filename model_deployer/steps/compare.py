"""The trained model against the one that it would replace."""

from model_deployer.places import Deployment, evaluation, verdict_file
from shared.evaluation.gate import judge
from shared.evaluation.verdict import GateTerms
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import write_document


def compare(tools: Tools, task: Deployment) -> Output:
    """Publish `verdict.json`, whatever it says.

    Returns:
        `accepted`, `code`.

    Raises:
        PermanentError: `bad_evaluation`.
        TransientError: `disk_full`.
    """
    known = evaluation(tools.paths, task)
    terms = GateTerms(margin=tools.settings.gate_margin, floor=tools.settings.gate_floor)
    verdict = judge(known.labels, known.new, known.old, terms, forced_by=task.options.forced_by)
    write_document(verdict_file(tools.paths, task), verdict)
    return {"accepted": verdict.accepted, "code": verdict.code}
