"""What goes wrong in the child reaches the parent under a stable code."""

import pytest

from shared.errors import PermanentError, TransientError
from shared.training.child.faults import told_as


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (MemoryError(), "permanent", "out_of_memory"),
        (RuntimeError("CUDA out of memory. Tried to get 20 MiB"), "permanent", "out_of_memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: "
                         "can't allocate memory: you tried to allocate 4096 bytes."),
            "permanent", "out_of_memory",
        ),
        (ImportError("No module named 'torch'"), "permanent", "no_training_environment"),
        (RuntimeError("size mismatch\nand more"), "permanent", "training_failed"),
        (PermanentError("nan_loss", "The loss became nan."), "permanent", "nan_loss"),
        (TransientError("disk_full", "The disk is full."), "transient", "disk_full"),
    ],
)  # fmt: skip
def test_errors_have_codes(error: Exception, kind: str, code: str) -> None:
    told = told_as(error)
    assert (told["kind"], told["code"]) == (kind, code)
    assert "\n" not in told["message"]
    assert told["message"].endswith(".")
