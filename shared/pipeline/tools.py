"""What every step may reach for."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.inference.models import Model, ModelStore
from shared.inference.port import Runtime
from shared.progress.port import Progress
from shared.settings import Settings
from shared.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class Tools:
    """Composed once by `shared.bootstrap`; no step opens a connection of its own."""

    settings: Settings
    paths: Paths
    progress: Progress
    models: ModelStore
    open_runtime: Callable[[Model], Runtime]
