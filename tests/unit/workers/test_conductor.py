"""What follows when a phase of the loop has ended."""

import threading
from collections.abc import Callable

import pytest

from shared.db.database import Database
from shared.db.tables import TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.task import (
    AnalysisOptions,
    DeploymentOptions,
    LabelingOptions,
    TaskState,
    TrainingOptions,
)
from shared.events.envelope import EventData, compose
from shared.events.labeling import DatasetPrepared
from shared.events.model import ModelDeployed, ModelTrainingCompleted
from shared.events.results import ResultsUploaded
from shared.messaging.consumer import react
from shared.tasks.cancel import cancel_task
from shared.tasks.erase import erase_task
from shared.tasks.submit import Submission, submit_task
from tests.support.locks import wait_for_a_lock
from workers.reactions import REACTIONS

DONE = ResultsUploaded(user_id="ada", model="pet_hotel@1", artefacts=())


def _analysed(database: Database, **options: object) -> str:
    asked = AnalysisOptions(model="pet_hotel@1", **options)  # type: ignore[arg-type]
    with database.begin() as unit:
        return submit_task(unit, Submission("ada", "a.mp4", asked, correlation_id="request-7"))


def _hear(database: Database, task_id: str, news: EventData = DONE) -> None:
    event = compose(news, room="workers", task_id=task_id, correlation_id="request-7")
    react(database, "workers", REACTIONS, event)


def _succeed(database: Database, *task_ids: str) -> None:
    for task_id in task_ids:
        with database.begin() as unit:
            row = unit.tasks.lock(task_id)
            assert row is not None
            row.state = TaskState.SUCCEEDED


def _phases(database: Database, task_id: str) -> list[TaskRow]:
    with database.read() as unit:
        return list(unit.tasks.phases(task_id))


@pytest.mark.parametrize(("asked", "number"), [(0, 100), (12, 12)])
def test_results_lead_to_labels_where_the_task_asks_for_them(
    database: Database, asked: int, number: int
) -> None:
    task_id = _analysed(database, loop="label", num_frames=asked, project="pets")
    _hear(database, task_id)
    (phase,) = _phases(database, task_id)
    assert (phase.pipeline, phase.parent_id, phase.owner) == ("labeling", task_id, "ada")
    assert phase.correlation_id == "request-7"
    options = domain_task(phase).options
    assert isinstance(options, LabelingOptions)
    assert (options.analysis.model, options.num_frames) == ("pet_hotel@1", number)
    assert (options.project, options.frames, options.train) == ("pets", "chosen", False)


def test_results_alone_lead_to_nothing(database: Database) -> None:
    task_id = _analysed(database)
    _hear(database, task_id)
    assert _phases(database, task_id) == []


def test_the_same_news_twice_leads_to_one_phase(database: Database) -> None:
    task_id = _analysed(database, loop="label")
    event = compose(DONE, room="workers", task_id=task_id, correlation_id="c")
    for _ in range(2):
        react(database, "workers", REACTIONS, event)
    assert len(_phases(database, task_id)) == 1


def test_what_is_being_erased_goes_no_further(database: Database) -> None:
    task_id = _analysed(database, loop="label")
    with database.begin() as unit:
        erase_task(unit, "ada", task_id)
    _hear(database, task_id)
    assert _phases(database, task_id) == []


PREPARED = DatasetPrepared(user_id="ada", train=8, test=2, boxes={"cat": 9})
TRAINED = ModelTrainingCompleted(
    user_id="ada", epochs=9, best_epoch=7, new={"mAP50_95": 0.6}, pictures=2
)
DEPLOYED = ModelDeployed(
    user_id="ada", model="pet_hotel@2", replaced="pet_hotel@1", sha256="a" * 64, map50_95=0.6
)


def test_the_whole_loop_leads_back_to_the_video_and_ends(database: Database) -> None:
    root = _analysed(
        database, loop="full", confidence=0.3, classes=("cat",), training={"epochs": 9}
    )
    last = root
    for news, pipeline in (
        (DONE, "labeling"), (PREPARED, "training"), (TRAINED, "deployment"),
        (DEPLOYED, "reanalysis"),
    ):  # fmt: skip
        _hear(database, last, news)
        phase = _phases(database, root)[-1]
        parent = root if pipeline == "reanalysis" else last
        assert (phase.pipeline, phase.parent_id, phase.root_id) == (pipeline, parent, root)
        assert (phase.owner, phase.correlation_id) == ("ada", "request-7")
        last = phase.id
    _hear(database, last)
    phases = _phases(database, root)
    assert len(phases) == 4
    labels, training, deployment, again = (domain_task(phase).options for phase in phases)
    assert labels.train
    assert training == TrainingOptions(phases[0].id, "pet_hotel@1", {"epochs": 9}, deploy=True)
    assert deployment == DeploymentOptions(phases[1].id, phases[0].id, "pet_hotel@1")
    assert (again.model, again.loop, again.classes) == ("pet_hotel@2", "none", ("cat",))
    assert again.confidence is None, "a threshold of the old model"


