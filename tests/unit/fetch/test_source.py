"""What a source string is, and how much of it is shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import sampled_from, text
from pydantic_core import Url

from shared.errors import InvalidInputError
from shared.fetch.http_download import host_header
from shared.fetch.shown import base_name, shown
from shared.fetch.source import HttpSource, LocalSource, S3Source, parse_source


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("a.mp4", "a.mp4"), ("/videos/a b.mp4", "/videos/a b.mp4"), ("../a.mp4", "../a.mp4"),
        ("cam:1.mp4", "cam:1.mp4"), ("file:///v/a%20b.mp4", "/v/a b.mp4"),
        ("FILE://localhost/v/a.mp4", "/v/a.mp4"), ("file:/v/a.mp4", "/v/a.mp4"),
    ],
)  # fmt: skip
def test_files(source: str, path: str) -> None:
    assert parse_source(source) == LocalSource(Path(path))


@pytest.mark.parametrize(
    ("source", "bucket", "key"),
    [
        ("s3://films/a.mp4", "films", "a.mp4"),
        ("S3://my.films-1/x/a b#1?é%20@.mp4", "my.films-1", "x/a b#1?é%20@.mp4"),
    ],
)
def test_objects(source: str, bucket: str, key: str) -> None:
    assert parse_source(source) == S3Source(bucket, key)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("http://Example.com", "http://example.com/"),
        ("https://bücher.example:8443/ä?x=1", "https://xn--bcher-kva.example:8443/%C3%A4?x=1"),
        (" http://0x7f.1/a ", "http://127.0.0.1/a"),
        ("http://１２７.1/", "http://127.0.0.1/"),
        ("http://[2606:4700:0:0::1]:80/", "http://[2606:4700::1]/"),
    ],
)
def test_urls_are_read_as_browsers_read_them(source: str, url: str) -> None:
    parsed = parse_source(source)
    assert isinstance(parsed, HttpSource)
    assert str(parsed.url) == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://host/x", "host"), ("https://host:443", "host"), ("http://host:443", "host:443"),
        ("http://[2606:4700::1]", "[2606:4700::1]"), ("http://[::1]:8", "[::1]:8"),
    ],
)  # fmt: skip
def test_the_host_header_is_the_one_that_signatures_count(url: str, host: str) -> None:
    assert host_header(Url(url)) == host


def test_an_unknown_scheme_is_told_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="file, http, https, s3") as refused:
        parse_source("ftp://host/a.mp4")
    assert refused.value.code == "unknown_scheme"


@pytest.mark.parametrize(
    ("source", "name", "last"),
    [
        ("/videos/a b?#@.mp4", "/videos/a b?#@.mp4", "a b?#@.mp4"),
        ("https://host/x/a%20b.mp4?sig=hush#t", "https://host/x/a%20b.mp4", "a%20b.mp4"),
        ("https://me:hush@host:444/@x/a.mp4", "https://host:444/@x/a.mp4", "a.mp4"),
        ("https://host:443", "https://host/", "host"),
        ("http://me:hu#sh@host/a.mp4", "http:…", "http:…"),
        ("http:me:hush@host:99999/a", "http:…", "http:…"),
        ("ftp://me:hush@host/a.mp4", "ftp:…", "ftp:…"),
        ("ftp://host/a.mp4", "ftp://host/a.mp4", "a.mp4"),
        ("s3://films/x/a#1@b.mp4?hush", "s3://films/x/a#1@b.mp4", "a#1@b.mp4"),
        ("s3://me:hush@films/a.mp4", "s3:…", "s3:…"),
        ("a\nb\x1b.mp4", "a�b�.mp4", "a�b�.mp4"),
        ("https://host/" + "a" * 500, "https://host/" + "a" * 187 + "…", "a" * 187 + "…"),
    ],
)
def test_what_is_shown_of_a_source(source: str, name: str, last: str) -> None:
    assert shown(source) == name
    assert base_name(source) == last


_ANYTHING = text("abc:/@?#%\\[]. \t\n", max_size=12)


@given(sampled_from(["http", "HTTPS", "s3", "file", "ftp"]), _ANYTHING, _ANYTHING)
def test_no_password_is_ever_shown(scheme: str, more: str, rest: str) -> None:
    source = f"{scheme}://user:hush{more}@host{rest}?token=hush"
    if "/" not in more and "\\" not in more and "?" not in more and "#" not in more:
        assert "hush" not in shown(source)
    try:
        parse_source(source)
    except InvalidInputError as error:
        assert "token" not in error.message
        assert error.message.isprintable()
