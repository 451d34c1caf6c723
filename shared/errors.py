"""The error tree. The class says what may be done about it, the code says what happened.

A message is one sentence that names the field or file, the fault and the remedy. A code is
stable: programs match on it, and it appears in results, exit messages and HTTP answers.
"""


class TrackloopError(Exception):
    """Anything Trackloop refuses or fails at, with a stable `code`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PermanentError(TrackloopError):
    """Trying again cannot help: the input or the settings must change."""


class TransientError(TrackloopError):
    """Trying again later may help: a full disk, a busy service."""


class InvalidInputError(PermanentError):
    """An option or a request field is wrong; the message names it."""


class NotFoundError(PermanentError):
    """There is no such thing, or it belongs to somebody else."""


class ConflictError(PermanentError):
    """The thing is in a state that does not allow this."""


class NotAuthenticatedError(PermanentError):
    """Nobody knows who asks."""


class NotPermittedError(PermanentError):
    """Whoever asks may not do this."""


class TooLargeError(PermanentError):
    """More bytes than this deployment takes."""


class MediaError(PermanentError):
    """The file is not a video that can be analysed."""


class ModelError(PermanentError):
    """A model file or its manifest cannot be used."""
