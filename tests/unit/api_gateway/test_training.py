"""`/training` and `/deployments`: a model from a dataset, and live only if it is better."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

import pytest

from shared.db.tasks import domain_task
from shared.domain.step import StepState
from shared.domain.task import (
    AnalysisOptions,
    DeploymentOptions,
    LabelingOptions,
    Options,
    TaskState,
    TrainingOptions,
)
from shared.inference.publish_model import publish_model
from shared.tasks.submit import Submission, submit_task
from tests.support.gateway import Service
from tests.support.rows import step_row
from tests.support.tiny_models import TinyModel

ANALYSIS = AnalysisOptions(model="pet_hotel@1")
MODEL = "pet_hotel@1"


def _task(
    service: Service, pipeline: str, options: Options, parent: str | None = None,
    state: TaskState = TaskState.SUCCEEDED,
) -> str:  # fmt: skip
    asked = Submission("ada", "a.mp4", options, pipeline)
    with service.gateway.database.begin() as unit:
        task_id = submit_task(unit, replace(asked, parent_id=parent, root_id=parent))
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = state
    return task_id


@pytest.fixture
def root(served_on_both: Service) -> str:
    return _task(served_on_both, "video", ANALYSIS)


@pytest.fixture
def dataset(served_on_both: Service, root: str) -> str:
    return _task(served_on_both, "labeling", LabelingOptions(ANALYSIS), root)


def _options(service: Service, task_id: str) -> Options:
    with service.gateway.database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        options: Options = domain_task(row).options
        return options


@pytest.mark.parametrize("field", ["model_train_info", "mode_train_info"])
def test_a_training_goes_on_with_a_dataset(
    served_on_both: Service, root: str, dataset: str, field: str
) -> None:
    ada = served_on_both.client()
    body = {"data_path": f"train_log/{dataset}/", field: {"epochs": 7, "size": "atto"}}
    asked = ada.post("/training?wait=0", json=body)
    assert asked.status_code == 202
    task_id = asked.json()["task_id"]
    assert _options(served_on_both, task_id) == TrainingOptions(
        dataset, MODEL, {"epochs": 7, "size": "atto"}
    )
    assert [phase["task_id"] for phase in ada.get(f"/status/{root}").json()["loop"]] == [
        dataset, task_id,
    ]  # fmt: skip


def test_a_training_is_measured_against_what_serves_by_now(
    served_on_both: Service, root: str
) -> None:
    for content in (b"first", b"second"):
        manifest = replace(TinyModel().manifest(sha256(content).hexdigest()), name="tiny")
        publish_model(served_on_both.gateway.models, content, manifest)
    analysed = LabelingOptions(AnalysisOptions(model="tiny@1"))
    dataset = _task(served_on_both, "labeling", analysed, root)
    asked = served_on_both.client().post(
        "/training?wait=0", json={"data_path": f"train_log/{dataset}"}
    )
    options = _options(served_on_both, asked.json()["task_id"])
    assert options == TrainingOptions(dataset, "tiny@2")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"data_path": "../etc"}, 400, "bad_data_path"),
        ({"data_path": "/train_log/{dataset}"}, 400, "bad_data_path"),
        ({"data_path": "train_log/a/b"}, 400, "bad_data_path"),
        ({"data_path": "train_log/0198"}, 404, "no_such_data"),
        ({"data_path": "train_log/{root}"}, 404, "no_such_data"),
        ({"data_path": "train_log/{dataset}", "model_train_info": {"epochs": 0}}, 422,
         "invalid_option"),
        ({"data_path": "train_log/{dataset}", "model_train_info": {"size": "huge"}}, 422,
         "invalid_option"),
        ({"data_path": "train_log/{dataset}", "mode_train_info": {"speed": 9}}, 422,
         "invalid_option"),
        ({"data_path": "train_log/{dataset}", "mode_train_info": 7}, 422, "invalid_option"),
    ],
)  # fmt: skip
def test_a_training_that_cannot_be_is_refused(
    served_on_both: Service, root: str, dataset: str, body: dict[str, object], status: int,
    code: str,
) -> None:  # fmt: skip
    if "data_path" in body:
        body = body | {"data_path": str(body["data_path"]).format(root=root, dataset=dataset)}
    answer = served_on_both.client().post("/training?wait=0", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 422:
        (fault,) = answer.json()["errors"]
        assert fault["field"].partition(".")[0] in {"model_train_info", "mode_train_info"}


def test_a_dataset_that_is_not_ready_is_waited_for(served_on_both: Service, root: str) -> None:
    early = _task(
        served_on_both, "labeling", LabelingOptions(ANALYSIS), root, TaskState.WAITING_FOR_LABELS
    )
    answer = served_on_both.client().post(
        "/training?wait=0", json={"data_path": f"train_log/{early}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "not_prepared")


def test_whoever_waits_is_answered_with_what_came_of_it(
    served_on_both: Service, root: str, dataset: str
) -> None:
    ada, database = served_on_both.client(), served_on_both.gateway.database
    body = {"data_path": f"train_log/{dataset}"}
    scores = {"new": 0.6, "current": 0.4}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ada.post, "/training?wait=60", json=body)
        task_id = ""
        while not task_id:
            assert not asked.done(), "nobody waited"
            loop = ada.get(f"/status/{root}").json()["loop"]
            task_id = next((p["task_id"] for p in loop if p["pipeline"] == "training"), "")
        with database.begin() as unit:
            row = unit.tasks.lock(task_id)
            assert row is not None
            row.state = TaskState.SUCCEEDED
            done = {"name": "evaluate", "state": StepState.DONE, "output": scores}
            unit.steps.add_all([step_row(task_id, **done)])
        answer = asked.result()
    assert (answer.status_code, answer.json()) == (200, {"task_id": task_id, "output": scores})


@pytest.mark.parametrize(
    "path",
    [
        "/video/download", "/video/upload", "/video/extract-frames", "/labeling", "/training",
        "/deployments", "/models/{model}/inference",
    ],
)  # fmt: skip
def test_whatever_works_is_waited_for_as_long(served: Service, path: str) -> None:
    asked = served.anonymous.get("/openapi.json").json()["paths"][path]["post"]["parameters"]
    assert [each["schema"]["default"] for each in asked if each["name"] == "wait"] == [20.0]


def test_the_id_of_a_training_names_the_model_that_came_of_it(
    served_on_both: Service, root: str, dataset: str
) -> None:
    gateway, ada = served_on_both.gateway, served_on_both.client()
    training = _task(served_on_both, "training", TrainingOptions(dataset, MODEL), root)
    place = served_on_both.paths.area("ada") / "visit.mp4"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"looked at by a worker")
    path, body = f"/models/{training}/inference?wait=0", {"data_path": "visit.mp4"}
    early = ada.post(path, json=body)
    assert (early.status_code, early.json()["code"]) == (404, "no_such_model")
    for content, by in ((b"a", "other"), (b"b", training), (b"c", "other")):
        known = TinyModel().manifest(sha256(content).hexdigest())
        manifest = replace(known, name="tiny", metrics={"trained_by": by})
        publish_model(gateway.models, content, manifest)
    asked = ada.post(path, json=body)
    assert asked.status_code == 202
    options = _options(served_on_both, asked.json()["task_id"])
    assert isinstance(options, AnalysisOptions)
    assert options.model == "tiny@2"
    theirs = served_on_both.client("bob").post(path, json=body)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "no_such_model")


def test_epochs_are_seen_while_they_run_and_figures_after(
    served_on_both: Service, root: str, dataset: str
) -> None:
    ada, database = served_on_both.client(), served_on_both.gateway.database
    missing = ada.get(f"/training/{root}")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_training")
    task_id = ada.post(
        "/training?wait=0",
        json={"data_path": f"train_log/{dataset}", "model_train_info": {"epochs": 9}},
    ).json()["task_id"]
    before = ada.get(f"/training/{task_id}").json()
    assert (before["current_epoch"], before["epochs"], before["metrics"]) == (0, 9, {})
    assert (before["last_epoch"], before["best_epoch"]) == (None, None)
    board = served_on_both.gateway.progress
    board.report(task_id, "fit", 2.4, 9, "epochs")
    assert ada.get(f"/training/{root}").json()["current_epoch"] == 3
    last = {"epoch": 2, "losses": {"box_loss": 1.5}, "metrics": {"mAP50": 0.2, "val_box_loss": 2}}
    best = {"best_epoch": 1, "best_metrics": {"mAP50": 0.3}}
    board.report(task_id, "fit", 2.6, 9, "epochs", found=last | best)
    within = ada.get(f"/training/{root}").json()
    assert within["last_epoch"] == last
    assert (within["best_epoch"], within["metrics"]) == (1, {"mAP50": 0.3})
    figures = {"epochs": 5, "best_epoch": 4, "metrics": {"mAP50": 0.8}}
    scores = {"new": 0.6, "current": 0.4, "pictures": 20, "boxes": 60}
    with database.begin() as unit:
        unit.steps.add_all(
            [
                step_row(task_id, name="fit", state=StepState.DONE, output=figures),
                step_row(task_id, name="evaluate", state=StepState.DONE, output=scores),
            ]
        )
    after = ada.get(f"/training/{root}").json()
    assert after == {
        "task_id": task_id, "state": "queued", "current_epoch": 5, "epochs": 9,
        "last_epoch": None, "best_epoch": 4, "metrics": {"mAP50": 0.8}, "evaluation": scores,
        "error": None,
    }  # fmt: skip


@pytest.mark.parametrize(("force", "by"), [(False, None), (True, "ada")])
def test_what_was_trained_is_deployed(
    served_on_both: Service, root: str, dataset: str, force: bool, by: str | None
) -> None:
    trained = _task(served_on_both, "training", TrainingOptions(dataset, MODEL), root)
    body = {"task_id": trained, "model_path": f"train_log/{trained}/model.pt", "force": force}
    asked = served_on_both.client().post("/deployments?wait=0", json=body)
    assert asked.status_code == 202
    task_id = asked.json()["deployment_id"]
    assert asked.json()["status_url"] == f"/status/{task_id}"
    assert _options(served_on_both, task_id) == DeploymentOptions(trained, dataset, MODEL, by)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"task_id": "0198"}, 404, "no_such_task"),
        ({"task_id": "{dataset}"}, 409, "not_trained"),
        ({"task_id": "{trained}", "model_path": "models/evil.pt"}, 400, "bad_model_path"),
        ({"task_id": "{trained}", "model_path": "train_log/{dataset}/model.pt"}, 400,
         "bad_model_path"),
    ],
)  # fmt: skip
def test_a_deployment_of_anything_else_is_refused(
    served_on_both: Service, root: str, dataset: str, body: dict[str, str], status: int, code: str
) -> None:
    trained = _task(served_on_both, "training", TrainingOptions(dataset, MODEL), root)
    asked = {name: text.format(dataset=dataset, trained=trained) for name, text in body.items()}
    answer = served_on_both.client().post("/deployments?wait=0", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_trainings_of_others_are_not_there(
    served_on_both: Service, root: str, dataset: str
) -> None:
    trained = _task(served_on_both, "training", TrainingOptions(dataset, MODEL), root)
    bob = served_on_both.client("bob")
    assert bob.get(f"/training/{trained}").status_code == 404
    assert (
        bob.post("/training?wait=0", json={"data_path": f"train_log/{dataset}"}).status_code == 404
    )
    assert bob.post("/deployments?wait=0", json={"task_id": trained}).status_code == 404


def _end(service: Service, task_id: str) -> None:
    with service.gateway.database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = TaskState.SUCCEEDED


def test_the_same_training_runs_once_at_a_time(served_on_both: Service, dataset: str) -> None:
    ada = served_on_both.client()
    body = {"data_path": f"train_log/{dataset}", "model_train_info": {"epochs": 7}}
    keyed = {"Idempotency-Key": "k"}
    first = ada.post("/training?wait=0", json=body, headers=keyed)
    other = ada.post("/training?wait=0", json=body | {"model_train_info": {"epochs": 8}})
    assert (first.status_code, other.status_code) == (202, 202), "other settings are another one"
    again = ada.post("/training?wait=0", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "training_exists")
    assert ada.post("/training?wait=0", json=body, headers=keyed).json() == first.json()
    _end(served_on_both, first.json()["task_id"])
    assert ada.post("/training?wait=0", json=body).status_code == 202


def test_the_same_model_is_deployed_once_at_a_time(
    served_on_both: Service, root: str, dataset: str
) -> None:
    ada = served_on_both.client()
    trained = _task(served_on_both, "training", TrainingOptions(dataset, MODEL), root)
    body, keyed = {"task_id": trained}, {"Idempotency-Key": "k"}
    first = ada.post("/deployments?wait=0", json=body, headers=keyed)
    again = ada.post("/deployments?wait=0", json=body | {"force": True})
    assert (again.status_code, again.json()["code"]) == (409, "deployment_exists")
    assert ada.post("/deployments?wait=0", json=body, headers=keyed).json() == first.json()
    _end(served_on_both, first.json()["deployment_id"])
    assert ada.post("/deployments?wait=0", json=body).status_code == 202
