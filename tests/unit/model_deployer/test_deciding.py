"""Only an accepted model goes on, and the reason is told either way."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shared.errors import PermanentError
from shared.evaluation.record import Evaluation
from shared.evaluation.verdict import Verdict
from shared.events.model import ModelJudged
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from tests.support.deploying import NAME, Apart, deployment, leave_evaluation, publish_present
from tests.support.found_boxes import found_in, labelled_pictures
from tests.support.toolbox import toolbox


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "root", gate_margin=0.02) as tools:
        publish_present(tools, ("a", "b", "c"))
        yield tools


def _evaluation(*, better: bool) -> Evaluation:
    labels = labelled_pictures(np.random.default_rng(0), 30)
    good = found_in(labels, np.random.default_rng(1), label="good", shake=2, missed=0.05)
    poor = found_in(labels, np.random.default_rng(2), label="poor", shake=8, missed=0.4)
    new, old = (good, poor) if better else (poor, good)
    return Evaluation(labels, new, replace(old, label=f"{NAME}@1"), "ab" * 32)


def _decide(tools: Tools, tmp_path: Path, evaluation: Evaluation, force: str | None) -> Apart:
    leave_evaluation(tools.paths, evaluation)
    apart = Apart(tools, deployment(forced_by=force), tmp_path / "apart")
    apart.run("compare", "gate")
    return apart


def test_a_better_model_passes(tools: Tools, tmp_path: Path) -> None:
    apart = _decide(tools, tmp_path, _evaluation(better=True), None)
    verdict = read_document(tools.paths.train_log("deployment-task") / "verdict.json", Verdict)
    assert (verdict.code, verdict.terms.margin) == ("better", 0.02)
    assert verdict.new is not None
    assert verdict.old is not None
    (judged,) = apart.told
    assert judged == ModelJudged(
        user_id="ada", accepted=True, code="better", message=verdict.message,
        new=verdict.new.map50_95, old=verdict.old.map50_95,
    )  # fmt: skip
    assert apart.outputs["gate"] == {
        "new": verdict.new.map50_95, "old": verdict.old.map50_95, "forced_by": None,
    }  # fmt: skip


def test_a_worse_model_ends_the_task_with_the_verdict_and_is_announced(
    tools: Tools, tmp_path: Path
) -> None:
    leave_evaluation(tools.paths, _evaluation(better=False))
    apart = Apart(tools, deployment(), tmp_path / "apart")
    with pytest.raises(
        PermanentError, match=rf"^poor reaches mAP50-95 .* and {NAME}@1"
    ) as rejected:
        apart.run("compare", "gate")
    assert rejected.value.code == "model_rejected"
    (judged,) = apart.told
    assert isinstance(judged, ModelJudged)
    assert (judged.accepted, judged.code) == (False, "not_better")
    assert judged.message == rejected.value.message


def test_a_forced_model_passes_and_it_is_said_who_forced_it(tools: Tools, tmp_path: Path) -> None:
    apart = _decide(tools, tmp_path, _evaluation(better=False), "ada")
    (judged,) = apart.told
    assert isinstance(judged, ModelJudged)
    assert (judged.accepted, judged.code, judged.forced_by) == (True, "not_better", "ada")
    gated = apart.outputs["gate"]
    assert gated is not None
    assert gated["forced_by"] == "ada"


def test_a_model_without_one_to_compare_with_needs_the_floor(tools: Tools, tmp_path: Path) -> None:
    alone = replace(_evaluation(better=True), old=None)
    apart = _decide(tools, tmp_path, alone, None)
    gated = apart.outputs["gate"]
    assert gated is not None
    assert gated["old"] is None
    with (
        toolbox(tmp_path / "strict", gate_floor=0.99) as strict,
        pytest.raises(PermanentError, match=r"0\.990 at least"),
    ):
        _decide(strict, tmp_path, alone, None)


def test_without_an_evaluation_nothing_is_decided(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as refused:
        Apart(tools, deployment(), tmp_path / "apart").run("compare")
    assert refused.value.code == "bad_evaluation"
