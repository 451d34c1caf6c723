"""What deploys Trackloop fits what Trackloop is: services, settings, secrets, queues, scripts."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.settings import REPOSITORY, Settings
from tests.support.deployment_files import (
    DEPLOY,
    INSTANCES,
    SCRIPTS,
    UNITS,
    compose,
    queues,
    role,
    targets,
    variables,
)
from tests.support.service import up
from tests.support.videos import make_video
from workers.kinds import KINDS, NEED_TORCH

SERVERS = {"postgres", "rabbitmq", "redis", "triton-server"}
OURS = {
    "api-gateway", "video-processor", "model-inference", "results", "labeling-manager",
    "notification", "beat", "flower", "model-trainer", "model-trainer-gpu", "model-deployer",
}  # fmt: skip


def _ran(*command: object, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command], env={**os.environ, **variables}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def test_every_room_is_a_service_with_limits_and_a_health_check() -> None:
    services = compose()["services"]
    assert set(services) == OURS | SERVERS | {"migrate"}
    healthy = {name for name, text in targets().items() if "HEALTHCHECK" in text}
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory"} <= set(limits), name
        built = service.get("build", {}).get("target")
        assert "healthcheck" in service or built in healthy, name


def test_our_containers_run_without_rights() -> None:
    for name in OURS | {"migrate"}:
        service = compose()["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert "\nUSER trackloop\n" in (REPOSITORY / "Dockerfile").read_text()


def test_every_queue_is_served_by_containers_and_by_units() -> None:
    commands = [service.get("command", []) for service in compose()["services"].values()]
    in_containers = set().union(*map(queues, commands))
    in_units = set().union(*(queues(role(file)) for file in INSTANCES))
    assert in_containers == in_units == set(KINDS)


def test_torch_is_where_it_is_needed_and_nowhere_else() -> None:
    with_torch = {name for name, text in targets().items() if "TRACKLOOP_TRAIN_PYTHON" in text}
    for name in OURS:
        service = compose()["services"][name]
        needs = bool(queues(service.get("command", [])) & set(NEED_TORCH))
        assert (service["build"]["target"] in with_torch) is needs, name
        assert ("profiles" in service) is needs, "nobody builds six gigabytes unasked"
    for file in INSTANCES:
        needs = bool(queues(role(file)) & set(NEED_TORCH))
        assert ("TRACKLOOP_TRAIN_PYTHON" in variables(file)) is needs, file.name


def test_only_what_asks_for_a_gpu_by_its_profile_gets_one() -> None:
    reserved = {
        name: service["profiles"]
        for name, service in compose()["services"].items()
        if "reservations" in service["deploy"]["resources"]
    }
    assert reserved == {"triton-server": ["gpu"], "model-trainer-gpu": ["training-gpu"]}
    assert compose()["services"]["model-deployer"]["profiles"] == ["training", "training-gpu"]


@pytest.mark.parametrize(
    ("runs", "needs"),
    [
        ("worker --queues video,deployment --concurrency 1", True),
        ("worker --concurrency 1 --queues=training", True),
        ("worker --queues video", False),
        ("up", False),
    ],
)
def test_the_installer_makes_an_environment_with_torch_for_whom_needs_it(
    runs: str, needs: bool, tmp_path: Path
) -> None:
    """The host's own word on an instance counts, here of one named as one of ours."""
    (tmp_path / "instances").mkdir()
    (tmp_path / "instances/model-trainer.env").write_text(f"# training\nROLE={runs}\n")
    text = (DEPLOY / "install.sh").read_text()
    function = text[text.index("\nneeds_torch() {") : text.index("\nmake_environment() {")]
    script = f'settings={tmp_path} source_root={REPOSITORY}\n{function}\nneeds_torch "$@"'

    def asked(name: str) -> bool:
        return _ran("bash", "-euc", script, "bash", "beat", name).returncode == 0

    assert asked("model-trainer") is needs
    assert asked("model-deployer")
    assert not asked("up")


def test_no_two_instances_answer_at_one_port() -> None:
    named = [re.findall(r"_PORT=(\d+)", f.read_text()) for f in INSTANCES if f.stem != "up"]
    ports = [port for each in named for port in each]
    assert len(ports) == len(set(ports)) == len(named)


def test_what_an_image_is_built_from_is_sent_along() -> None:
    sent = (REPOSITORY / ".dockerignore").read_text().split()
    copied = re.findall(r"^COPY (requirements\S*)", "\n".join(targets().values()), re.MULTILINE)
    assert {f"!{name}" for name in copied} <= set(sent)
    assert all((REPOSITORY / name).exists() for name in copied)


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {f"TRACKLOOP_{name.upper()}" for name in Settings.model_fields}
    named = (
        "docker-compose.yml", "Dockerfile", ".env.example", "docs/deployment.md",
        "deploy/compose.servers.yml", "deploy/systemd/trackloop.env",
    )  # fmt: skip
    for file in (*(REPOSITORY / name for name in named), *UNITS, *INSTANCES, *SCRIPTS):
        assert variables(file) <= known, file.name


