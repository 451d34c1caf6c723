"""Training reaches for no network, whatever a library tries."""

import sys
from typing import Any

REFUSED = "refused to reach the network"
_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_ADDRESSES = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


def refuse_network() -> None:
    """Refuse connections and look-ups of names for the rest of this process.

    Local sockets stay: readers of pictures hand tensors over by them.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event in _NAMES:
        target = args[0]
    elif event in _ADDRESSES and isinstance(args[1], tuple):  # a local socket's is a path
        target = args[1]
    else:
        return
    sys.stderr.write(f"{REFUSED}: {event} {target!r}\n")
    raise PermissionError(f"{REFUSED}: {target!r}")
