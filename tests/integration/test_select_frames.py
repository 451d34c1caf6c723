"""From an analysed video to pictures that people can label."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.film import Film
from demo.scene import generate
from shared.domain.task import AnalysisOptions, LabelingOptions, Task
from shared.errors import InvalidInputError
from shared.labels.held_out import held_out_frames
from shared.labels.proposals import Proposals
from shared.pipeline.runner import run_pipeline
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from shared.storage.erasure import erase_files
from shared.storage.files import sha256_of
from shared.tracking.mot_format import read_mot
from tests.support.prepared import chain_until
from tests.support.toolbox import toolbox
from tests.support.videos import make_video, picture
from workers.labeling_manager.select_frames import select_frames

WANTED = 10


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "storage") as made:
        yield made


Asked = Task[LabelingOptions]


def _analysed(tools: Tools, source: Path, until: str = "detect", **options: object) -> Asked:
    task = Task("source", str(source), AnalysisOptions(**options))  # type: ignore[arg-type]
    run_pipeline(chain_until(until), tools, task)
    return Task("labels", "", LabelingOptions(task.options, WANTED), "source")


def _select(tools: Tools, task: Asked, count: int) -> Output:
    asked = replace(task.options, num_frames=count)
    return select_frames(tools, replace(task, options=asked))


def _pictures(tools: Tools) -> dict[str, np.ndarray]:
    files = sorted(tools.paths.chosen("labels").iterdir())
    return {file.name: np.asarray(cv2.imread(str(file))) for file in files}


def _proposals(tools: Tools) -> Proposals:
    return read_document(tools.paths.proposals("labels"), Proposals)


@pytest.mark.slow
def test_pictures_of_the_scene_come_with_the_boxes_of_the_model(
    tools: Tools, tmp_path: Path
) -> None:
    scene = generate(tmp_path / "scene", seed=8, seconds=8.0, cameras=1)
    film = scene.cameras[0].video
    task = _analysed(tools, film, frame_skip=1)
    output = _select(tools, task, WANTED)
    assert output is not None
    pictures, proposals = _pictures(tools), _proposals(tools)
    assert output == {
        "frames": list(pictures), "count": WANTED, "wanted": WANTED,
        "held_out": int(held_out_frames(sha256_of(film), proposals.frames).sum()),
    }  # fmt: skip
    assert output["held_out"] == 2
    assert (proposals.video_sha256, proposals.model) == (sha256_of(film), "pet_hotel@1")
    assert proposals.labels.classes == ("person", "cat", "dog")
    assert list(pictures) == [f"labels-{frame:06d}.jpg" for frame in proposals.frames]
    assert [each.name for each in proposals.labels.pictures] == list(pictures)
    assert all(frame % 2 == 0 for frame in proposals.frames)
    truth, hits, boxes = read_mot(scene.cameras[0].truth), 0, 0
    for frame, each in zip(proposals.frames, proposals.labels.pictures, strict=True):
        assert each.size == pictures[each.name].shape[1::-1]
        here = truth.ltwh[truth.frame == frame + 1]
        for box in each.boxes:
            assert box.score is not None
            assert box.score >= 0.4
            near = np.abs(np.concatenate([here[:, :2], here[:, :2] + here[:, 2:]], 1) - box.xyxy)
            boxes, hits = boxes + 1, hits + bool((near.max(axis=1) < 15).any())
    assert boxes >= WANTED
    assert hits >= 0.8 * boxes


def test_a_picture_is_the_frame_that_its_name_says_and_again_the_same(
    tools: Tools, tmp_path: Path
) -> None:
    task = _analysed(tools, make_video(tmp_path / "a.mp4", frames=60, options={"crf": "8"}))
    _select(tools, task, 5)
    first = {file.name: file.read_bytes() for file in tools.paths.chosen("labels").iterdir()}
    for name, image in _pictures(tools).items():
        shown = picture(int(name[-10:-4]))
        assert np.abs(image[..., ::-1].astype(int) - shown).mean() < 5
    before = tools.paths.proposals("labels").read_bytes()
    _select(tools, task, 5)
    assert {f.name: f.read_bytes() for f in tools.paths.chosen("labels").iterdir()} == first
    assert tools.paths.proposals("labels").read_bytes() == before
    _select(tools, task, 2)
    assert len(_pictures(tools)) == len(_proposals(tools).frames) == 2


def test_a_video_in_which_nothing_moves_gives_one_picture(tools: Tools, tmp_path: Path) -> None:
    with Film(tmp_path / "still.mp4", width=96, height=64, fps=10) as film:
        for _ in range(40):
            film.add(picture(0))
    output = _select(tools, _analysed(tools, tmp_path / "still.mp4"), WANTED)
    assert output is not None
    assert (output["count"], output["wanted"]) == (1, WANTED)


def test_what_the_analysis_left_out_is_proposed_all_the_same(tools: Tools, tmp_path: Path) -> None:
    scene = generate(tmp_path / "scene", seed=8, seconds=2.0, cameras=1)
    task = _analysed(tools, scene.cameras[0].video, classes=("person",))
    _select(tools, task, 3)
    found = {box.class_id for each in _proposals(tools).labels.pictures for box in each.boxes}
    assert found - {0}


def test_nothing_half_done_is_left_and_nothing_stays_after_an_erasure(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = _analysed(tools, make_video(tmp_path / "a.mp4", frames=60))

    def fails(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("workers.labeling_manager.select_frames.jpeg", fails)
        _select(tools, task, 3)
    assert list(tools.paths.labels("labels").iterdir()) == []
    _select(tools, task, 3)
    erase_files(tools.storage, "labels", ())
    assert not tools.paths.labels("labels").exists()


def test_a_model_that_is_gone_is_named(tools: Tools, tmp_path: Path) -> None:
    _analysed(tools, make_video(tmp_path / "a.mp4", frames=10))
    gone = Task("labels", "", LabelingOptions(AnalysisOptions(model="gone@1"), 3), "source")
    with pytest.raises(InvalidInputError) as refusal:
        select_frames(tools, gone)
    assert refusal.value.code == "unknown_model"


@pytest.mark.slow
def test_of_a_cat_that_sits_still_few_pictures_are_made(tools: Tools, test_data: Path) -> None:
    task = _analysed(tools, test_data / "video" / "cat.mp4")
    _select(tools, task, 12)
    frames = _proposals(tools).frames
    assert len(frames) == 12
    assert sum(frame < 110 for frame in frames) >= 6  # while it jumps and turns
    assert sum(frame > 150 for frame in frames) <= 2  # of the last third, while it sits
