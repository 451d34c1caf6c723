"""What goes on with a task's results ends with it, and is shown with it."""

import threading
from dataclasses import replace

import pytest

from shared.db.database import Database
from shared.domain.labeling import PIPELINE
from shared.domain.task import AnalysisOptions, LabelingOptions, TaskState
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.tasks.ask_for_labels import Wish, labels_of
from shared.tasks.cancel import cancel_task
from shared.tasks.erase import erase_task, finish_erasures
from shared.tasks.labeling import labeling_status
from shared.tasks.status import task_status
from shared.tasks.submit import Submission, submit_task
from tests.support.locks import wait_for_a_lock

ANALYSIS = Submission("ada", "a.mp4", AnalysisOptions(model="pet_hotel@1", num_frames=5))
LABELS = LabelingOptions(AnalysisOptions(model="pet_hotel@1"), 3)


def _analysis(database: Database, state: TaskState = TaskState.SUCCEEDED) -> str:
    with database.begin() as unit:
        task_id = submit_task(unit, ANALYSIS)
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = state
    return task_id


def _phase(database: Database, root: str, parent: str | None = None) -> str:
    with database.begin() as unit:
        return submit_task(
            unit,
            replace(
                ANALYSIS, options=LABELS, pipeline=PIPELINE, root_id=root, parent_id=parent or root
            ),
        )


def _state(database: Database, task_id: str) -> TaskState:
    with database.read() as unit:
        return task_status(unit, "ada", task_id).state


def test_a_task_shows_what_goes_on_with_it(database: Database) -> None:
    root = _analysis(database)
    first, second = _phase(database, root), _phase(database, root)
    with database.read() as unit:
        loop = task_status(unit, "ada", root).loop
        own = task_status(unit, "ada", first).loop
    assert [(phase.task_id, phase.pipeline, phase.state) for phase in loop] == [
        (first, PIPELINE, TaskState.QUEUED), (second, PIPELINE, TaskState.QUEUED),
    ]  # fmt: skip
    assert own == []


def test_cancelling_a_task_that_ended_ends_what_goes_on_with_it(database: Database) -> None:
    root = _analysis(database)
    phase = _phase(database, root)
    with database.begin() as unit:
        cancel_task(unit, "ada", root)
    assert _state(database, phase) == TaskState.CANCELLED
    assert _state(database, root) == TaskState.SUCCEEDED
    with database.begin() as unit:
        cancel_task(unit, "ada", root)  # whoever got no answer asks again


def test_cancelling_a_phase_leaves_the_analysis(database: Database) -> None:
    root = _analysis(database)
    phase = _phase(database, root)
    with database.begin() as unit:
        cancel_task(unit, "ada", phase)
    assert _state(database, root) == TaskState.SUCCEEDED


def test_erasing_a_task_erases_what_its_loop_left(database: Database) -> None:
    root, other = _analysis(database), _analysis(database)
    phase, kept = _phase(database, root), _phase(database, other)
    with database.begin() as unit:
        erase_task(unit, "ada", root)
    erased = []
    assert finish_erasures(database, lambda erasure: erased.append(erasure.task_id)) == 2
    assert sorted(erased) == sorted([root, phase])
    with database.read() as unit:
        assert unit.tasks.known([root, phase, other, kept]) == {other, kept}


def test_labels_are_asked_for_by_the_task_that_has_the_frames(database: Database) -> None:
    root = _analysis(database)
    with database.begin() as unit:
        chosen = labels_of(unit, "ada", Wish(root, None, 7, "pets"))
        extracted = labels_of(unit, "ada", Wish(root, f"frames/{root}/", 7, "pets"))
    assert chosen.options == LabelingOptions(ANALYSIS.options, 7, "chosen", "pets")
    assert extracted.options == LabelingOptions(ANALYSIS.options, 7, "extracted", "pets")
    assert (chosen.pipeline, chosen.parent_id, chosen.root_id) == (PIPELINE, root, root)


