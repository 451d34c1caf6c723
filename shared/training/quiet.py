"""Keeps ultralytics to itself: no network, and nothing installed while it runs."""

import os
import shutil
from collections.abc import MutableMapping
from pathlib import Path

_FONTS = ("Arial.ttf", "Arial.Unicode.ttf")
"""It would fetch them: the second for names of classes beyond ASCII."""


def quiet_variables(folder: Path) -> dict[str, str]:
    """Variables that must be set before ultralytics is imported.

    Args:
        folder: for its settings.
    """
    return {
        "YOLO_OFFLINE": "1",
        "YOLO_AUTOINSTALL": "0",
        "ULTRALYTICS_SKIP_REQUIREMENTS_CHECKS": "1",
        "YOLO_CONFIG_DIR": str(folder),
        "MPLCONFIGDIR": str(folder),
    }


def quiet_environment(folder: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Keep ultralytics offline and silent; call before anything imports it."""
    environment.update(quiet_variables(folder))
    import matplotlib

    fonts = folder / "Ultralytics"
    fonts.mkdir(parents=True, exist_ok=True)
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    for name in _FONTS:
        shutil.copy(font, fonts / name)
