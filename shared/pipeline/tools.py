"""What every step may reach for."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.inference.models import Model, ModelStore
from shared.inference.port import Runtime
from shared.labeling.port import LabelingTool
from shared.progress.port import Progress
from shared.settings import Settings
from shared.storage.paths import Paths
from shared.storage.port import Storage


@dataclass(frozen=True, slots=True)
class Tools:
    """Composed once by `shared.bootstrap`; no step opens a connection of its own.

    Attributes:
        paths: the only files that a step sees.
        storage: where files are kept; steps leave it to the worker.
        labeling: where people label; connects when it is asked something.
    """

    settings: Settings
    paths: Paths
    progress: Progress
    models: ModelStore
    storage: Storage
    labeling: LabelingTool
    open_runtime: Callable[[Model], Runtime]
