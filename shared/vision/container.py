"""Which demuxer may open a file: decided by its first bytes, never by its name.

A playlist named `.mp4` would otherwise make the demuxer open other files.
"""

import os
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from shared.errors import MediaError

_HEAD_BYTES = 256 * 1024
_MOV_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"styp")
_TS_PACKET, _TS_SYNC, _TS_RUN = 188, 0x47, 5


def sniff(path: Path) -> str:
    """The name of the one demuxer that fits the file's magic bytes.

    Raises:
        MediaError: `empty_file` or `not_a_video`.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise MediaError("empty_file", f"{path.name} is empty; upload the video again.")
    demuxer = _by_signature(head)
    if demuxer is None:
        raise MediaError(
            "not_a_video",
            f"{path.name} does not begin like a video container; "
            "give an mp4, mov, mkv, webm, avi, ts, mpg, flv, wmv or ogv file.",
        )
    return demuxer


def _by_signature(head: bytes) -> str | None:
    if head[4:8] in _MOV_BOXES:
        return "mov"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    signatures = {
        b"\x1a\x45\xdf\xa3": "matroska",
        b"FLV\x01": "flv",
        b"OggS": "ogg",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "asf",
        b"\x00\x00\x01\xba": "mpeg",
    }
    for magic, demuxer in signatures.items():
        if head.startswith(magic):
            return demuxer
    return "mpegts" if _has_transport_packets(head) else None


def _has_transport_packets(head: bytes) -> bool:
    """Five sync bytes at packet distance, anywhere in the head: streams start with junk."""
    start = head.find(_TS_SYNC)
    while 0 <= start <= len(head) - _TS_PACKET * (_TS_RUN - 1) - 1:
        if all(head[start + i * _TS_PACKET] == _TS_SYNC for i in range(_TS_RUN)):
            return True
        start = head.find(_TS_SYNC, start + 1)
    return False


def open_container(path: Path, demuxer: str) -> InputContainer:
    """Open a local file with this demuxer only, and no protocol but `file`.

    Raises:
        MediaError: `not_a_video`: the demuxer cannot read it.
    """
    options: dict[str, Any] = {"protocol_whitelist": "file"}
    try:
        return av.open(f"file:{os.fspath(path)}", format=demuxer, options=options)
    except av.error.FFmpegError as error:
        raise MediaError(
            "not_a_video", f"{path.name} cannot be read as {demuxer} ({error.strerror})."
        ) from error
