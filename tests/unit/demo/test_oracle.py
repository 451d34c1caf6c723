"""Who labels the scene says what its truth says."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from demo.camera import HEIGHT, WIDTH
from demo.oracle import label_folder
from demo.scene import CameraFiles
from demo.subjects import CLASSES
from shared.labels.yolo import read_yolo

ROWS = (
    "1,4,10,20,30,40,1,2,0.900",
    "1,5,50,60,20,10,0,1,0.100",  # hidden too much to count
    "3,4,12,20,30,40,1,2,1.000",
)


@pytest.fixture
def camera(tmp_path: Path) -> CameraFiles:
    truth = tmp_path / "gt.txt"
    truth.write_text("".join(f"{row}\n" for row in ROWS))
    return CameraFiles("cam0", tmp_path / "cam0.mp4", truth)


def test_boxes_that_count_are_written_with_class_and_visit(
    camera: CameraFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "task"
    (folder / "images").mkdir(parents=True)
    for frame in range(3):
        file = folder / "images" / f"task-{frame:06d}.jpg"
        cv2.imwrite(str(file), np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    label_folder(folder, camera)
    assert read_yolo(folder).classes == CLASSES
    first, second, third = read_yolo(folder).pictures
    assert [(box.class_id, box.track_id) for box in first.boxes] == [(1, 4)]
    assert first.boxes[0].xyxy == pytest.approx((10, 20, 40, 60), abs=1e-3)
    assert second.boxes == ()
    assert third.boxes[0].xyxy == pytest.approx((12, 20, 42, 60), abs=1e-3)
