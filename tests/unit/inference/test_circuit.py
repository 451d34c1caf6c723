"""How long a server that is away is waited for, and when it is asked again."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shared.errors import ModelError, TransientError
from shared.inference.circuit import Circuit

PATIENCE, COOLDOWN = 10.0, 5.0


@dataclass
class Server:
    """Answers from a moment on; sleeping is all that takes time.

    Attributes:
        back_at: seconds.
    """

    back_at: float = 0.0
    now: float = 0.0
    asked: int = 0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def infer(self) -> str:
        self.asked += 1
        if self.now < self.back_at:
            raise TransientError("triton_unavailable", "Triton is away.")
        return "boxes"


def _circuit(server: Server) -> Circuit:
    return Circuit(PATIENCE, COOLDOWN, clock=server.clock, sleep=server.sleep)


def test_a_server_that_comes_back_in_time_is_waited_for() -> None:
    server = Server(back_at=8.0)
    assert _circuit(server).call(server.infer) == "boxes"
    assert 8.0 <= server.now < 8.0 + 1.0, "asked at least once a second"
    assert server.asked > 5


def test_one_that_does_not_is_given_up_and_then_asked_no_more() -> None:
    server = Server(back_at=1000.0)
    circuit = _circuit(server)
    with pytest.raises(TransientError, match="away"):
        circuit.call(server.infer)
    assert PATIENCE - 1 <= server.now <= PATIENCE
    asked, now = server.asked, server.now
    for _ in range(3):
        with pytest.raises(TransientError, match="away") as failed:
            circuit.call(server.infer)
        assert failed.value.code == "triton_unavailable"
    assert (server.asked, server.now) == (asked, now)


def _open(circuit: Circuit, server: Server) -> None:
    with pytest.raises(TransientError):
        circuit.call(server.infer)


def test_after_a_while_one_call_tries_and_its_failure_counts_for_all() -> None:
    server = Server(back_at=1000.0)
    circuit = _circuit(server)
    _open(circuit, server)
    server.now += COOLDOWN
    asked, now = server.asked, server.now
    _open(circuit, server)
    assert (server.asked, server.now) == (asked + 1, now), "once, without patience"
    _open(circuit, server)
    assert server.asked == asked + 1


def test_while_one_call_tries_the_others_do_not() -> None:
    server = Server(back_at=1000.0)
    circuit = _circuit(server)
    _open(circuit, server)
    server.now += COOLDOWN
    server.back_at = 0.0

    def meanwhile() -> str:
        _open(circuit, server)
        return server.infer()

    asked = server.asked
    assert circuit.call(meanwhile) == "boxes"
    assert server.asked == asked + 1


def test_an_answer_closes_it_for_all() -> None:
    server = Server(back_at=11.0)
    circuit = _circuit(server)
    _open(circuit, server)
    server.now += COOLDOWN
    assert circuit.call(server.infer) == "boxes"
    assert circuit.call(server.infer) == "boxes"
    server.back_at = server.now + 8.0
    assert circuit.call(server.infer) == "boxes", "patient again"


@pytest.mark.parametrize("error", [ModelError("inference_failed", "no"), ValueError("no")])
def test_what_no_waiting_mends_is_raised_at_once(error: Exception) -> None:
    server = Server()
    circuit = _circuit(server)

    def fails() -> None:
        raise error

    failing: Callable[[], None] = fails
    for _ in range(2):
        with pytest.raises(type(error)):
            circuit.call(failing)
    assert server.now == 0
