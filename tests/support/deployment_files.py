"""The files of a deployment, as data."""

import re
from pathlib import Path
from typing import Any

import yaml

from shared.settings import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
SCRIPTS = (*sorted(DEPLOY.glob("*.sh")), DEPLOY / "systemd/trackloop.sh")
UNITS = (DEPLOY / "systemd/trackloop@.service", DEPLOY / "systemd/trackloop.target")
INSTANCES = tuple(sorted((DEPLOY / "systemd/instances").glob("*.env")))


def compose() -> dict[str, Any]:
    """docker-compose.yml, with its anchors resolved and its variables as they stand."""
    read: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    return read


def targets() -> dict[str, str]:
    """What each target of the Dockerfile says, with what it says of those that it stands on."""
    found: dict[str, str] = {}
    for part in (REPOSITORY / "Dockerfile").read_text().split("\nFROM ")[1:]:
        stands_on, name = part.split("\n")[0].split(" AS ")
        found[name] = found.get(stands_on, "") + part
    return found


def queues(command: list[str]) -> set[str]:
    """Those that `worker --queues a,b` names."""
    if "--queues" not in command:
        return set()
    return set(command[command.index("--queues") + 1].split(","))


def role(instance: Path) -> list[str]:
    """What a unit of this name runs."""
    found = re.search(r"^ROLE=(.*)$", instance.read_text(), re.MULTILINE)
    assert found is not None, f"{instance.name} names no ROLE"
    return found.group(1).split()


def variables(file: Path) -> set[str]:
    """Every TRACKLOOP_… that the file names."""
    return set(re.findall(r"\bTRACKLOOP_[A-Z0-9_]*[A-Z0-9]\b", file.read_text()))
