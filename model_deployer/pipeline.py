"""From trained weights to the model that serves, in order; any step's failure changes nothing."""

from model_deployer import artefacts
from model_deployer.announcements import model_converted, model_deployed, model_judged
from model_deployer.steps.activate import activate
from model_deployer.steps.compare import compare
from model_deployer.steps.convert import convert
from model_deployer.steps.gate import gate
from model_deployer.steps.smoke import smoke
from model_deployer.steps.stage import stage
from model_deployer.steps.verify import verify
from shared.pipeline.step import Pipeline, Step

_HOURS = 3600.0
QUEUE = "deployment"

DEPLOYMENT: Pipeline = (
    Step(
        convert, queue=QUEUE, timeout_seconds=2 * _HOURS, needs=("model.pt", "evaluation.json"),
        leaves=artefacts.model,
    ),
    Step(
        verify, queue=QUEUE, timeout_seconds=2 * _HOURS,
        needs=("model.pt", "model.onnx", "evaluation.json", "dataset/"),
        leaves=artefacts.verification, announces=model_converted,
    ),
    Step(
        compare, queue=QUEUE, timeout_seconds=2 * _HOURS, needs=("evaluation.json", "dataset/"),
        leaves=artefacts.verdict, announces=model_judged,
    ),
    Step(gate, queue=QUEUE, needs=("verdict.json",)),
    Step(
        stage, queue=QUEUE, timeout_seconds=_HOURS,
        needs=("model.onnx", "evaluation.json", "verdict.json"), leaves=artefacts.manifest,
    ),
    Step(
        smoke, queue=QUEUE, timeout_seconds=_HOURS,
        needs=("model.onnx", "model.json", "evaluation.json", "dataset/"),
    ),
    Step(
        activate, queue=QUEUE, timeout_seconds=_HOURS,
        needs=("model.pt", "model.onnx", "model.json"), announces=model_deployed,
    ),
)  # fmt: skip