def test_the_secrets_of_the_services_are_made_once(tmp_path: Path) -> None:
    assert _ran(DEPLOY / "make_secrets.sh", tmp_path / "secrets").returncode == 0
    made = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    wanted = compose()["secrets"]
    assert {f"./secrets/{name}" for name in made} == {secret["file"] for secret in wanted.values()}
    assert made["postgres_password"].strip() in made["trackloop_database_url"]
    assert made["redis_password"].split()[1] in made["trackloop_redis_url"]
    assert made["rabbitmq_user"].split()[-1] in made["trackloop_broker_url"]
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    again = _ran(DEPLOY / "make_secrets.sh", tmp_path / "secrets")
    assert (again.returncode, again.stdout) == (0, "")
    assert made == {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}


def test_secrets_reach_settings_by_their_name() -> None:
    known = {f"trackloop_{name}" for name in Settings.model_fields}
    ours = {name for name in compose()["secrets"] if name.startswith("trackloop_")}
    assert ours <= known


def test_whoever_asks_the_labelling_tool_at_its_start_has_the_token(tmp_path: Path) -> None:
    for name in OURS - {"flower"}:
        assert "trackloop_labeling_token" in compose()["services"][name]["secrets"], name
    _ran(DEPLOY / "make_secrets.sh", tmp_path)
    assert Settings(_secrets_dir=tmp_path).labeling_token is None, "none, until somebody writes it"


@pytest.mark.parametrize("files", [(), ("deploy/compose.servers.yml",)], ids=["alone", "servers"])
def test_compose_takes_the_file(files: tuple[str, ...]) -> None:
    _needs("docker")
    if _ran("docker", "compose", "version").returncode != 0:
        pytest.skip("docker has no compose plugin")
    names = [part for name in ("docker-compose.yml", *files) for part in ("-f", REPOSITORY / name)]
    checked = _ran(
        "docker", "compose", *names, "--profile", "*", "config", "--quiet",
        SERVERS_ADDRESS="10.0.0.1",
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_a_script_can_be_started_and_stops_at_its_first_fault(script: Path) -> None:
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "set -euo pipefail" in text or "#!/bin/sh\n" in text
    assert _ran("bash", "-n", script).returncode == 0
    if shutil.which("shellcheck") is not None:
        checked = _ran("shellcheck", script)
        assert checked.returncode == 0, checked.stdout


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    _needs("systemd-analyze")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/trackloop/.venv/bin/trackloop", sys.executable)
        (tmp_path / unit.name).write_text(text)
    checked = _ran("systemd-analyze", "verify", *(tmp_path / unit.name for unit in UNITS))
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout == ""


def test_the_installer_names_what_a_host_can_run() -> None:
    for arguments in ((), ("nonsense",)):
        ended = _ran(DEPLOY / "install.sh", *arguments)
        assert ended.returncode == 1
        assert all(file.stem in ended.stdout for file in INSTANCES)


def test_the_smoke_check_refuses_what_it_does_not_know() -> None:
    for arguments in (("--nonsense",), ("--instance",), ("--timeout", "soon")):
        ended = _ran(DEPLOY / "smoke_check.sh", *arguments)
        assert ended.returncode == 2
        assert arguments[0] in ended.stdout


@pytest.mark.slow
def test_the_smoke_check_tells_a_service_that_works_from_one_that_does_not(tmp_path: Path) -> None:
    _needs("curl")
    video = make_video(tmp_path / "a.mp4", frames=20, size=(320, 192))
    check = (DEPLOY / "smoke_check.sh", "--timeout", 5)
    with up(tmp_path / "storage") as service:
        known = {"TRACKLOOP_URL": service.url, "TRACKLOOP_API_KEY": service.key}
        port = {"PORT": service.url.rpartition(":")[2]}
        healthy = (sys.executable, DEPLOY / "healthy.py", "PORT", "/health")
        sound = _ran(*check, "--video", video, **known)
        assert sound.returncode == 0, sound.stdout
        assert "was analysed" in sound.stdout
        with service.client() as client:
            assert not list(client.tasks())
        stranger = _ran(*check, **{**known, "TRACKLOOP_API_KEY": "x" * 40})
        assert stranger.returncode == 1
        assert "TRACKLOOP_API_KEY does not open it" in stranger.stdout
        assert _ran(*healthy, **port).returncode == 0
        missing = _ran(*healthy[:-1], "/nowhere", **port)
        assert (missing.returncode, "404" in missing.stdout) == (1, True)
    gone = _ran(*check[:-1], 1, **known)
    assert gone.returncode == 1
    assert "/health" in gone.stdout
    assert _ran(*healthy, **port).returncode == 1
