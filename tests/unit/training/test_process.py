"""The real child, as far as it comes without torch: refusals, reports, and its end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.errors import InvalidInputError, PermanentError, TransientError
from shared.settings import REPOSITORY, Settings
from shared.training import process as process_module
from shared.training.environment import check_training_environment, training_python
from shared.training.jobs import EpochReport, ExportJob, FitJob, Weights
from shared.training.process import training_process
from shared.training.settings import FitSettings
from shared.training.torch_runtime import open_weights
from shared.training.trainer import Trainer
from tests.support.training_sets import write_dataset, write_labels
from tests.support.waiting import eventually

SCRATCH = FitSettings(base="scratch", size="atto", epochs=1)


def ignore(_: EpochReport) -> None:
    """Nobody looks."""


def job(tmp_path: Path, settings: FitSettings = SCRATCH, weights: Weights | None = None) -> FitJob:
    return FitJob(
        tmp_path / "dataset", tmp_path / "work", tmp_path / "out", settings, 1, weights
    )  # fmt: skip


def without_torch() -> Path:
    found = subprocess.run(
        [sys.executable, "-c", "import torch"], capture_output=True, check=False
    ).returncode
    if found == 0:
        pytest.skip("this interpreter has torch")
    return Path(sys.executable)


def test_the_interpreter_is_ours_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKLOOP_TRAIN_PYTHON", raising=False)
    assert training_python(Settings()) == Path(sys.executable)
    assert training_python(Settings(train_python=tmp_path)) == tmp_path


def test_an_interpreter_without_torch_is_refused(tmp_path: Path) -> None:
    python = without_torch()
    write_dataset(tmp_path / "dataset")
    with pytest.raises(PermanentError, match=r"torch|ultralytics") as refused:
        Trainer(python).fit(job(tmp_path), ignore)
    assert refused.value.code == "no_training_environment"
    with pytest.raises(PermanentError, match=r"torch|ultralytics") as refused:
        check_training_environment(python)
    assert refused.value.code == "no_training_environment"


@pytest.mark.parametrize("python", ["missing", "text"])
def test_what_is_no_interpreter_is_refused(python: str, tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset")
    (tmp_path / "text").write_text("print('no')")
    for call in (
        lambda: Trainer(tmp_path / python).fit(job(tmp_path), ignore),
        lambda: check_training_environment(tmp_path / python),
    ):
        with pytest.raises(PermanentError, match=python) as refused:
            call()
        assert refused.value.code == "no_training_environment"


def test_bad_labels_are_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset")
    write_labels(tmp_path / "dataset", "0000.jpg", ["7 0.5 0.5 0.1 0.1"])
    heard: list[EpochReport] = []
    with pytest.raises(InvalidInputError, match=r"0000\.txt, line 1: class 7 of 2") as refused:
        Trainer(Path(sys.executable)).fit(job(tmp_path), heard.append)
    assert refused.value.code == "bad_labels"
    assert {report.phase for report in heard} == {"starting"}
    assert not (tmp_path / "out").exists()


def test_weights_with_another_hash_are_refused_unread(tmp_path: Path) -> None:
    write_dataset(tmp_path / "dataset")
    evil = tmp_path / "evil.pt"
    evil.write_bytes(b"code")
    weights = Weights(evil, "0" * 64)
    python = Path(sys.executable)
    current = FitSettings(base="current")
    for call in (
        lambda: Trainer(python).fit(job(tmp_path, current, weights), ignore),
        lambda: Trainer(python).export(ExportJob(weights, tmp_path / "model.onnx")),
        lambda: open_weights(python, weights, 1).close(),
    ):
        with pytest.raises(PermanentError, match=r"evil\.pt is refused") as refused:
            call()
        assert refused.value.code == "foreign_weights"
    assert not (tmp_path / "model.onnx").exists()


def test_to_go_on_from_the_current_model_needs_its_weights(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"^base: ") as refused:
        Trainer(Path(sys.executable)).fit(job(tmp_path, FitSettings()), ignore)
    assert refused.value.code == "base_needs_weights"


# What stands in for our child: it says one thing and then waits for ever, with a child of its own.
LASTING = """
import os, subprocess, sys
reader = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
os.write(1, b'{"pids": [%d, %d]}\\n' % (os.getpid(), reader.pid))
os.read(0, 1)
import time; time.sleep(600)
"""


HEEDING = """
import os, subprocess, sys, time
sys.path.insert(0, {repository!r})
from shared.training.child.parent import heed_parent
reader = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
heed_parent()
os.write(1, b'{{"pids": [%d, %d]}}\\n' % (os.getpid(), reader.pid))
time.sleep(600)
"""


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folder = tmp_path / "repository" / "stand_in"
    folder.mkdir(parents=True)
    (folder / "__main__.py").write_text(text)
    monkeypatch.setattr(process_module, "REPOSITORY", folder.parent)
    monkeypatch.setattr(process_module, "MODULE", "stand_in")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_looking_raises_ends_the_process_and_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, LASTING)
    pids: list[int] = []

    def look() -> None:
        if pids:
            raise InterruptedError

    with (
        pytest.raises(InterruptedError),
        training_process(Path(sys.executable), job(tmp_path), tmp_path / "work") as process,
    ):
        for message in process.messages(look):
            pids.extend(message["pids"])
    assert len(pids) == 2
    eventually(lambda: not any(map(alive, pids)))


def test_a_child_goes_with_its_input_and_takes_its_own_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, HEEDING.format(repository=str(REPOSITORY)))
    with training_process(Path(sys.executable), job(tmp_path), tmp_path / "work") as process:
        pids: list[int] = next(process.messages(lambda: None))["pids"]
        process.input.close()
        eventually(lambda: not any(map(alive, pids)))


def test_looks_go_on_while_it_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, LASTING)
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 5:
            raise InterruptedError

    with (
        pytest.raises(InterruptedError),
        training_process(Path(sys.executable), job(tmp_path), tmp_path / "work") as process,
    ):
        list(process.messages(look))


@pytest.mark.parametrize(
    "ending",
    [
        "os.kill(os.getpid(), 9)",
        "raise SystemExit('bad news')",
        "print('bad news', file=sys.stderr)",
    ],
)
def test_a_process_that_dies_is_something_to_try_again(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, f"import os, sys\n{ending}\n")
    with (
        pytest.raises(TransientError, match=r"SIGKILL|bad news") as died,
        training_process(Path(sys.executable), job(tmp_path), tmp_path / "work") as process,
    ):
        list(process.messages(lambda: None))
    assert died.value.code == "training_died"


def test_passwords_of_ours_stay_with_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_DATABASE_URL", "postgresql+psycopg://user:secret@host/db")
    stand_in(tmp_path, monkeypatch, "import json, os\nprint(json.dumps(dict(os.environ)))\n")
    with training_process(Path(sys.executable), job(tmp_path), tmp_path / "work") as process:
        seen = next(process.messages(lambda: None))
    assert not [name for name in seen if name.startswith("TRACKLOOP")]
    assert seen["PATH"] == os.environ["PATH"]
