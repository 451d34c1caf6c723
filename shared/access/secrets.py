"""Secrets that everybody knows are none."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from shared.errors import InvalidInputError
from shared.settings import Settings

PLACEHOLDER = "change-me"
"""What `.env.example` has in place of secrets."""

_WELL_KNOWN = {"admin", "guest", "password", "postgres", "rabbitmq", "redis", "trackloop"}


def check_secrets(settings: Settings) -> None:
    """Whether strangers could guess their way in.

    Raises:
        InvalidInputError: `default_secret`.
    """
    for name, secret, public in _secrets(settings):
        if PLACEHOLDER in secret or (public and secret.lower() in _WELL_KNOWN):
            raise InvalidInputError(
                "default_secret",
                f"{name}: the secret is one that everybody knows; "
                "set a random one of 32 letters and digits.",
            )


def _secrets(settings: Settings) -> Iterator[tuple[str, str, bool]]:
    """Name of the setting, the secret, and whether other machines than this one can try it."""
    if settings.api_key is not None:
        yield "TRACKLOOP_API_KEY", settings.api_key.get_secret_value(), not _near(settings.host)
    if settings.flower_password is not None:
        secret = settings.flower_password.get_secret_value()
        yield "TRACKLOOP_FLOWER_PASSWORD", secret, not _near(settings.flower_host)
    if settings.labeling_token is not None:
        # Label Studio makes it, so no other one than a placeholder is well known.
        yield "TRACKLOOP_LABELING_TOKEN", settings.labeling_token.get_secret_value(), False
    for name in ("database_url", "broker_url", "redis_url"):
        parts = urlsplit(getattr(settings, name))
        if parts.password is not None:
            host = parts.hostname or ""
            yield f"TRACKLOOP_{name.upper()}", unquote(parts.password), not _near(host)


def _near(host: str) -> bool:
    """Only this machine reaches it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"localhost", ""}
