"""One call at a time to one model on Triton, through shared memory where that is shared."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput

from shared.errors import InvalidInputError
from shared.inference.port import Output
from shared.inference.shared_region import SharedRegion
from shared.inference.triton_address import TritonAddress
from shared.inference.triton_client import ANSWER_ERRORS, is_away, words
from shared.inference.triton_config import VERSION, Served

log = logging.getLogger(__name__)

_TYPES = {"uint8": "UINT8", "float32": "FP32"}
_ALIGNED = 64
_FLOAT_BYTES = 4


class Slot:
    """Pictures out, boxes back; not for several threads.

    The picture lies in the region from its start, the answer behind it, where its size is known
    beforehand.
    """

    def __init__(
        self, client: InferenceServerClient, address: TritonAddress, served: Served, pixels: str
    ) -> None:
        self._client, self._address, self._served = client, address, served
        self._pixels = pixels
        self._wants_memory = address.shared_memory != "off"
        self._region: SharedRegion | None = None
        self._left: list[str] = []
        """Names of regions that are used no more, and that the server may still have."""

    def infer(self, pictures: NDArray[Any]) -> Output:
        """The first output of one call.

        Raises:
            ANSWER_ERRORS: what the server says.
            InvalidInputError: `no_shared_memory`: the URL demands it.
        """
        given = InferInput(self._pixels, list(pictures.shape), _TYPES[pictures.dtype.name])
        wanted = InferRequestedOutput(self._served.output)
        region = self._memory(_aligned(pictures.nbytes) + self._answer_bytes(len(pictures)))
        if region is None:
            given.set_data_from_numpy(pictures)
            return np.asarray(self._ask(given, wanted).as_numpy(self._served.output), np.float32)
        flat = np.frombuffer(region.memory, np.uint8, pictures.nbytes)
        flat[:] = pictures.reshape(-1).view(np.uint8)
        given.set_shared_memory(region.name, pictures.nbytes)
        size, start = self._answer_bytes(len(pictures)), _aligned(pictures.nbytes)
        if size:
            wanted.set_shared_memory(region.name, size, start)
        answer = self._ask(given, wanted)
        if not size:
            return np.asarray(answer.as_numpy(self._served.output), np.float32)
        shape = tuple(answer.get_output(self._served.output).shape)
        count = int(np.prod(shape))
        # A copy: the next call writes to the same memory.
        return np.frombuffer(region.memory, np.float32, count, start).reshape(shape).copy()

    def forget_region(self) -> None:
        """Nothing is written to it any more; the next call gives the server another one."""
        region, self._region = self._region, None
        if region is not None:
            self._left.append(region.name)

    def close(self) -> None:
        """The server lets go of the memory; what it keeps goes with the server.

        Raises:
            ANSWER_ERRORS: it does not answer.
        """
        self.forget_region()
        self._let_go()

    def _let_go(self) -> None:
        """Of what is left; the server refuses while a call that was given up still runs on it."""
        for name in tuple(self._left):
            try:
                self._client.unregister_system_shared_memory(
                    name, client_timeout=self._address.timeout
                )
            except ANSWER_ERRORS as error:
                if is_away(error):
                    raise
                log.info("%s keeps %s: %s", self._address.server, name, words(error))
            else:
                self._left.remove(name)

    def _ask(self, given: InferInput, wanted: InferRequestedOutput) -> Any:
        try:
            return self._client.infer(
                self._served.name, [given], VERSION, [wanted], client_timeout=self._address.timeout
            )
        except ANSWER_ERRORS as error:
            if is_away(error):
                # It may run yet: then it would read the next picture, and write over its answer.
                self.forget_region()
            raise

    def _answer_bytes(self, pictures: int) -> int:
        shape = self._served.output_shape
        if shape is None:
            return 0
        each = int(np.prod(shape)) * _FLOAT_BYTES
        return each * pictures if self._served.batched else each

    def _memory(self, size: int) -> SharedRegion | None:
        """A region of that size that the server has; None where it is not to be shared."""
        if self._region is not None and self._region.size >= size:
            return self._region
        if not self._wants_memory:
            return None
        self.forget_region()
        self._let_go()
        try:
            self._region = self._registered(size)
        except OSError as error:
            self._without(error.strerror or str(error), error)
        return self._region

    def _registered(self, size: int) -> SharedRegion | None:
        region = SharedRegion(size)
        try:
            self._client.register_system_shared_memory(
                region.name, region.key, size, client_timeout=self._address.timeout
            )
        except ANSWER_ERRORS as error:
            if is_away(error):
                self._left.append(region.name)  # it may have it all the same
                raise
            self._without(words(error), error)
            return None
        finally:
            region.forget_name()
        return region

    def _without(self, why: str, error: Exception) -> None:
        """The server is elsewhere, or may not open it: pictures go through the connection."""
        if self._address.shared_memory == "on":
            raise InvalidInputError(
                "no_shared_memory",
                f"TRACKLOOP_INFERENCE_URL demands shared_memory=on, but it cannot be shared "
                f"({why}); run Triton on this host with the same /dev/shm, or leave it out.",
            ) from error
        self._wants_memory = False
        log.info("no memory is shared with %s: %s", self._address.server, why)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
