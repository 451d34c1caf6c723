"""Exit 0 if this container's process answers 200: `healthy.py PORT_VARIABLE PATH`."""

import http.client
import os
import sys

_SECONDS = 8


def main(variable: str, path: str) -> str | None:
    """What is wrong, or None."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ[variable]), timeout=_SECONDS
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read(500).decode(errors="replace")
    except OSError as error:
        return f"no answer: {error}"
    finally:
        connection.close()
    return None if answer.status == http.client.OK else f"{answer.status}: {text}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
