"""The scene on seeds used neither for training nor for tuning: what is reached may not be lost."""

from pathlib import Path
from statistics import mean

import pytest

from cli.analyse import analyse
from demo.scene import generate
from shared.domain.task import AnalysisOptions, TrackerName
from shared.tracking.metrics import Scores, score
from shared.tracking.mot_format import read_mot
from tests.support.toolbox import toolbox

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

UNSEEN_SEEDS = (1, 2, 3, 4, 5)


def _scores(folder: Path, seed: int, trackers: tuple[TrackerName, ...]) -> dict[str, list[Scores]]:
    """Scores of each tracker, a camera each; they all see the same detections."""
    scene = generate(folder / "scene", seed=seed)
    found: dict[str, list[Scores]] = {name: [] for name in trackers}
    with toolbox(folder / "storage") as tools:
        for camera in scene.cameras:
            for name in trackers:
                out = folder / name / camera.name
                # Plain SORT: what it says itself, nothing joined afterwards.
                options = AnalysisOptions(tracker=name, link=name != "sort", overlay=False)
                analyse(tools, camera.video, options, out)
                found[name].append(score(read_mot(camera.truth), read_mot(out / "mot.txt"), "all"))
    return found


def test_default_tracking_does_not_fall_behind_and_beats_plain_sort(tmp_path: Path) -> None:
    ours: list[Scores] = []
    plain: list[Scores] = []
    for seed in UNSEEN_SEEDS:
        found = _scores(tmp_path / str(seed), seed, ("botsort", "sort"))
        ours += found["botsort"]
        plain += found["sort"]
    hota, idf1 = mean(s.hota for s in ours), mean(s.idf1 for s in ours)
    sort_idf1 = mean(s.idf1 for s in plain)
    print(f"scene: HOTA {hota:.3f}, IDF1 {idf1:.3f}; SORT IDF1 {sort_idf1:.3f}")  # noqa: T201
    # On the machine of the README's figures IDF1 is 0.782; other processors round otherwise.
    assert hota >= 0.60
    assert idf1 >= 0.77
    assert idf1 >= sort_idf1 + 0.05
