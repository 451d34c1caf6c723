"""The server's own client, and what its errors mean here."""

import grpc
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from shared.errors import ModelError, TransientError

ANSWER_ERRORS: tuple[type[Exception], ...] = (InferenceServerException,)
"""What a call to the server raises."""
_LARGEST_MESSAGE = 2**31 - 1
_LONGEST_RECONNECT_MS = 1000
_AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED", "ABORTED")


def connect(server: str) -> InferenceServerClient:
    """A client of `host:port`; it connects with its first call, and anew after each loss."""
    return InferenceServerClient(
        server,
        channel_args=[
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            # Its own limit is two minutes, long after the server is back.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", _LONGEST_RECONNECT_MS),
            # No proxy of the environment stands before a server of the deployment.
            ("grpc.enable_http_proxy", 0),
        ],
    )


def status(error: Exception) -> str:
    """The gRPC status of an error, such as `NOT_FOUND`."""
    found = error.status() if isinstance(error, InferenceServerException) else None
    return str(found or grpc.StatusCode.UNKNOWN).removeprefix("StatusCode.")


def words(error: Exception) -> str:
    """The first line of what the server said, short enough for a sentence."""
    said = error.message() if isinstance(error, InferenceServerException) else str(error)
    lines = (said or type(error).__name__).strip().splitlines()
    return (lines or [type(error).__name__])[0][:200].rstrip(".")


def is_away(error: Exception) -> bool:
    """Nobody answers, or not in time."""
    return status(error) in _AWAY


def is_forgotten(error: Exception) -> bool:
    """The server does not know a model or a memory that it knew: it was started anew."""
    said = words(error).lower()
    return status(error) == "NOT_FOUND" or any(
        known in said
        for known in ("unknown model", "shared memory region", "no available versions",
                      "is not ready", "is not found")
    )  # fmt: skip


def failed_for_now(server: str, error: Exception) -> TransientError:
    """The server does not infer, whatever it says of its readiness."""
    return TransientError(
        "triton_unavailable",
        f"TRACKLOOP_INFERENCE_URL: Triton at {server} does not infer ({status(error)}: "
        f"{words(error)}); start it again, or correct the URL.",
    )


def inference_fault(server: str, label: str, error: Exception) -> TransientError | ModelError:
    """What a failed inference means: the model's own fault, or one of the moment."""
    # ONNX Runtime ran and refused; else a server whose back end died says INTERNAL as well.
    own = status(error) == "INVALID_ARGUMENT" or "onnx runtime error" in words(error).lower()
    if own and not is_forgotten(error):
        return ModelError(
            "inference_failed",
            f"Model {label} failed ({words(error)}); check the manifest's input against the "
            "model file.",
        )
    return failed_for_now(server, error)
