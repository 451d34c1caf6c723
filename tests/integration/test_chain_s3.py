"""The real video chain over a bucket: the same results from any host, whatever its cache holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.db.migrate import prepare
from shared.db.tables import ArtefactRow
from shared.domain.step import StepRef, StepState
from shared.domain.task import AnalysisOptions, CopyOptions, Task, TaskState
from shared.events.envelope import new_id
from shared.inference.models import Model
from shared.inference.port import Runtime
from shared.pipeline.begin import begin_task
from shared.pipeline.leases import Message
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from shared.pipeline.worker import StepWorker
from shared.storage.blob_cache import BlobCache
from shared.storage.files import write_bytes
from shared.tasks.erase import erase_task
from shared.tasks.status import TaskStatus, task_status
from shared.tasks.submit import Submission, submit_task
from shared.tasks.tidy_cache import tidy_cache
from tests.support.databases import MIGRATIONS
from tests.support.s3_server import S3Server, aws_environment, s3_server
from tests.support.toolbox import distant_toolbox, toolbox
from tests.support.toy import FAST
from tests.support.videos import make_video
from workers.artefacts import results_folder
from workers.main import running_workers
from workers.pipeline import PIPELINES, VIDEO_CHAIN

pytestmark = pytest.mark.slow

SAME = ("results.csv", "results.json", "mot.txt", "mot_classes.json", "results.ipynb",
        "chunks/result_chunk_0.json")  # fmt: skip
OPTIONS = AnalysisOptions(num_frames=3)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(prepare(f"sqlite:///{tmp_path / 'trackloop.db'}", MIGRATIONS)) as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "video.mp4", frames=60, size=(320, 192))


@pytest.fixture
def expected(tmp_path: Path, video: Path) -> dict[str, bytes]:
    """What the plain loop gives on a folder."""
    with toolbox(tmp_path / "plain", chunk_seconds=2.0) as tools:
        task = Task("task", str(video), OPTIONS)
        run_pipeline(VIDEO_CHAIN, tools, task)
        folder = results_folder(tools, task)
        return {name: (folder / name).read_bytes() for name in SAME}


class Hosts:
    """Workers without a broker: what is ready is handed to one of them after the other."""

    def __init__(self, database: Database, hosts: list[Tools]) -> None:
        self.database, self.tools = database, hosts
        self.workers = [StepWorker(database, PIPELINES, tools, FAST) for tools in hosts]

    def submit(self, submission: Submission) -> str:
        with self.database.begin() as unit:
            task_id = submit_task(unit, submission)
            begin_task(unit, task_id, PIPELINES, datetime.now(UTC))
        return task_id

    def ready(self, task_id: str) -> list[StepRef]:
        with self.database.read() as unit:
            rows = unit.steps.of(task_id)
        found = [row for row in rows if row.state == StepState.READY]
        return [StepRef(task_id, row.name, row.part, 0) for row in found]

    def run(self, task_id: str) -> None:
        turns = cycle(self.workers)
        while found := self.ready(task_id):
            for ref, worker in zip(found, turns, strict=False):
                assert self.hand(worker, ref), ref

    def hand(self, worker: StepWorker, ref: StepRef) -> bool:
        return worker.run(ref, Message(new_id(), datetime.now(UTC), redelivered=False))

    def status(self, task_id: str) -> TaskStatus:
        with self.database.read() as unit:
            return task_status(unit, "ada", task_id)

    def rows(self, task_id: str) -> dict[str, ArtefactRow]:
        with self.database.read() as unit:
            return {row.name: row for row in unit.artefacts.of(task_id)}

    def results(self, task_id: str) -> dict[str, bytes]:
        rows = self.rows(task_id)
        storage = self.tools[0].storage
        return {name: b"".join(storage.read(rows[name].key)) for name in SAME}


@contextmanager
def _hosts(database: Database, url: str, tmp_path: Path, count: int) -> Iterator[Hosts]:
    with ExitStack() as stack:
        tools = [
            stack.enter_context(distant_toolbox(url, tmp_path / f"cache-{n}", chunk_seconds=2.0))
            for n in range(count)
        ]
        yield Hosts(database, tools)


@pytest.mark.alone
def test_the_room_gives_the_same_bytes_and_forgets_all_of_them(
    database: Database, url: str, server: S3Server, tmp_path: Path, video: Path,
    expected: dict[str, bytes],
) -> None:  # fmt: skip
    with (
        distant_toolbox(url, tmp_path / "cache", chunk_seconds=2.0) as tools,
        running_workers(database, tools, FAST),
    ):
        hosts = Hosts(database, [tools])
        with database.begin() as unit:
            task_id = submit_task(unit, Submission("ada", str(video), OPTIONS))
        _wait(lambda: hosts.status(task_id).ended_at is not None)
        assert hosts.status(task_id).error is None
        assert hosts.results(task_id) == expected
        assert not list((tmp_path / "cache" / "work").iterdir())
        with database.begin() as unit:
            erase_task(unit, "ada", task_id)
        _wait(lambda: not server.keys(url))
        tidy_cache(tools.settings, database)
        assert not list((tmp_path / "cache" / "blobs").iterdir())


def test_hosts_that_share_nothing_but_the_bucket_share_the_work(
    database: Database, url: str, server: S3Server, tmp_path: Path, video: Path,
    expected: dict[str, bytes],
) -> None:  # fmt: skip
    with _hosts(database, url, tmp_path, 3) as hosts:
        task_id = hosts.submit(Submission("ada", str(video), OPTIONS))
        hosts.run(task_id)
        status = hosts.status(task_id)
        assert (status.state, status.error) == (TaskState.SUCCEEDED, None)
        assert hosts.results(task_id) == expected
        rows = hosts.rows(task_id)
        assert {row.key for row in rows.values()} == set(server.keys(url))
        assert rows["results.csv"].key.startswith(f"videos/{task_id}/.attempt/1-write_csv-0/")
        assert {row.size for row in rows.values() if row.name == "source"} == {video.stat().st_size}


def test_every_step_declares_what_it_needs(
    database: Database, url: str, tmp_path: Path, video: Path, expected: dict[str, bytes]
) -> None:
    """A host of its own for each step: there is nothing there but what was declared."""
    with _hosts(database, url, tmp_path, 1) as hosts:
        task_id = hosts.submit(Submission("ada", str(video), OPTIONS))
        host = 0
        while found := hosts.ready(task_id):
            host += 1
            with distant_toolbox(url, tmp_path / f"own-{host}", chunk_seconds=2.0) as tools:
                worker = StepWorker(database, PIPELINES, tools, FAST)
                assert hosts.hand(worker, found[0]), found[0]
        assert hosts.results(task_id) == expected


def test_a_host_fetches_nothing_that_it_has_made(
    database: Database, url: str, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _hosts(database, url, tmp_path, 1) as hosts:
        read: list[str] = []
        storage = hosts.tools[0].storage
        real = type(storage).read

        def reading(self: object, key: str, *part: int) -> Iterator[bytes]:
            read.append(key)
            return real(storage, key, *part)  # type: ignore[arg-type]

        monkeypatch.setattr(type(storage), "read", reading)
        hosts.run(hosts.submit(Submission("ada", str(video), OPTIONS)))
        assert all(key.endswith("/provenance.json") for key in read), "which chunks share"


def test_what_another_task_detected_is_not_detected_again(
    database: Database, url: str, tmp_path: Path, video: Path
) -> None:
    with _hosts(database, url, tmp_path, 2) as hosts:
        first = hosts.submit(Submission("ada", str(video), AnalysisOptions()))
        hosts.run(first)
        rows = hosts.rows(first)

        def never(_: object) -> None:
            raise AssertionError("a model was opened")

        object.__setattr__(hosts.tools[1], "open_runtime", never)
        hosts.workers = hosts.workers[1:]
        second = hosts.submit(
            Submission("ada", str(video), AnalysisOptions(tracker="sort", overlay=False))
        )
        hosts.run(second)
        assert hosts.status(second).state == TaskState.SUCCEEDED
        again = hosts.rows(second)
        names = [name for name in again if name.startswith("detections/")]
        assert len(names) == 4
        assert {again[name].key for name in names} == {rows[name].key for name in names}
        with database.begin() as unit:
            erase_task(unit, "ada", first)
            assert not {row.key for row in again.values()} & set(unit.artefacts.only_of(first))


def test_where_two_detect_at_once_one_file_counts(
    database: Database, url: str, server: S3Server, tmp_path: Path, video: Path
) -> None:
    with _hosts(database, url, tmp_path, 2) as hosts:
        options = AnalysisOptions(overlay=False)
        first, second = (hosts.submit(Submission("ada", str(video), options)) for _ in range(2))
        late, quick = hosts.workers
        for task_id in (first, second):
            while (ref := hosts.ready(task_id)[0]).name != "detect":
                assert hosts.hand(quick, ref)
        real = hosts.tools[0].open_runtime
        quicker = hosts.ready(second)

        def open_runtime(model: Model) -> Runtime:
            while quicker:  # while the late one detects, the other has done it all
                assert hosts.hand(quick, quicker.pop())
            return real(model)

        object.__setattr__(hosts.tools[0], "open_runtime", open_runtime)
        for ref in hosts.ready(first):
            assert hosts.hand(late, ref)
        ours, theirs = hosts.rows(first), hosts.rows(second)
        names = [name for name in theirs if name.startswith("detections/")]
        assert len(names) == 4
        for name in names:
            assert (ours[name].key, ours[name].sha256) == (theirs[name].key, theirs[name].sha256)
        detections = [key for key in server.keys(url) if key.startswith("detections/")]
        assert len(detections) == 4
        hosts.run(first)
        assert hosts.status(first).state == TaskState.SUCCEEDED


def test_a_worker_that_wakes_after_its_lease_changes_nothing(
    database: Database, url: str, server: S3Server, tmp_path: Path, video: Path
) -> None:
    with _hosts(database, url, tmp_path, 2) as hosts:
        task_id = hosts.submit(Submission("ada", str(video), AnalysisOptions()))
        (ref,) = hosts.ready(task_id)
        late, other = hosts.workers
        real = late._commit
        seen: list[list[str]] = []

        def commit(*work: object) -> bool:
            with database.begin() as unit:  # its lease is over, and another takes the step
                row = unit.steps.find(ref)
                assert row is not None
                row.lease_until = datetime.now(UTC) - timedelta(seconds=1)
            assert hosts.hand(other, ref)
            seen.append(server.keys(url))
            return real(*work)  # type: ignore[arg-type]

        object.__setattr__(late, "_commit", commit)
        assert not hosts.hand(late, ref)
        assert len(seen[0]) == 2
        key = f"videos/{task_id}/.attempt/2-download-0/videos/{task_id}/source"
        assert hosts.rows(task_id)["source"].key == key
        assert server.keys(url) == [key]


def test_a_store_that_dies_in_mid_work_puts_the_step_off(
    database: Database, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment(monkeypatch)
    with s3_server() as server:
        url = server.url()
    with _hosts(database, url, tmp_path, 1) as hosts:
        task_id = hosts.submit(Submission("ada", str(video), AnalysisOptions()))
        (ref,) = hosts.ready(task_id)
        assert not hosts.hand(hosts.workers[0], ref)
        (step, *_) = hosts.status(task_id).steps
        assert step.state == StepState.READY
        assert step.error is not None
        assert step.error.code == "storage_unreachable"
        assert not list((tmp_path / "cache-0" / "work").iterdir())


def test_a_local_file_is_copied_since_its_owner_may_change_it(
    database: Database, url: str, tmp_path: Path, video: Path
) -> None:
    content = video.read_bytes()
    with _hosts(database, url, tmp_path, 1) as hosts:
        task_id = hosts.submit(Submission("ada", str(video), AnalysisOptions()))
        (ref,) = hosts.ready(task_id)
        assert hosts.hand(hosts.workers[0], ref)
        with video.open("r+b") as file:
            file.write(b"other bytes")
        settings = hosts.tools[0].settings
        cache = BlobCache(settings.cache_folder, settings.cache_bytes)
        (blob,) = (cache.folder / "blobs").iterdir()
        assert blob.read_bytes() == content


def test_a_file_of_an_area_is_copied_and_analysed_and_goes_with_its_task(
    database: Database, url: str, server: S3Server, tmp_path: Path, video: Path
) -> None:
    with _hosts(database, url, tmp_path, 2) as hosts:
        copied = hosts.submit(
            Submission("ada", str(video), CopyOptions("areas/ada/é/a.mp4"), pipeline="copy")
        )
        hosts.run(copied)
        assert server.keys(url) == ["areas/ada/é/a.mp4"]
        source = "storage:areas/ada/é/a.mp4"
        again = CopyOptions("areas/ada/b.mp4")
        hosts.run(hosts.submit(Submission("ada", source, again, pipeline="copy")))
        assert set(server.keys(url)) == {"areas/ada/é/a.mp4", "areas/ada/b.mp4"}
        analysed = hosts.submit(Submission("ada", source, AnalysisOptions(max_frames=5)))
        hosts.run(analysed)
        assert hosts.status(analysed).state == TaskState.SUCCEEDED
        gone = hosts.submit(Submission("ada", "storage:areas/ada/no.mp4", AnalysisOptions()))
        (ref,) = hosts.ready(gone)
        assert not hosts.hand(hosts.workers[0], ref)
        error = hosts.status(gone).error
        assert error is not None
        assert error.code == "no_such_file"


def test_blobs_of_erased_tasks_are_forgotten_and_no_others(
    database: Database, url: str, tmp_path: Path, video: Path
) -> None:
    with _hosts(database, url, tmp_path, 1) as hosts:
        task_id = hosts.submit(Submission("ada", str(video), AnalysisOptions()))
        hosts.run(task_id)
        settings = hosts.tools[0].settings
        cache = BlobCache(settings.cache_folder, settings.cache_bytes)
        write_bytes(tmp_path / "other", b"somebody's")
        cache.adopt(tmp_path / "other", "0" * 64)
        tidy_cache(settings, database)
        assert set(cache.hashes()) == {row.sha256 for row in hosts.rows(task_id).values()}


def _wait(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
