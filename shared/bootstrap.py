"""The one composition root: settings become the tools that steps reach for."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2

from shared.inference.adapters import open_runtime
from shared.inference.models import Model, model_store
from shared.inference.port import Runtime
from shared.labeling.adapters import open_labeling
from shared.pipeline.tools import Tools
from shared.progress.port import Progress
from shared.settings import Settings
from shared.storage.adapters import open_storage
from shared.storage.paths import Paths

log = logging.getLogger(__name__)


@contextmanager
def bootstrap(settings: Settings, progress: Progress) -> Iterator[Tools]:
    """Tools for as long as the block lasts; models that were loaded are freed at its end."""
    # Parallel work is arranged in one place, by inferences in flight (shared/inference).
    cv2.setNumThreads(1)
    paths = Paths(settings.storage_root)
    with ExitStack() as loaded:
        yield Tools(
            settings=settings,
            paths=paths,
            progress=progress,
            models=model_store(settings),
            storage=open_storage(settings),
            labeling=open_labeling(settings),
            open_runtime=_Runtimes(settings, loaded),
        )


class _Runtimes:
    """Loads each model once, also when several steps ask at the same moment."""

    def __init__(self, settings: Settings, loaded: ExitStack) -> None:
        self._settings, self._loaded = settings, loaded
        self._by_path: dict[Path, Runtime] = {}
        self._loading = threading.Lock()

    def __call__(self, model: Model) -> Runtime:
        with self._loading:
            return self._load(model)

    def _load(self, model: Model) -> Runtime:
        runtime = self._by_path.get(model.path)
        if runtime is None:
            url, threads = self._settings.inference_url, self._settings.threads
            runtime = self._loaded.enter_context(open_runtime(url, model, threads))
            self._by_path[model.path] = runtime
            log.info("loaded %s: %s", model.manifest.label, runtime.provenance)
        return runtime
