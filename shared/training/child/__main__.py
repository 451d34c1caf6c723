"""`python -m shared.training.child FOLDER/job.json PARENT` (or `--check`): see `process.py`.

What is imported before the first word is of the standard library: an interpreter that lacks the
rest is told from one that failed.
"""

import json
import os
import sys

CHECK = "--check"


def main() -> int:
    """Run the job that the first argument names; the second is our parent's process id."""
    told = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print goes to the log
    try:
        if sys.argv[1:] == [CHECK]:
            from shared.training.child.versions import versions

            told.write(json.dumps(versions()).encode() + b"\n")
            return 0
        from shared.training.child.run import run
    except ImportError as error:
        if sys.argv[1:] == [CHECK]:
            sys.stderr.write(f"{error}\n")
            return 1
        told.write(json.dumps({"error": _lacking(error)}).encode() + b"\n")
        return 0
    run(sys.argv[1], int(sys.argv[2]), told)
    return 0


def _lacking(error: ImportError) -> dict[str, str]:
    return {
        "kind": "permanent",
        "code": "no_training_environment",
        "message": f"{sys.executable} cannot train ({error}); run `make .venv/.train` and set "
        "TRACKLOOP_TRAIN_PYTHON to the interpreter with the extra `train`.",
    }


if __name__ == "__main__":
    sys.exit(main())
