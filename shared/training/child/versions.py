"""What trains here: importing it is the check that it can."""

import platform

import torch
import ultralytics

from shared.version import trackloop_version


def versions() -> dict[str, str]:
    """Versions, and the device that would be used."""
    return {
        "trackloop": trackloop_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "ultralytics": str(ultralytics.__version__),
        "device": device_name(),
    }


def device() -> str:
    """`cuda` where torch has one, else `cpu`."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """The same for people."""
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else "cpu"
