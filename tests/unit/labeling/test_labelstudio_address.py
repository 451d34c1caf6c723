"""Where a Label Studio is: read once, and refused before anything is sent there."""

from pathlib import Path

import pytest

from shared.errors import InvalidInputError
from shared.labeling.adapters import open_labeling
from shared.labeling.labelstudio_address import read_address
from shared.settings import Settings


def _settings(url: str, token: str | None = "t" * 40) -> Settings:
    return Settings(labeling_url=url, labeling_token=token)  # type: ignore[arg-type]


def test_an_address_has_a_side_for_people_and_perhaps_a_folder() -> None:
    plain = read_address(_settings("labelstudio+http://studio:8080/"))
    assert (plain.url, plain.public, plain.media) == (*["http://studio:8080"] * 2, None)
    full = read_address(
        _settings("labelstudio+https://studio/label?public=https://x.org/l/&media=/srv/media")
    )
    assert (full.url, full.path) == ("https://studio/label", "/label")
    assert (full.public, full.media) == ("https://x.org/l", Path("/srv/media"))


def test_a_token_is_never_shown() -> None:
    settings = _settings("labelstudio+http://studio:8080", "hush-hush")
    assert "hush-hush" not in f"{open_labeling(settings)!r} {settings!r}"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("labelstudio+http://", "bad_labeling_url"),
        ("labelstudio+http://ada:secret@studio", "bad_labeling_url"),
        ("labelstudio+http://studio:many", "bad_labeling_url"),
        ("labelstudio+http://studio?token=secret", "bad_labeling_url"),
        ("labelstudio+http://studio?media=here", "bad_labeling_url"),
        ("labelstudio+ftp://studio", "unknown_labeling"),
        ("cvat://studio", "unknown_labeling"),
        ("folder://somewhere/else", "bad_labeling_url"),
        ("folder:///somewhere?else=1", "bad_labeling_url"),
    ],
)
def test_a_wrong_address_is_named(url: str, code: str) -> None:
    with pytest.raises(InvalidInputError, match="TRACKLOOP_LABELING_URL") as refused:
        open_labeling(_settings(url))
    assert refused.value.code == code
    assert "secret" not in refused.value.message


def test_an_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"folder, labelstudio\+http, labelstudio\+https"):
        open_labeling(_settings("cvat://studio"))


def test_a_missing_token_is_named() -> None:
    with pytest.raises(InvalidInputError, match="TRACKLOOP_LABELING_TOKEN") as refused:
        open_labeling(_settings("labelstudio+http://studio", None))
    assert refused.value.code == "labeling_token_missing"
