"""Every setting, read from `TRACKLOOP_…` variables, with its meaning, unit and limits.

A file `trackloop_…` in the folder of secrets fills a variable that is not set.
"""

import os
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlsplit
from urllib.request import url2pathname

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import Url
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.errors import InvalidInputError

REPOSITORY = Path(__file__).resolve().parent.parent
_STORAGES = ("file", "s3")
_CONTAINER_SECRETS = Path("/run/secrets")


def _secrets_dir() -> Path | None:
    given = os.environ.get("TRACKLOOP_SECRETS_DIR")
    if given:
        return Path(given)
    return _CONTAINER_SECRETS if _CONTAINER_SECRETS.is_dir() else None


class Settings(BaseSettings):
    """A deployment. Unset variables give one process on this machine, without servers."""

    model_config = SettingsConfigDict(
        env_prefix="TRACKLOOP_", frozen=True, hide_input_in_errors=True
    )

    secrets_dir: Path | None = Field(
        default_factory=_secrets_dir,
        description="Folder of files such as trackloop_database_url; unset: /run/secrets, if any.",
    )
    storage_url: str = Field(
        default_factory=lambda: Path("data_storage").absolute().as_uri(),
        description="Where videos, detections, results and models are kept: file:///folder or "
        "s3://bucket/prefix (?endpoint=https://…, ?region=…).",
    )
    cache_folder: Path = Field(
        default_factory=lambda: Path("data_cache").absolute(),
        description="What this host fetched and works on, unless the storage is a folder.",
    )
    cache_bytes: int = Field(
        default=50 * 2**30, gt=0,
        description="Most bytes that are kept of what was fetched; running steps may need more.",
    )  # fmt: skip
    database_url: str = Field(
        default_factory=lambda known: _beside(known.get("storage_url", "")),
        description="Tasks, steps, outbox: sqlite:///… (a file) or postgresql+psycopg://….",
    )
    broker_url: str = Field(
        default="memory://", description="What carries messages: memory:// or amqp://…."
    )
    redis_url: str = Field(
        default="memory://", description="Progress of running steps: memory:// or redis://…."
    )
    host: str = Field(default="127.0.0.1", description="Address that the service listens on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port of the service; 0 takes a free one."
    )
    api_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Key of the principal `local`; unset: `trackloop up` makes one.",
    )
    url: str | None = Field(
        default=None,
        description="Where commands find the service; unset: the one of this storage.",
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may read answers (JSON list)."
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of /live, /health, /metrics of workers and beat."
    )
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port of them; unset: nobody asks."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How gateway, workers and beat log: text, or JSON for machines."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that they log."
    )
    stall_seconds: float = Field(
        default=900.0,
        gt=0,
        description="A worker's process whose step makes no progress for so long is ended.",
    )
    flower_host: str = Field(default="127.0.0.1", description="Address of the workers' page.")
    flower_port: int = Field(default=5555, ge=1, le=65535, description="Port of the workers' page.")
    flower_user: str = Field(default="trackloop", description="Who may see the workers' page.")
    flower_password: SecretStr | None = Field(
        default=None, min_length=12, description="Password of the workers' page; it needs one."
    )
    flower_broker_api: SecretStr | None = Field(
        default=None,
        description="http://user:password@host:15672/api/ of RabbitMQ, to show queues there too.",
    )
    notify_urls: dict[str, SecretStr] = Field(
        default={},
        description='Channels that people read, {"name": URL} (JSON): slack+https://…, '
        "webhook+https://…?secret=whsec_…, mailto://… and what else apprise serves.",
    )
    labeling_url: str = Field(
        default="folder://",
        description="Where people label: folder:// (beside the storage), folder:///path, or "
        "labelstudio+http(s)://host:port (?public=https://… of people, ?media=/folder of its own).",
    )
    labeling_token: SecretStr | None = Field(
        default=None, description="Token of Label Studio: a legacy or a personal access token."
    )
    labeling_poll_seconds: float = Field(
        default=15.0, gt=0, description="How often the labelling tool is asked how far people are."
    )
    labeling_webhook_url: str | None = Field(
        default=None,
        description="Where Label Studio reaches the gateway, to tell at once that a picture is "
        "labelled; unset: it is asked every few seconds.",
    )
    step_threads: int = Field(
        default=2, ge=1, le=64, description="Steps that run at once in one process."
    )
    migrations: Path = Field(
        default=REPOSITORY / "migrations", description="The history of the database's schema."
    )
    inference_url: str = Field(
        default="onnx://",
        description="What runs models: onnx:// (?provider=cuda), openvino://, or "
        "triton+grpc://host:8001?repository=/folder (?device=gpu).",
    )
    model_repository: Path = Field(
        default=REPOSITORY / "triton_models", description="The models that Trackloop ships."
    )
    train_python: Path | None = Field(
        default=None,
        description="Interpreter that has the extra `train`; unset: the one that runs Trackloop.",
    )
    allowed_folders: tuple[Path, ...] = Field(
        default=(), description="Local videos must lie in one of these (JSON list); empty: any."
    )
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Networks off the public internet that downloads may reach (JSON list).",
    )
    allowed_buckets: tuple[str, ...] = Field(
        default=(),
        description="Buckets that s3:// sources may name (JSON list), read as this deployment.",
    )
    s3_endpoint: str | None = Field(
        default=None, description="Where S3 lies; unset: AWS, in the region AWS_REGION."
    )
    download_timeout_seconds: float = Field(
        default=4 * 3600.0, gt=0, description="Wall clock that the download of a video may take."
    )
    download_stall_seconds: float = Field(
        default=30.0, gt=0, description="Longest silence of a server during a download."
    )
    threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256,
        description="Inferences in flight at once, one thread each.",
    )  # fmt: skip
    chunk_seconds: float = Field(
        default=60.0, gt=0, description="Length of a detection chunk, up to the next keyframe."
    )
    max_pixels: int = Field(
        default=8192 * 8192, ge=64, description="Largest frame, width times height."
    )
    max_video_seconds: float = Field(
        default=24 * 3600.0, gt=0, description="Longest video, by its decoded timestamps."
    )
    max_video_bytes: int = Field(default=64 * 2**30, gt=0, description="Largest video file.")
    probe_timeout_seconds: float = Field(
        default=4 * 3600.0, gt=0, description="Wall clock that one decoding of a video may take."
    )
    probe_memory_bytes: int = Field(
        default=4 * 2**30, gt=0, description="Address space of the process that decodes first."
    )
    gate_margin: float = Field(
        default=0.01, ge=0, le=1,
        description="By how much mAP50-95 a new model must be better, to go live.",
    )  # fmt: skip
    gate_floor: float = Field(
        default=0.3, ge=0, le=1,
        description="mAP50-95 that a new model must reach where it cannot be compared.",
    )  # fmt: skip
    keep_versions: int = Field(
        default=10, ge=1, le=10_000,
        description="Deployed versions of a model that are kept, beside those that are in use.",
    )  # fmt: skip
    max_model_bytes: int = Field(default=2 * 2**30, gt=0, description="Largest model file.")

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in _STORAGES:
            known = ", ".join(_STORAGES)
            raise ValueError(f"has an unknown scheme in {url!r}; known schemes: {known}")
        if parts.scheme == "s3":
            _check_bucket(parts.netloc, parts.query)
        elif parts.netloc or not parts.path.startswith("/"):
            raise ValueError(f"names no absolute path in {url!r}; write file:///folder")
        return url

    @field_validator("notify_urls")
    @classmethod
    def _plain_names(cls, urls: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name in urls:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,49}", name):
                raise ValueError(
                    f"the name {name!r} needs lower-case letters, digits, _ and - (50 at most)"
                )
        return urls

    @field_validator("labeling_token")
    @classmethod
    def _none_in_an_empty_file(cls, token: SecretStr | None) -> SecretStr | None:
        return token if token is not None and token.get_secret_value().strip() else None

    @field_validator("s3_endpoint", "url", "labeling_webhook_url")
    @classmethod
    def _only_a_server(cls, text: str | None) -> str | None:
        _check_server(text or "https://default")
        return text

    @property
    def storage_root(self) -> Path:
        """The folder that `storage_url` names; where it names none, the one of this host."""
        parts = urlsplit(self.storage_url)
        return Path(url2pathname(parts.path)) if parts.scheme == "file" else self.cache_folder


