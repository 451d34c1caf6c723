"""What the routes stand on."""

from dataclasses import dataclass

from shared.db.database import Database
from shared.inference.models import ModelStore
from shared.progress.port import ProgressBoard
from shared.settings import Settings
from shared.storage.port import Storage


@dataclass(frozen=True, slots=True)
class Gateway:
    """Composed by the process around the gateway.

    Attributes:
        storage: where uploads go, and results come from.
        progress: where the workers report; the same object as theirs on `memory://`.
    """

    settings: Settings
    database: Database
    models: ModelStore
    storage: Storage
    progress: ProgressBoard
