"""From pictures that came as pictures to what people can label."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from demo.scene import generate
from shared.decoding_process import run_decoding
from shared.domain.task import AnalysisOptions, FrameOptions, LabelingOptions, Task
from shared.errors import TrackloopError
from shared.fetch import picture_folder
from shared.labels.held_out import held_out_frames, picture_held_out
from shared.labels.proposals import Proposals
from shared.pipeline.runner import run_pipeline
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from shared.storage.files import sha256_of
from tests.support.labelled_scene import labelled_scene
from tests.support.prepared import chain_until
from tests.support.toolbox import toolbox
from tests.support.videos import make_video
from workers.labeling_manager import redraw
from workers.labeling_manager.division import held_out
from workers.labeling_manager.redraw import RedrawRequest
from workers.labeling_manager.select_pictures import select_pictures
from workers.pipeline import PIPELINES

Asked = Task[LabelingOptions]
FOLDER = "areas/ada/visits/monday"
ASKED: Asked = Task(
    "labels", f"storage:{FOLDER}/", LabelingOptions(AnalysisOptions(), 10_000, "folder")
)


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "storage") as made:
        yield made


@pytest.fixture
def folder(tools: Tools) -> Path:
    """What the owner put into the area."""
    place = tools.paths.root / FOLDER
    place.mkdir(parents=True)
    return place


def _picture(seed: int, size: tuple[int, int] = (80, 60)) -> Image.Image:
    """Its own, and unlike any other."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST)


def _held(tools: Tools) -> dict[str, bool]:
    """Whether each picture is held out, by its path in the area."""
    proposed = _proposals(tools)
    paths = (origin.path for origin in proposed.origins)
    return dict(zip(paths, held_out(proposed).values(), strict=True))


def _select(tools: Tools, task: Asked = ASKED) -> dict[str, object]:
    output: Output = select_pictures(tools, task)
    assert output is not None
    return dict(output)


def _proposals(tools: Tools) -> Proposals:
    return read_document(tools.paths.proposals("labels"), Proposals)


def _code(tools: Tools, task: Asked = ASKED) -> tuple[str, str]:
    with pytest.raises(TrackloopError) as refused:
        select_pictures(tools, task)
    left = [file.name for file in tools.paths.labels("labels").glob("*")]
    assert left == [], "nothing half done is left"
    return refused.value.code, refused.value.message


def test_pictures_come_with_the_boxes_of_the_model(tools: Tools, folder: Path) -> None:
    truth = labelled_scene(folder, seed=5, pictures=8)
    output = _select(tools)
    assert (output["count"], output["there"]) == (8, 8)
    proposed = _proposals(tools)
    assert (proposed.video_sha256, proposed.model, proposed.frames) == (None, "pet_hotel@1", ())
    assert proposed.labels.classes == ("person", "cat", "dog")
    names = sorted(file.name for file in folder.iterdir())
    assert [origin.path for origin in proposed.origins] == [f"visits/monday/{n}" for n in names]
    assert [origin.sha256 for origin in proposed.origins] == [sha256_of(folder / n) for n in names]
    hits = boxes = 0
    for meant, found in zip(truth.pictures, proposed.labels.pictures, strict=True):
        assert found.size == meant.size
        with Image.open(tools.paths.chosen("labels") / found.name) as shown:
            assert (shown.size, shown.format) == (found.size, "JPEG")
        here = np.array([box.xyxy for box in meant.boxes]).reshape(-1, 4)
        for box in found.boxes:
            assert box.score is not None
            boxes += 1
            hits += bool((np.abs(here - box.xyxy).max(axis=1) < 15).any())
    assert boxes >= 8
    assert hits >= 0.8 * boxes


def test_no_byte_of_a_strangers_file_is_handed_on(tools: Tools, folder: Path) -> None:
    (folder / "deeper").mkdir()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"  # lies on its side; what it shows
    _picture(1).save(folder / "a.jpeg", exif=exif, quality=95, subsampling=0)
    _picture(2).convert("RGBA").save(folder / "b.PNG")
    _picture(3).convert("P").save(folder / "deeper" / "c.bmp")
    _picture(4).convert("L").save(folder / "d.webp")
    _select(tools)
    files = sorted(tools.paths.chosen("labels").iterdir())
    assert [file.name for file in files] == [f"labels-{n:06d}.jpg" for n in range(4)]
    assert _proposals(tools).labels.pictures[0].size == (60, 80)
    for file in files:
        assert b"at home" not in file.read_bytes()
        with Image.open(file) as shown:
            assert (shown.mode, len(shown.getexif())) == ("RGB", 0)
    with Image.open(files[0]) as shown:
        upright = np.asarray(_picture(1).rotate(-90, expand=True)).astype(int)
        assert np.abs(np.asarray(shown).astype(int) - upright).mean() < 6


