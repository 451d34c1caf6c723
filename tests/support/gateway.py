"""The real gateway over a real database and storage, without workers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from api_gateway.gateway import Gateway
from api_gateway.main import create_app
from shared.db.database import Database
from shared.inference.models import model_store
from shared.progress.port import ProgressBoard
from shared.settings import Settings
from shared.storage.adapters import open_storage
from shared.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class Service:
    """A client for each kind of caller; `anonymous` has no key."""

    gateway: Gateway
    anonymous: TestClient

    @property
    def paths(self) -> Paths:
        """Where the storage's files lie."""
        return Paths(self.gateway.settings.storage_root)

    def key(self, principal: str, *scopes: str) -> str:
        """A new key."""
        with self.gateway.database.begin() as unit:
            return unit.api_keys.create(principal, scopes, datetime.now(UTC))

    def client(self, principal: str = "ada", *scopes: str) -> TestClient:
        """Somebody with a key; without scopes named: reading and writing."""
        key = self.key(principal, *(scopes or ("read", "write")))
        return TestClient(
            self.anonymous.app, headers={"x-api-key": key}, raise_server_exceptions=False
        )


def service(database: Database, board: ProgressBoard, root: Path, **settings: Any) -> Service:
    """A gateway whose storage is `root`."""
    read = Settings(storage_url=root.as_uri(), **settings)
    gateway = Gateway(read, database, model_store(read), open_storage(read), board)
    return Service(gateway, TestClient(create_app(gateway), raise_server_exceptions=False))