@pytest.mark.parametrize("asked_again", [False, True])
def test_a_deployment_outside_a_loop_analyses_nothing_again(
    database: Database, asked_again: bool
) -> None:
    root = _analysed(database, loop="full" if asked_again else "label")
    with database.begin() as unit:
        deployment = submit_task(
            unit,
            Submission(
                "ada", "a.mp4", DeploymentOptions("t", "d", "pet_hotel@1"), "deployment",
                parent_id=root, root_id=root,
            ),
        )  # fmt: skip
    _hear(database, deployment, DEPLOYED)
    assert [row.pipeline for row in _phases(database, root)][1:] == (
        ["reanalysis"] if asked_again else []
    )


def test_a_model_that_is_only_trained_does_not_go_live(database: Database) -> None:
    root = _analysed(database)
    options = TrainingOptions("d", "pet_hotel@1")
    with database.begin() as unit:
        training = submit_task(
            unit, Submission("ada", "a.mp4", options, "training", parent_id=root, root_id=root)
        )
    _hear(database, training, TRAINED)
    assert [row.pipeline for row in _phases(database, root)] == ["training"]


@pytest.mark.parametrize("ends", [cancel_task, erase_task])
def test_what_ends_the_loop_while_a_phase_is_added_ends_that_phase_too(
    database: Database, ends: Callable[[Unit, str, str], None]
) -> None:
    root = _analysed(database, loop="label")
    _succeed(database, root)
    event = compose(DONE, room="workers", task_id=root, correlation_id="c")

    def end() -> None:
        with database.begin() as unit:
            ends(unit, "ada", root)

    thread = threading.Thread(target=end)
    with database.begin() as unit:
        REACTIONS[ResultsUploaded](unit, event)
        thread.start()
        wait_for_a_lock(database, thread)
    thread.join()
    (phase,) = _phases(database, root)
    assert (phase.state, phase.generation) == (TaskState.CANCELLED, 1)
    assert (phase.erase_requested_at is not None) == (ends is erase_task)


def test_a_later_phase_is_added_under_the_lock_of_the_first_task(database: Database) -> None:
    root = _analysed(database, loop="full")
    _hear(database, root)
    (labelling,) = _phases(database, root)
    _succeed(database, root, labelling.id)
    event = compose(PREPARED, room="workers", task_id=labelling.id, correlation_id="c")

    def cancel() -> None:
        with database.begin() as unit:
            cancel_task(unit, "ada", root)

    thread = threading.Thread(target=cancel)
    with database.begin() as unit:
        REACTIONS[DatasetPrepared](unit, event)
        thread.start()
        wait_for_a_lock(database, thread)
    thread.join()
    assert [phase.state for phase in _phases(database, root)] == [
        TaskState.SUCCEEDED, TaskState.CANCELLED,
    ]  # fmt: skip


def test_a_loop_that_was_cancelled_between_two_phases_goes_no_further(database: Database) -> None:
    root = _analysed(database, loop="full")
    _hear(database, root)
    (labelling,) = _phases(database, root)
    _succeed(database, root, labelling.id)
    with database.begin() as unit:
        cancel_task(unit, "ada", root)
    _hear(database, labelling.id, PREPARED)
    assert [phase.id for phase in _phases(database, root)] == [labelling.id]


@pytest.mark.parametrize("whose", ["task", "root"])
def test_options_of_another_version_end_the_loop_and_say_so(database: Database, whose: str) -> None:
    root = _analysed(database, loop="full")
    with database.begin() as unit:
        options = DeploymentOptions("t", "d", "pet_hotel@1")
        asked = Submission("ada", "a.mp4", options, "deployment", parent_id=root, root_id=root)
        deployment = submit_task(unit, asked)
    with database.begin() as unit:
        row = unit.tasks.lock(deployment if whose == "task" else root)
        assert row is not None
        row.options = {"tracker": "of a later version"}
    _hear(database, deployment, DEPLOYED)
    _, failed = _phases(database, root)
    assert (failed.pipeline, failed.parent_id, failed.state) == ("reanalysis", root, "failed")
    assert (failed.error_code, failed.error_step) == ("invalid_options", "submit")
    assert failed.error_message is not None
    assert deployment in failed.error_message
    with database.read() as unit:
        assert [row.topic for row in unit.outbox.about(failed.id)] == ["task.failed.v1"]


def test_options_of_the_first_task_that_nobody_needs_are_not_read(database: Database) -> None:
    root = _analysed(database, loop="full")
    _hear(database, root)
    (labelling,) = _phases(database, root)
    with database.begin() as unit:
        row = unit.tasks.lock(root)
        assert row is not None
        row.options = {"tracker": "of a later version"}
    _hear(database, labelling.id, PREPARED)
    assert [phase.pipeline for phase in _phases(database, root)] == ["labeling", "training"]
