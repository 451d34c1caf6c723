"""Which files each step of a deployment leaves, by name."""

from model_deployer import places
from model_deployer.places import Deployment
from shared.pipeline.step import Files
from shared.pipeline.tools import Tools


def model(tools: Tools, task: Deployment) -> Files:
    """The converted model."""
    return {"model.onnx": places.model_file(tools.paths, task)}


def verification(tools: Tools, task: Deployment) -> Files:
    """How far it finds what its weights find."""
    return {"verification.json": places.verification_file(tools.paths, task)}


def verdict(tools: Tools, task: Deployment) -> Files:
    """Whether it may go live."""
    return {"verdict.json": places.verdict_file(tools.paths, task)}


def manifest(tools: Tools, task: Deployment) -> Files:
    """What describes it."""
    return {"model.json": places.manifest_file(tools.paths, task)}
