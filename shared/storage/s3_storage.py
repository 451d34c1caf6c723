"""A bucket as the storage: S3, or what speaks its language."""

import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
import orjson
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from shared.errors import InvalidInputError, TransientError
from shared.settings import REPOSITORY, Settings
from shared.storage.files import OnBytes, nobody, pieces
from shared.storage.port import Found, artefact_missing
from shared.storage.s3_client import Bucket, connect

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult

_RETRIES = 3
_PIECE_BYTES = 2**20
_PART_BYTES = 8 * 2**20
_MOST_PARTS = 9_000  # S3 takes 10,000
_PARTS_AT_ONCE = 4
_CHECK_KEY = ".trackloop-check"
_CHECK_SECONDS = 90.0


def open_s3_storage(settings: Settings) -> "S3Storage":
    """The bucket that `storage_url` names."""
    return S3Storage(Bucket.of(settings.storage_url, settings.s3_endpoint))


class S3Storage:
    """Keys are those of objects, under the prefix. An object appears whole or not at all."""

    folder = None

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    @cached_property
    def _store(self) -> S3Store:
        # Only now: the client's threads do not survive a fork.
        return connect(self._bucket, retries=_RETRIES)

    def check(self) -> None:
        """See `Storage.check`. In a process of its own, since this one may fork later."""
        try:
            asked = subprocess.run(
                [sys.executable, "-m", "shared.storage.s3_storage"], cwd=REPOSITORY, check=True,
                input=orjson.dumps(asdict(self._bucket)), capture_output=True,
                timeout=_CHECK_SECONDS,
            )  # fmt: skip
            code, message = orjson.loads(asked.stdout)
        except subprocess.TimeoutExpired:
            error = self._fault("storage_unreachable", "does not answer; try again later")
            code, message = error.code, error.message
        if code in {"bucket_missing", "storage_refused"}:
            raise InvalidInputError(code, message)
        if code:
            raise TransientError(code, message)

    def try_out(self) -> None:
        """Write, read and delete a small object.

        Raises:
            TransientError: as every method.
        """
        with self._faults():
            # Processes that start together must not delete each other's.
            store, key = connect(self._bucket, retries=1), f"{_CHECK_KEY}-{secrets.token_hex(8)}"
            obstore.put(store, key, b"")
            obstore.get(store, key).bytes()
            obstore.list_with_delimiter(store)
            obstore.delete(store, key)

    def find(self, key: str) -> Found | None:
        """See `Storage.find`."""
        with self._faults():
            try:
                head = obstore.head(self._store, key)
            except FileNotFoundError:
                return None
        return Found(key, head["size"], head["last_modified"])

    def list(self, prefix: str) -> Iterator[Found]:
        """See `Storage.list`."""
        with self._faults():
            for batch in obstore.list(self._store, prefix.rstrip("/")):
                for head in batch:
                    yield Found(head["path"], head["size"], head["last_modified"])

    def folders(self, prefix: str) -> Sequence[str]:
        """See `Storage.folders`."""
        with self._faults():
            found = obstore.list_with_delimiter(self._store, prefix.rstrip("/"))
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found["common_prefixes"])

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See `Storage.read`."""
        with self._faults():
            try:
                found = obstore.get(self._store, key, options=_part(start, stop))
            except FileNotFoundError:
                raise artefact_missing(key) from None
        return self._stream(found)

    def _stream(self, found: "GetResult") -> Iterator[bytes]:
        with self._faults():
            for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                yield bytes(piece)

    def send(self, file: Path, key: str, on_bytes: OnBytes = nobody) -> None:
        """See `Storage.send`."""
        size = file.stat().st_size
        with self._faults():
            if size <= _PART_BYTES:
                obstore.put(self._store, key, file.read_bytes())
                on_bytes(size)
                return
            obstore.put(
                self._store, key, pieces(file, on_bytes),
                chunk_size=max(_PART_BYTES, -(-size // _MOST_PARTS)),
                max_concurrency=_PARTS_AT_ONCE,
            )  # fmt: skip

    def create(self, file: Path, key: str) -> bool:
        """See `Storage.create`."""
        with self._faults():
            try:
                obstore.put(self._store, key, file.read_bytes(), mode="create")
            except AlreadyExistsError:
                return False
        return True

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        with self._faults():
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    def delete_under(self, prefix: str) -> None:
        """See `Storage.delete_under`."""
        if keys := [found.key for found in self.list(prefix)]:
            with self._faults():
                obstore.delete(self._store, keys)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """None of them is kept as a cause: they quote the request and the server's answer."""
        try:
            yield
        except FileNotFoundError:
            raise self._missing() from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise self._refused() from None
        except BaseError as error:
            # What goes wrong while listing has no class of its own.
            text = str(error)
            if "status code: 404" in text:
                raise self._missing() from None
            if "status code: 403" in text or "status code: 401" in text:
                raise self._refused() from None
            raise self._fault(
                "storage_unreachable",
                f"does not answer at {self._bucket.endpoint or 'AWS'} as it should; check the "
                "endpoint, the region and the credentials, or try again later",
            ) from None

    def _missing(self) -> TransientError:
        return self._fault("bucket_missing", "does not exist; create it or correct the name")

    def _refused(self) -> TransientError:
        return self._fault(
            "storage_refused",
            "refuses these credentials; grant them to read, write, list and delete there",
        )

    def _fault(self, code: str, fault: str) -> TransientError:
        return TransientError(
            code, f"TRACKLOOP_STORAGE_URL: the bucket {self._bucket.name} {fault}."
        )


def _part(start: int, stop: int | None) -> "GetOptions":
    if stop is not None:
        return {"range": (start, stop)}
    return {"range": {"offset": start}} if start else {}


def _main() -> None:
    code = message = ""
    try:
        S3Storage(Bucket(**orjson.loads(sys.stdin.buffer.read()))).try_out()
    except TransientError as error:
        code, message = error.code, error.message
    sys.stdout.buffer.write(orjson.dumps((code, message)))


if __name__ == "__main__":
    _main()