def test_again_the_same_and_as_many_as_wanted(tools: Tools, folder: Path) -> None:
    for number in range(7):
        _picture(number).save(folder / f"{number}.png")
    _select(tools)
    first = {file.name: file.read_bytes() for file in tools.paths.chosen("labels").iterdir()}
    before = tools.paths.proposals("labels").read_bytes()
    _select(tools)
    assert {f.name: f.read_bytes() for f in tools.paths.chosen("labels").iterdir()} == first
    assert tools.paths.proposals("labels").read_bytes() == before
    output = _select(tools, replace(ASKED, options=replace(ASKED.options, num_frames=3)))
    assert (output["count"], output["there"]) == (3, 7)
    paths = [Path(origin.path).name for origin in _proposals(tools).origins]
    assert paths == ["1.png", "3.png", "5.png"]


def test_what_is_held_out_follows_from_the_picture_alone(tools: Tools, folder: Path) -> None:
    for number in range(30):
        _picture(number).save(folder / f"{number}.png")
    _select(tools)
    first = _held(tools)
    assert 0 < sum(first.values()) < 30
    for file in sorted(folder.iterdir())[::2]:
        file.unlink()
    _select(tools)
    again = _held(tools)
    assert len(again) == 15
    assert again.items() <= first.items()


def test_near_duplicates_are_labelled_and_never_on_both_sides(tools: Tools, folder: Path) -> None:
    held = next(n for n in range(99) if _is_held(_encoded(n, 95)))
    quality = next(q for q in range(90, 20, -1) if not _is_held(_encoded(held, q)))
    (folder / "held.jpg").write_bytes(_encoded(held, 95))
    (folder / "nearly.jpg").write_bytes(_encoded(held, quality))
    (folder / "same.jpg").write_bytes(_encoded(held, 95))
    other = next(n for n in range(99) if not _is_held(_encoded(n, 95)))
    (folder / "other.jpg").write_bytes(_encoded(other, 95))
    output = _select(tools)
    assert (output["count"], output["held_out"], output["set_aside"]) == (4, 2, 1)
    proposed = _proposals(tools)
    paths = {
        each.name: origin.path
        for each, origin in zip(proposed.labels.pictures, proposed.origins, strict=True)
    }
    assert [paths[name] for name in proposed.set_aside] == ["visits/monday/nearly.jpg"]
    assert {paths[name] for name, out in held_out(proposed).items() if out} == {
        "visits/monday/held.jpg", "visits/monday/same.jpg",
    }  # fmt: skip


def _encoded(seed: int, quality: int) -> bytes:
    file = io.BytesIO()
    _picture(seed).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _is_held(content: bytes) -> bool:
    return picture_held_out(hashlib.sha256(content).hexdigest())


