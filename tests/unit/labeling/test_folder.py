"""A folder that people write in: links and rubbish are named, and nothing leads out of it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain.label import Labels
from shared.errors import InvalidInputError, PermanentError
from shared.labeling import folder_layout
from shared.labeling.folder import FolderTool, open_folder
from shared.labeling.port import LabelRequest
from shared.labeling.removal import remove_labels
from shared.labels.formats import FORMATS
from shared.settings import Settings
from tests.support.labelling_people import CLASSES, a_request

FIRST, SECOND = "frames/000000.jpg", "frames/000001.jpg"


@pytest.fixture
def tool(tmp_path: Path) -> FolderTool:
    return FolderTool(tmp_path / "labeling")


@pytest.fixture
def asked(tmp_path: Path) -> LabelRequest:
    return a_request(tmp_path / "given", "task-1")


def _folder(tool: FolderTool, asked: LabelRequest) -> Path:
    return tool.root / tool.request(asked)


def _collect(tool: FolderTool, asked: LabelRequest) -> Labels:
    tool.confirm("task-1")
    return tool.collect("task-1", asked)


def test_any_tool_that_knows_yolo_can_open_it(tool: FolderTool, asked: LabelRequest) -> None:
    folder = _folder(tool, asked)
    labels = FORMATS["yolo"].read(folder)
    assert labels.classes == CLASSES
    assert [box.track_id for box in labels.pictures[0].boxes] == [7, 8]
    assert (folder / "classes.txt").read_text() == "cat\ndog\n"
    assert (folder / "labels" / "frames" / "000002.txt").read_text() == ""
    readme = (folder / "README.txt").read_text()
    assert "trackloop labels confirm task-1" in readme
    assert "{" not in readme
    assert not (folder / "images" / FIRST).samefile(asked.folder / FIRST)
    assert folder.stat().st_mode & 0o055 == 0o055


def test_the_default_lies_beside_the_storage(tmp_path: Path) -> None:
    settings = Settings(storage_url=(tmp_path / "s").as_uri())
    assert open_folder(settings).root == tmp_path / "s" / "labeling"
    elsewhere = settings.model_copy(update={"labeling_url": "folder:///a/my%20labels"})
    assert open_folder(elsewhere).root == Path("/a/my labels")


def test_confirming_says_that_people_are_done(tool: FolderTool, asked: LabelRequest) -> None:
    handle = tool.request(asked)
    tool.confirm(handle)
    assert tool.progress(handle).complete
    tool.confirm(handle)
    with pytest.raises(PermanentError) as gone:
        tool.confirm("task-2")
    assert gone.value.code == "labels_gone"
    assert not (tool.root / "task-2").exists()


def test_a_failed_layout_leaves_nothing(
    tool: FolderTool, asked: LabelRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(folder_layout, "copy_file", fails)
    with pytest.raises(OSError, match="no"):
        tool.request(asked)
    assert not list(tool.root.iterdir())


def test_of_two_layouts_the_first_one_stays(
    tool: FolderTool, asked: LabelRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folder_layout._become

    def late(partial: Path, target: Path) -> None:
        target.mkdir()
        (target / "work").write_text("of people")
        real(partial, target)

    monkeypatch.setattr(folder_layout, "_become", late)
    folder = _folder(tool, asked)
    assert [file.name for file in folder.iterdir()] == ["work"]
    assert [file.name for file in tool.root.iterdir()] == ["task-1"]


def test_what_a_killed_process_left_is_removed_with_the_task(
    tool: FolderTool, asked: LabelRequest
) -> None:
    for name in (".part-task-1.abc", ".part-task-12.abc"):
        (tool.root / name / "images").mkdir(parents=True)
    assert tool.find("task-1") == ["task-1"], "though no folder was finished"
    assert tool.find("task-2") == []
    assert tool.find("../labeling") == []
    tool.request(asked)
    remove_labels(tool, "task-1", None)
    assert [file.name for file in tool.root.iterdir()] == [".part-task-12.abc"]


def _link_picture(folder: Path) -> None:
    (folder / "images" / "new.jpg").symlink_to("/etc/passwd")


def _link_labels(folder: Path) -> None:
    (folder / "labels" / "frames" / "000000.txt").unlink()
    (folder / "labels" / "frames" / "000000.txt").symlink_to("/etc/passwd")


def _link_folder(folder: Path) -> None:
    (folder / "images" / "more").symlink_to("/etc")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "labels" / "frames" / "pipe.txt")


def _text(place: str, text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / place).write_text(text)

    return write


LABELS, TRACKS = "labels/frames/000000.txt", "tracks/frames/000000.txt"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_link_picture, "images/new.jpg: is no plain file"),
        (_link_labels, f"{LABELS}: is no plain file"),
        (_link_folder, "images/more: is no plain file"),
        (_pipe, "labels/frames/pipe.txt: is no plain file"),
        (_text(f"images/{FIRST}", "film"), "000000.jpg: is no picture"),
        (_text(LABELS, "0 .5 .5 .5 .5\n\ncat and dog\n"), "000000.txt, line 2: "),
        (_text(LABELS, "0 .5 .5 .5 nan\n"), "000000.txt, line 1: "),
        (_text(TRACKS, "9\n"), "1 ids for 2 boxes"),
        (_text(TRACKS, "7\nlucky\n"), "'lucky' is not a number"),
        (_text("data.yaml", "names: 3"), "names no classes"),
    ],
)
def test_what_cannot_be_read_is_named(
    tool: FolderTool, asked: LabelRequest, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(_folder(tool, asked))
    with pytest.raises(InvalidInputError) as refused:
        _collect(tool, asked)
    assert refused.value.code == "bad_labels"
    assert words in refused.value.message
    assert "root:" not in refused.value.message


def test_a_link_in_place_of_the_folder_is_nothing(tool: FolderTool, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    tool.root.mkdir()
    (tool.root / "task-1").symlink_to(tmp_path / "other")
    with pytest.raises(PermanentError):
        tool.confirm("task-1")
    tool.remove("task-1")
    assert list(tool.root.iterdir()) == []
    assert list((tmp_path / "other").iterdir()) == []


def test_ids_of_tracks_that_somebody_wrote_count(tool: FolderTool, asked: LabelRequest) -> None:
    folder = _folder(tool, asked)
    _text(TRACKS, "8\n-\n")(folder)
    first, second, _ = _collect(tool, asked).pictures
    assert [box.track_id for box in first.boxes] == [8, None]
    assert [box.track_id for box in second.boxes] == [7, 8]


def test_classes_in_another_order_are_the_same_classes(
    tool: FolderTool, asked: LabelRequest
) -> None:
    folder = _folder(tool, asked)
    _text("data.yaml", "names: {0: dog, 1: cat}")(folder)
    _text(LABELS, "0 .5 .5 .5 .5\n1 .2 .2 .1 .1\n7 .5 .5 .1 .1\n")(folder)
    labels = _collect(tool, asked)
    assert [box.class_id for box in labels.pictures[0].boxes] == [1, 0]
    assert labels.left_out == {"boxes of class 7, which has no name": 1}


def test_a_picture_whose_text_file_was_deleted_shows_nothing(
    tool: FolderTool, asked: LabelRequest
) -> None:
    folder = _folder(tool, asked)
    (folder / LABELS).unlink()
    assert _collect(tool, asked).pictures[0].boxes == ()


def test_a_file_that_cannot_be_copied_is_named(tool: FolderTool, asked: LabelRequest) -> None:
    (asked.folder / SECOND).unlink()
    with pytest.raises(InvalidInputError, match=SECOND) as refused:
        tool.request(asked)
    assert refused.value.code == "no_such_file"
    assert not tool.root.exists()


def test_two_pictures_never_share_a_text_file(tool: FolderTool, asked: LabelRequest) -> None:
    (asked.folder / "frames/000000.png").write_bytes((asked.folder / FIRST).read_bytes())
    twin = replace(asked.pictures[0], name="frames/000000.png")
    with pytest.raises(InvalidInputError, match="differ in their suffix"):
        tool.request(replace(asked, pictures=(*asked.pictures, twin)))
    assert not list(tool.root.iterdir())
