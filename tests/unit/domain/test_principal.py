"""Owners' names are safe as names of folders."""

import pytest

from shared.domain.principal import valid_principal


@pytest.mark.parametrize("name", ["a", "ada", "0", "ada.lovelace@example.org", "a_b-c", "a" * 100])
def test_names(name: str) -> None:
    assert valid_principal(name)


@pytest.mark.parametrize(
    "name",
    ["", "Ada", ".a", "-a", "@a", "a b", "a/b", "a\\b", "a..b", "a" * 101, "ä", "a\0", "ada\n"],
)
def test_no_names(name: str) -> None:
    assert not valid_principal(name)
