"""Every setting, read from `TRACKLOOP_…` variables, with its meaning, unit and limits."""

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import Url
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.errors import InvalidInputError

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """A deployment. Unset variables give one process on this machine, without servers."""

    model_config = SettingsConfigDict(
        env_prefix="TRACKLOOP_", frozen=True, hide_input_in_errors=True
    )

    storage_url: str = Field(
        default_factory=lambda: Path("data_storage").absolute().as_uri(),
        description="Where videos, detections, results and models are kept.",
    )
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
    step_threads: int = Field(
        default=2, ge=1, le=64, description="Steps that run at once in one process."
    )
    migrations: Path = Field(
        default=REPOSITORY / "migrations", description="The history of the database's schema."
    )
    inference_url: str = Field(
        default="onnx://", description="What runs models: onnx:// (?provider=cuda), openvino://."
    )
    model_repository: Path = Field(
        default=REPOSITORY / "triton_models", description="The models that Trackloop ships."
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
        default=None, description="Where S3 sources lie; unset: AWS, in the region AWS_REGION."
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
    max_model_bytes: int = Field(default=2 * 2**30, gt=0, description="Largest model file.")

    @field_validator("storage_url")
    @classmethod
    def _only_files(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "file":
            raise ValueError(f"has an unknown scheme in {url!r}; known schemes: file")
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError(f"names no absolute path in {url!r}; write file:///folder")
        return url

    @field_validator("s3_endpoint", "url")
    @classmethod
    def _only_a_server(cls, text: str | None) -> str | None:
        try:
            url = Url(text or "https://default")
        except ValidationError as error:
            raise ValueError("is no URL") from error
        if url.scheme not in {"http", "https"} or url.username or url.password:
            raise ValueError("must read http(s)://host[:port], without credentials")
        return text

    @property
    def storage_root(self) -> Path:
        """The folder that `storage_url` names."""
        return Path(url2pathname(urlsplit(self.storage_url).path))


def _beside(storage_url: str) -> str:
    """SQLite's file in the storage's folder."""
    root = url2pathname(urlsplit(storage_url).path)
    return f"sqlite:///{Path(root) / 'trackloop.db'}"


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        InvalidInputError: `invalid_settings`, naming the variable and what is wrong with it.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TRACKLOOP_" + str(first["loc"][0]).upper()
        raise InvalidInputError("invalid_settings", f"{name}: {first['msg']}.") from error
    except SettingsError as error:
        name = next((f for f in Settings.model_fields if f'"{f}"' in str(error)), "a variable")
        raise InvalidInputError(
            "invalid_settings",
            f"TRACKLOOP_{name.upper()}: is not JSON where a list is needed; "
            'write ["/first", "/second"].',
        ) from error
