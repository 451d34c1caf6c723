"""Old deployed versions make room for new ones, and nothing that somebody needs is touched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.domain.task import AnalysisOptions
from shared.errors import ConflictError
from shared.inference import prune
from shared.inference.choice import choose
from shared.inference.models import Model, ModelStore, states_of
from shared.inference.prune import prune_versions
from shared.inference.roll_back import roll_back
from tests.support.deployed_versions import BY_A_TASK, deploy_versions


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "bundled", tmp_path / "own")


def _using(*labels: str) -> Callable[[], tuple[str, ...]]:
    return lambda: labels


def _states(store: ModelStore) -> dict[str, str]:
    found = store.list()
    return {m.manifest.label: s for m, s in zip(found, states_of(found), strict=True)}


def _files(store: ModelStore, version: int, name: str = "tiny") -> set[str]:
    return {file.name for file in (store.own / name / str(version)).iterdir()}


def test_the_last_ones_stay_whole_and_of_the_others_the_manifest(store: ModelStore) -> None:
    deploy_versions(store, 5)
    assert prune_versions(store, 3, _using()) == ["tiny@1", "tiny@2"]
    assert _states(store) == {
        "tiny@1": "pruned", "tiny@2": "pruned", "tiny@3": "kept", "tiny@4": "kept",
        "tiny@5": "serving",
    }  # fmt: skip
    assert _files(store, 2) == {"model.json", "pruned.json"}
    assert _files(store, 3) == {"model.json", "model.onnx", "model.pt"}
    assert store.get("tiny@3").read() == b"tiny 3"
    assert prune_versions(store, 3, _using()) == []


def test_a_pruned_version_is_known_and_cannot_be_chosen(store: ModelStore) -> None:
    deploy_versions(store, 3)
    prune_versions(store, 1, _using())
    for ask in (lambda: store.get("tiny@1"), lambda: store.known("tiny@1").read()):
        with pytest.raises(ConflictError, match="name tiny for the one that serves") as refused:
            ask()
        assert refused.value.code == "model_pruned"
    assert store.known("tiny@1").manifest.metrics == BY_A_TASK


def test_what_a_pruned_version_found_is_still_understood(store: ModelStore) -> None:
    deploy_versions(store, 3)
    prune_versions(store, 1, _using())
    options = AnalysisOptions(model="tiny@1")
    assert choose(store, options, runs=False).model.manifest.label == "tiny@1"
    with pytest.raises(ConflictError) as refused:
        choose(store, options)
    assert refused.value.code == "model_pruned"


def test_what_serves_and_what_would_come_back_stay(store: ModelStore) -> None:
    deploy_versions(store, 4)
    roll_back(store, "tiny")
    roll_back(store, "tiny")
    # 6 has the files of 2: the next step back leads to 1, which is older than all others.
    assert prune_versions(store, 1, _using()) == ["tiny@2", "tiny@3", "tiny@4", "tiny@5"]
    assert roll_back(store, "tiny").read() == b"tiny 1"


def test_going_back_leads_over_what_was_pruned(store: ModelStore) -> None:
    deploy_versions(store, 4)
    prune_versions(store, 1, _using("tiny@1"))
    assert _states(store)["tiny@2"] == "pruned"
    assert roll_back(store, "tiny").read() == b"tiny 3"
    assert roll_back(store, "tiny").read() == b"tiny 1"


def test_what_a_task_is_pinned_to_stays_until_it_has_ended(store: ModelStore) -> None:
    deploy_versions(store, 4)
    assert prune_versions(store, 1, _using("tiny@1")) == ["tiny@2"]
    assert store.get("tiny@1").read() == b"tiny 1"
    assert prune_versions(store, 1, _using()) == ["tiny@1"]


def test_a_task_that_chose_it_just_before_it_was_marked_keeps_it(store: ModelStore) -> None:
    deploy_versions(store, 3)
    answers = iter([(), ("tiny@1",)])
    assert prune_versions(store, 1, lambda: next(answers)) == []
    assert store.get("tiny@1").read() == b"tiny 1"
    assert _files(store, 1) == {"model.json", "model.onnx", "model.pt"}


def test_models_that_somebody_added_are_not_touched(store: ModelStore) -> None:
    deploy_versions(store, 4, metrics={"mAP50_95": 0.4})
    deploy_versions(store, 3, name="other")
    assert prune_versions(store, 1, _using()) == ["other@1"]


@pytest.mark.parametrize("left", [("model.onnx", "model.pt"), ("model.onnx",)])
def test_killed_between_mark_and_files_the_next_run_ends_it(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, left: tuple[str, ...]
) -> None:
    deploy_versions(store, 3)

    def killed(_: ModelStore, model: Model) -> None:
        if "model.pt" not in left:
            model.path.with_name("model.pt").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prune, "_delete", killed)
        with pytest.raises(KeyboardInterrupt):
            prune_versions(store, 1, _using())
    assert _files(store, 1) == {"model.json", "pruned.json", *left}
    with pytest.raises(ConflictError):
        store.get("tiny@1")
    assert prune_versions(store, 1, _using()) == ["tiny@1"]
    assert _files(store, 1) == {"model.json", "pruned.json"}


def test_a_number_is_never_given_twice(store: ModelStore) -> None:
    deploy_versions(store, 3)
    prune_versions(store, 1, _using())
    deploy_versions(store, 1)
    assert store.versions("tiny") == (1, 2, 3, 4)
