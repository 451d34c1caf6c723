"""Which Trackloop this is."""

import tomllib

from shared.settings import REPOSITORY


def trackloop_version() -> str:
    """The version that pyproject.toml states; Trackloop always runs from its own tree."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])
