"""The trained model against the one that it would replace."""

from dataclasses import replace

from model_deployer.places import Deployment, evaluation, pictures, verdict_file
from shared.evaluation.gate import judge
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation
from shared.evaluation.verdict import GateTerms
from shared.inference.roll_back import DEPLOYED_BY
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import write_document


def compare(tools: Tools, task: Deployment) -> Output:
    """Publish `verdict.json`, whatever it says.

    Another model may have gone live since the training was measured, as of two loops that began
    with one model: then that one is measured now, on the same pictures.

    Returns:
        `accepted`, `code`.

    Raises:
        PermanentError: `bad_evaluation`.
        InvalidInputError: `unknown_model`; `bad_labels`: a picture cannot be read.
        ModelError: what a runtime refuses.
        TransientError: `disk_full`.
    """
    known = _against_present(tools, task)
    terms = GateTerms(margin=tools.settings.gate_margin, floor=tools.settings.gate_floor)
    verdict = judge(known.labels, known.new, known.old, terms, forced_by=task.options.forced_by)
    write_document(verdict_file(tools.paths, task), verdict)
    return {"accepted": verdict.accepted, "code": verdict.code}


def _against_present(tools: Tools, task: Deployment) -> Evaluation:
    known = evaluation(tools.paths, task)
    if known.old is None:
        return known
    present = tools.models.serving(task.options.model)
    ours = present.manifest.metrics.get(DEPLOYED_BY) == task.id
    if ours or present.manifest.label == known.old.label:
        return known
    progress = StepProgress(tools.progress, task.id, "compare", "pictures")
    old = measure(
        tools.open_runtime(present), present.manifest, known.labels, pictures(tools.paths, task),
        on_picture=lambda done: progress.update(done, len(known.labels.pictures)),
    )  # fmt: skip
    return replace(known, old=old)
