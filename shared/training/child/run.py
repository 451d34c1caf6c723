"""One job, from its file to its last word."""

import traceback
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter

from shared.storage.files import full_disk_as_error
from shared.training.child.faults import told_as
from shared.training.child.own_weights import checked_bytes
from shared.training.child.parent import die_with_parent, heed_parent
from shared.training.child.refuse_network import refuse_network
from shared.training.child.telling import Telling
from shared.training.jobs import ExportJob, FitJob, Job
from shared.training.quiet import quiet_environment

_SETTINGS = "ultralytics"


def run(file: str, parent: int, told: BinaryIO) -> None:
    """Do it, and tell the result or what was in the way."""
    path, telling = Path(file), Telling(told)
    try:
        job: Job = TypeAdapter(Job).validate_json(path.read_bytes())
        refuse_network()
        quiet_environment(path.parent / _SETTINGS)
        with full_disk_as_error(path.parent):
            _do(job, parent, telling)
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent has to hear of it
        traceback.print_exc()
        telling.error(told_as(error))


def _do(job: Job, parent: int, telling: Telling) -> None:
    # Imported here: torch takes seconds, and some jobs are refused before it is needed.
    if job.weights is not None:
        checked_bytes(job.weights)
    if isinstance(job, FitJob):
        die_with_parent(parent)
        heed_parent()
        from shared.training.child.fit import fit

        telling.result(fit(job, telling))
    elif isinstance(job, ExportJob):
        die_with_parent(parent)
        heed_parent()
        from shared.training.child.export import export

        telling.result(export(job))
    else:
        # Only the end of its input ends it: the thread that started it may end before the others
        # that use it, and Linux would take that for the death of the parent.
        from shared.training.child.forward import forward

        forward(job, telling)
