"""What the process itself says of its end."""

import signal
import subprocess
import sys

import pytest

_CUT_SHORT = """
import signal
from cli import main

def app():
    try:
        signal.raise_signal(signal.{name})
    except BaseException:
        raise ImportError("cut short") from None

main.app = app
main.main()
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_that_an_import_turns_into_an_error_of_its_own_still_counts(
    name: str, code: int
) -> None:
    assert signal.Signals[name] + 128 == code
    ended = subprocess.run(
        [sys.executable, "-c", _CUT_SHORT.format(name=name)], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (code, b"")
