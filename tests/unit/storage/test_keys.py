"""Where files of areas may be put."""

from pathlib import Path

import pytest

from shared.errors import InvalidInputError
from shared.storage.files import write_bytes
from shared.storage.keys import area_place, free_place, path_in_area
from shared.storage.paths import Paths


@pytest.mark.parametrize(
    "key",
    [
        "", "areas", "areas/ada", "areas/ada/", "areas//a.mp4", "/areas/ada/a.mp4",
        "videos/t/source", "trackloop.db", "areas/ada/../bob/a.mp4", "areas/../trackloop.db",
        "areas/Ada/a.mp4", "areas/ada/./a.mp4", "../areas/ada/a.mp4",
    ],
)  # fmt: skip
def test_what_is_no_key_of_an_area_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        area_place(Paths(tmp_path), key)
    assert refused.value.code in {"bad_path", "bad_principal"}


def test_a_file_may_be_put_where_none_is_or_an_older_one(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert free_place(paths, "areas/ada/x/y/a.mp4") == paths.area("ada") / "x" / "y" / "a.mp4"
    write_bytes(paths.area("ada") / "x" / "a.mp4", b"old")
    assert free_place(paths, "areas/ada/x/a.mp4").exists()
    assert path_in_area("areas/ada/x/a.mp4") == "x/a.mp4"


@pytest.mark.parametrize("path", ["x", "x/a.mp4/b.mp4", "x/a.mp4/b/c.mp4", "out/b.mp4"])
def test_folders_files_and_links_out_stand_in_the_way(tmp_path: Path, path: str) -> None:
    paths = Paths(tmp_path / "storage")
    write_bytes(paths.area("ada") / "x" / "a.mp4", b"old")
    (paths.area("ada") / "out").symlink_to(tmp_path)
    with pytest.raises(InvalidInputError) as refused:
        free_place(paths, f"areas/ada/{path}")
    assert refused.value.code == "bad_path"
    assert str(tmp_path) not in refused.value.message
