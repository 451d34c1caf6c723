"""A multipart form with one file, written to the storage as it comes."""

import hashlib
from pathlib import PurePosixPath
from typing import BinaryIO

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from streaming_form_data import StreamingFormDataParser
from streaming_form_data.parser import ParseFailedException
from streaming_form_data.targets import BaseTarget, ValueTarget
from streaming_form_data.validators import MaxSizeValidator, ValidationError

from shared.errors import InvalidInputError, TooLargeError

_MAX_FIELD = 1 << 20
"""Bytes of a field that is no file."""


class FilePart(BaseTarget):  # type: ignore[misc]
    """The part named `file`: its bytes go to disk, its hash and size are known at the end."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        super().__init__()
        self._file, self._limit, self._hash = file, limit, hashlib.sha256()
        self.size, self.whole = 0, False

    def on_start(self) -> None:
        """Begin.

        Raises:
            InvalidInputError: `bad_form`, at a second file.
        """
        if self.size or self.whole:
            raise InvalidInputError("bad_form", "file: the form holds two files; send one.")

    def on_data_received(self, chunk: bytes) -> None:
        """Write on.

        Raises:
            TooLargeError: `too_many_bytes`.
        """
        self.size += len(chunk)
        if self.size > self._limit:
            raise too_large(self._limit)
        self._hash.update(chunk)
        self._file.write(chunk)

    def on_finish(self) -> None:
        """The part's end was seen: nothing of it is missing."""
        self.whole = True

    @property
    def sha256(self) -> str:
        """Of the whole file, hexadecimal."""
        return self._hash.hexdigest()

    @property
    def name(self) -> str:
        """The sender's name for it, without folders and control characters."""
        given = PurePosixPath((self.multipart_filename or "").replace("\\", "/")).name
        name = "".join(c for c in given if c.isprintable())[:200]
        return name if name.strip(".") else "video"


class UploadForm:
    """The fields of an upload: `file`, `options` (JSON) and `user_id`."""

    def __init__(self, request: Request, file: BinaryIO, limit: int) -> None:
        """`limit`: bytes of the file.

        Raises:
            InvalidInputError: `bad_form`, for what is no multipart form.
            TooLargeError: `too_many_bytes`, where the length that is announced says so already.
        """
        announced = request.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced) > limit + 3 * _MAX_FIELD:
            raise too_large(limit)
        self.file = FilePart(file, limit)
        self._options = ValueTarget(validator=MaxSizeValidator(_MAX_FIELD))
        self._user_id = ValueTarget(validator=MaxSizeValidator(_MAX_FIELD))
        self._request = request
        try:
            self._parser = StreamingFormDataParser(headers=request.headers)
        except ParseFailedException as error:
            raise _bad_form() from error
        self._parser.register("file", self.file)
        self._parser.register("options", self._options)
        self._parser.register("user_id", self._user_id)

    async def receive(self) -> None:
        """Read the request to its end.

        Raises:
            InvalidInputError: `bad_form`, `empty_file`, `upload_interrupted`.
            TooLargeError: `too_many_bytes`.
        """
        try:
            async for chunk in self._request.stream():
                await run_in_threadpool(self._parser.data_received, chunk)
        except ParseFailedException as error:
            raise _bad_form() from error
        except ClientDisconnect as error:
            raise InvalidInputError(
                "upload_interrupted", "file: the sender went away; send it again."
            ) from error
        except ValidationError as error:
            raise InvalidInputError(
                "bad_form", f"options, user_id: a field is longer than {_MAX_FIELD} bytes."
            ) from error
        if not self.file.whole:
            raise InvalidInputError(
                "bad_form", "file: the form holds no whole file; send the video in this field."
            )
        if self.file.size == 0:
            raise InvalidInputError("empty_file", f"file: {self.file.name} is empty; send a video.")

    @property
    def options(self) -> bytes:
        """JSON; an empty object where the field was left out."""
        return bytes(self._options.value) or b"{}"

    @property
    def user_id(self) -> str | None:
        """In whose name; None where the field was left out."""
        return self._user_id.value.decode(errors="replace") or None


def too_large(limit: int) -> TooLargeError:
    """The answer to a file above the limit."""
    return TooLargeError(
        "too_many_bytes",
        f"file: it is larger than {limit} bytes; cut the video or raise TRACKLOOP_MAX_VIDEO_BYTES.",
    )


def _bad_form() -> InvalidInputError:
    return InvalidInputError(
        "bad_form", "The body is no multipart form; send multipart/form-data with the field file."
    )
