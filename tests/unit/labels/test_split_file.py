"""`train_test_split.txt` comes back as it was written, and nothing else is taken for one."""

from pathlib import Path

import pytest

from shared.errors import InvalidInputError
from shared.labels.split_file import Split, read_split, write_split


def test_comes_back_sorted(tmp_path: Path) -> None:
    path = tmp_path / "train_test_split.txt"
    write_split(path, train=["b.jpg", "a.jpg"], test=["sub/c d.jpg"])
    assert path.read_text() == "test images/sub/c d.jpg\ntrain images/a.jpg\ntrain images/b.jpg\n"
    assert read_split(path) == Split(("a.jpg", "b.jpg"), ("sub/c d.jpg",))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("val images/a.jpg", "line 1: 'val images/a.jpg' is none of"),
        ("train a.jpg", "is none of"),
        ("test images/b.jpg\n\ntrain images/a.jpg", "not sorted"),
        ("train images/b.jpg\ntrain images/a.jpg", "not sorted"),
        ("test images/a.jpg\ntrain images/a.jpg", "line 2: the picture a.jpg is there twice"),
        ("train images/../../secret.jpg", "is no name of a picture"),
        ("train images//etc/passwd", "is no name of a picture"),
        ("train images/", "is no name of a picture"),
    ],
)
def test_a_bad_line_is_named(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "train_test_split.txt"
    path.write_text(text + "\n")
    with pytest.raises(InvalidInputError, match=fault) as refused:
        read_split(path)
    assert refused.value.code == "bad_labels"


def test_nothing_is_written_where_a_picture_is_in_both(tmp_path: Path) -> None:
    path = tmp_path / "train_test_split.txt"
    with pytest.raises(InvalidInputError, match="twice"):
        write_split(path, train=["a.jpg"], test=["a.jpg"])
    assert not path.exists()
