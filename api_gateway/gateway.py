"""What the routes stand on."""

from dataclasses import dataclass

from shared.db.database import Database
from shared.inference.models import ModelStore
from shared.progress.port import ProgressBoard
from shared.settings import Settings
from shared.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class Gateway:
    """Composed by the process around the gateway.

    Attributes:
        progress: where the workers report; the same object as theirs on `memory://`.
    """

    settings: Settings
    database: Database
    models: ModelStore
    paths: Paths
    progress: ProgressBoard