def _beside(storage_url: str) -> str:
    """SQLite's file in the storage's folder; never in a cache."""
    parts = urlsplit(storage_url)
    is_folder = parts.scheme == "file"
    root = Path(url2pathname(parts.path)) if is_folder else Path("data_storage").absolute()
    return f"sqlite:///{root / 'trackloop.db'}"


def _check_bucket(bucket: str, query: str) -> None:
    given = dict(parse_qsl(query))
    if not bucket or "@" in bucket or given.keys() - {"endpoint", "region"}:
        raise ValueError("must read s3://bucket/prefix, with ?endpoint= and ?region= at most")
    _check_server(given.get("endpoint", "https://default"))


def _check_server(text: str) -> None:
    try:
        url = Url(text)
    except ValidationError as error:
        raise ValueError("is no URL") from error
    if url.scheme not in {"http", "https"} or url.username or url.password:
        raise ValueError("must read http(s)://host[:port], without credentials")


def load_settings() -> Settings:
    """Read the environment, then the files of `secrets_dir`; the environment wins.

    Raises:
        InvalidInputError: `invalid_settings`, naming the variable and what is wrong with it.
    """
    secrets = _secrets_dir()
    if secrets is not None and not secrets.is_dir():
        raise InvalidInputError(
            "invalid_settings",
            f"TRACKLOOP_SECRETS_DIR: {secrets} is no folder; name the one of the secret files.",
        )
    try:
        return Settings(_secrets_dir=secrets)
    except ValidationError as error:
        first = error.errors()[0]
        name = "TRACKLOOP_" + str(first["loc"][0]).upper()
        raise InvalidInputError("invalid_settings", f"{name}: {first['msg']}.") from error
    except SettingsError as error:
        name = next((f for f in Settings.model_fields if f'"{f}"' in str(error)), "a variable")
        raise InvalidInputError(
            "invalid_settings",
            f"TRACKLOOP_{name.upper()}: is not JSON where a list or an object is needed; "
            'write ["/first", "/second"], or {"name": "url"}.',
        ) from error
