"""How Label Studio knows us: by a legacy token, or by a personal access token.

The latter is a JWT that opens nothing itself: it is changed for one that lives five minutes
(https://labelstud.io/guide/access_tokens).
"""

from collections.abc import Generator

import httpx

_PARTS_OF_A_JWT = 3


class LegacyToken(httpx.Auth):
    """Goes along with every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See httpx."""
        request.headers["Authorization"] = f"Token {self._token}"
        yield request


class PersonalToken(httpx.Auth):
    """Fetches a short-lived one when it needs one."""

    requires_response_body = True

    def __init__(self, token: str, refresh_url: str) -> None:
        self._token, self._refresh_url = token, refresh_url
        self._access: str | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See httpx. What is refused is asked for once more with a fresh one.

        Where none is to be had, the answer that says so is the answer.
        """
        if self._access is None and not self._take((yield self._refresh())):
            return
        request.headers["Authorization"] = f"Bearer {self._access}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED and self._take((yield self._refresh())):
            request.headers["Authorization"] = f"Bearer {self._access}"
            yield request

    def _refresh(self) -> httpx.Request:
        return httpx.Request("POST", self._refresh_url, json={"refresh": self._token})

    def _take(self, response: httpx.Response) -> bool:
        if not response.is_success:
            return False
        try:
            self._access = str(response.json()["access"])
        except (ValueError, KeyError, TypeError):
            return False
        return self._access.isascii()


def auth_of(token: str, url: str) -> httpx.Auth:
    """What fits the kind of token."""
    if token.count(".") == _PARTS_OF_A_JWT - 1:
        return PersonalToken(token, f"{url}/api/token/refresh/")
    return LegacyToken(token)