def test_what_is_no_picture_is_named_with_its_fault(tools: Tools, folder: Path) -> None:
    _picture(0).save(folder / "0.png")
    whole = _encoded(1, 90)
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("#EXTM3U\n/etc/passwd\n")
    (folder / "page.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    code, message = _code(tools)
    assert code == "bad_picture"
    assert "3 of 4" in message
    for name in ("cut.jpg", "text.png", "page.jpg"):
        assert f"visits/monday/{name} is " in message
    assert "0.png" not in message


def test_a_picture_that_unfolds_is_refused_from_its_head(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", max_pixels=64 * 64) as tools:
        place = tools.paths.root / FOLDER
        place.mkdir(parents=True)
        Image.new("1", (30_000, 30_000)).save(place / "bomb.png")
        _picture(1, (65, 64)).save(place / "large.png")
        code, message = _code(tools)
        assert code == "bad_picture"
        assert "2 of 2" in message
        assert "65×64" in message


def test_a_picture_that_no_decoder_takes_is_named_all_the_same(tools: Tools, folder: Path) -> None:
    _picture(0).save(folder / "0.png")
    # EXIF data whose head promises eight bytes more than Pillow takes for it.
    _picture(1).save(folder / "exif.jpg", dpi=(72, 72), exif=b"Exif\0\0II+\0\b\0\0\0" + bytes(8))
    text = PngInfo()
    text.add_text("note", "x" * 2**21, zip=True)
    _picture(2).save(folder / "text.png", pnginfo=text)
    Image.new("L", (65_501, 1)).save(folder / "thread.png")
    code, message = _code(tools)
    assert code == "bad_picture"
    assert "3 of 4" in message
    for fault in ("exif.jpg is no picture", "text.png is no picture", "thread.png is 65501×1"):
        assert f"visits/monday/{fault}" in message


def test_of_what_is_no_single_picture_of_eight_bits_none_is_guessed(
    tools: Tools, folder: Path
) -> None:
    Image.fromarray(np.full((40, 40), 3000, np.uint16)).save(folder / "deep.png")
    _picture(1).save(folder / "film.webp", save_all=True, append_images=[_picture(2)])
    code, message = _code(tools)
    assert code == "bad_picture"
    assert "deep.png has more than 8 bits" in message
    assert "film.webp holds several pictures" in message


def test_a_folder_that_changed_since_it_was_asked_for_is_looked_at_anew(
    tools: Tools, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _code(tools)[0] == "no_such_folder"
    (folder / "notes.txt").write_text("x")
    assert _code(tools)[0] == "bad_folder"
    (folder / "notes.txt").unlink()
    (folder / "a.png").symlink_to("/etc/hostname")
    assert _code(tools)[0] == "bad_path"
    (folder / "a.png").unlink()
    for number in range(3):
        _picture(number).save(folder / f"{number}.png")
    monkeypatch.setattr(picture_folder, "MOST_PICTURES", 2)
    assert _code(tools)[0] == "bad_folder"


def test_a_decoder_that_dies_takes_nobody_with_it(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", probe_memory_bytes=2**20) as tools:
        place = tools.paths.root / FOLDER
        place.mkdir(parents=True)
        _picture(1).save(place / "a.png")
        assert _code(tools)[0] == "decoder_died"


def test_a_full_disk_is_no_fault_of_a_picture(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    _picture(1).save(tmp_path / "a.png")
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "1.jpg").symlink_to("/dev/full")
    request = RedrawRequest(
        ((tmp_path / "a.png", "a.png", "1.jpg"),), folder, tmp_path / "facts",
        tmp_path / "signatures", 10**6, 10**6, 2**32,
    )  # fmt: skip
    answer = run_decoding(redraw.__name__, request, tmp_path, "a.png", 60, lambda *_: None)
    assert answer["code"] == "disk_full"


def test_frames_that_a_task_extracted_keep_their_place_in_the_video(
    tools: Tools, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "a.mp4", frames=60)
    source = Task("source", str(film), FrameOptions(6))
    run_pipeline(PIPELINES["frames"], tools, source)
    extracted = sorted(int(file.stem) for file in tools.paths.frames("source").iterdir())
    options = LabelingOptions(AnalysisOptions(), 10, "extracted")
    asked: Asked = Task("labels", str(film), options, "source")
    output = _select(tools, asked)
    proposed = _proposals(tools)
    assert list(proposed.frames) == extracted
    assert proposed.video_sha256 == sha256_of(film)
    assert output["held_out"] == held_out_frames(sha256_of(film), extracted).sum()
    assert output["frames"] == [f"labels-{frame:06d}.jpg" for frame in extracted]
    _select(tools, replace(asked, options=replace(options, num_frames=3)))
    assert list(_proposals(tools).frames) == [extracted[1], extracted[3], extracted[5]]


def test_frames_that_the_analysis_skipped_have_boxes_as_well(tools: Tools, tmp_path: Path) -> None:
    film = generate(tmp_path / "scene", seed=8, seconds=2.0, cameras=1).cameras[0].video
    analysis = AnalysisOptions(frame_skip=30, num_frames=4)
    run_pipeline(chain_until("detect"), tools, Task("source", str(film), analysis))
    run_pipeline(PIPELINES["frames"][-1:], tools, Task("source", str(film), FrameOptions(4)))
    asked: Asked = Task("labels", "", LabelingOptions(analysis, 10, "extracted"), "source")
    _select(tools, asked)
    assert all(each.boxes for each in _proposals(tools).labels.pictures)