@pytest.mark.parametrize(
    ("wish", "error", "code"),
    [
        (Wish("{root}", "frames/other", 1, "p"), InvalidInputError, "bad_folder"),
        (Wish("{root}", "../frames/{root}", 1, "p"), InvalidInputError, "bad_folder"),
        (Wish("{root}", "/frames/{root}", 1, "p"), InvalidInputError, "bad_folder"),
        (Wish(None, None, 1, "p"), InvalidInputError, "nothing_to_label"),
        (Wish("0198", None, 1, "p"), NotFoundError, "no_such_task"),
    ],
)
def test_a_wish_that_names_nothing_is_refused(
    database: Database, wish: Wish, error: type[Exception], code: str
) -> None:
    root = _analysis(database)
    folder = wish.folder.format(root=root) if wish.folder else None
    task_id = wish.task_id.format(root=root) if wish.task_id else None
    asked = replace(wish, task_id=task_id, folder=folder)
    with pytest.raises(error) as refused, database.begin() as unit:
        labels_of(unit, "ada", asked)
    assert getattr(refused.value, "code") == code  # noqa: B009


def test_somebody_elses_analysis_is_not_there(database: Database) -> None:
    root = _analysis(database)
    with pytest.raises(NotFoundError), database.begin() as unit:
        labels_of(unit, "eve", Wish(root, None, 1, "p"))
    with pytest.raises(NotFoundError), database.read() as unit:
        labeling_status(unit, "eve", root)


def test_frames_of_an_unfinished_analysis_are_not_labelled(database: Database) -> None:
    root = _analysis(database, TaskState.RUNNING)
    with pytest.raises(ConflictError) as refused, database.begin() as unit:
        labels_of(unit, "ada", Wish(root, None, 1, "p"))
    assert refused.value.code == "not_analysed"


def test_the_same_frames_are_labelled_in_one_place_at_a_time(database: Database) -> None:
    root = _analysis(database)
    phase = _phase(database, root)
    with pytest.raises(ConflictError) as refused, database.begin() as unit:
        labels_of(unit, "ada", Wish(root, None, 1, "p"))
    assert refused.value.code == "labeling_exists"
    with database.begin() as unit:
        cancel_task(unit, "ada", phase)
        assert labels_of(unit, "ada", Wish(root, None, 1, "p")).parent_id == root


def test_of_two_who_ask_at_once_for_the_same_frames_one_is_refused(database: Database) -> None:
    root = _analysis(database)
    refused = []

    def ask() -> None:
        try:
            with database.begin() as unit:
                submit_task(unit, labels_of(unit, "ada", Wish(root, None, 1, "p")))
        except ConflictError as error:
            refused.append(error.code)

    thread = threading.Thread(target=ask)
    with database.begin() as unit:
        submission = labels_of(unit, "ada", Wish(root, None, 1, "p"))
        thread.start()
        wait_for_a_lock(database, thread)
        submit_task(unit, submission)
    thread.join()
    assert refused == ["labeling_exists"]
    with database.read() as unit:
        assert len(unit.tasks.phases(root)) == 1


def test_frames_of_a_loop_that_is_being_erased_are_not_labelled(database: Database) -> None:
    root = _analysis(database)
    with database.begin() as unit:
        again = submit_task(
            unit, replace(ANALYSIS, pipeline="reanalysis", root_id=root, parent_id=root)
        )
        row = unit.tasks.lock(again)
        assert row is not None
        row.state = TaskState.SUCCEEDED
        erase_task(unit, "ada", root)
        row.erase_requested_at = None
    with pytest.raises(NotFoundError), database.begin() as unit:
        labels_of(unit, "ada", Wish(again, None, 1, "p"))


def test_each_analysis_of_a_loop_has_a_labelling_of_its_own(database: Database) -> None:
    root = _analysis(database)
    with database.begin() as unit:
        again = submit_task(
            unit, replace(ANALYSIS, pipeline="reanalysis", root_id=root, parent_id=root)
        )
    first, second = _phase(database, root), _phase(database, root, again)
    with database.read() as unit:
        assert labeling_status(unit, "ada", root).task_id == first
        assert labeling_status(unit, "ada", again).task_id == second


def test_the_labelling_is_found_by_either_id(database: Database) -> None:
    root = _analysis(database)
    with pytest.raises(NotFoundError) as nobody, database.read() as unit:
        labeling_status(unit, "ada", root)
    assert nobody.value.code == "no_labeling"
    phase = _phase(database, root)
    with database.read() as unit:
        by_root, by_phase = (labeling_status(unit, "ada", each) for each in (root, phase))
    assert by_root == by_phase
    assert (by_root.task_id, by_root.analysed_task_id, by_root.requested) == (phase, root, None)
    assert by_root.labelled == 0
