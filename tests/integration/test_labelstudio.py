"""What Label Studio does beyond the contract of labelling tools, on a real one."""

import threading
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.domain.task import AnalysisOptions, LabelingOptions, Task
from shared.errors import PermanentError, TransientError
from shared.labeling import labelstudio_import
from shared.labeling.adapters import check_labeling, open_labeling
from shared.labeling.labelstudio_webhook import SECRET_HEADER, is_from_labeling
from shared.labeling.port import LabelingTool, LabelRequest
from shared.labels.coco import read_coco
from shared.labels.proposals import Proposals
from shared.settings import Settings
from shared.storage.documents import read_document
from tests.support.labelled_scene import labelled_scene
from tests.support.labelling_people import LabelStudioPeople, Shown, a_request, unchanged
from tests.support.labelstudio_server import LabelStudioServer
from tests.support.receivers import until, web_receiver
from tests.support.toolbox import toolbox
from workers.labeling_manager.collect_labels import collect_labels
from workers.labeling_manager.request_labels import request_labels
from workers.labeling_manager.select_pictures import select_pictures

pytestmark = pytest.mark.slow

FIRST, SECOND, LAST = (f"frames/{number:06d}.jpg" for number in range(3))


@pytest.fixture
def people(label_studio: LabelStudioServer) -> LabelStudioPeople:
    return LabelStudioPeople(label_studio)


@pytest.fixture
def asked(tmp_path: Path) -> LabelRequest:
    return a_request(tmp_path / "given", str(uuid.uuid4()))


def _settings(server: LabelStudioServer, **changes: Any) -> Settings:
    given = {"labeling_url": server.labeling_url, "labeling_token": server.token, **changes}
    return Settings(**given)


def _tool(server: LabelStudioServer, **changes: Any) -> LabelingTool:
    return open_labeling(_settings(server, **changes))


def _one(tool: LabelingTool, handle: str, asked: LabelRequest, name: str) -> set[int | None]:
    """The tracks on a picture."""
    (picture,) = (each for each in tool.collect(handle, asked).pictures if each.name == name)
    return {box.track_id for box in picture.boxes}


def test_a_token_that_opens_nothing_is_refused(label_studio: LabelStudioServer) -> None:
    for token in ("0" * 40, "e30.e30.c2ln"):
        with pytest.raises(PermanentError, match="TRACKLOOP_LABELING_TOKEN") as refused:
            check_labeling(_settings(label_studio, labeling_token=token))
        assert refused.value.code == "labeling_refused"
        assert token not in refused.value.message


def test_a_personal_access_token_opens_it(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    made = label_studio.call("POST", "/api/token/", json={})
    tool = _tool(label_studio, labeling_token=made["token"])
    tool.check()
    handle = tool.request(asked)
    assert people.pictures(handle) == [FIRST, SECOND, LAST]


def test_annotators_see_the_pictures_and_whose_they_are(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    named = replace(asked, project="A name\nthat is much too long for a title")
    handle = _tool(label_studio).request(named)
    project = label_studio.call("GET", f"/api/projects/{handle.partition(':')[0]}")
    assert project["title"] == f"A name tha… - {asked.task_id}"
    assert "much too long for a title" in project["description"]
    picture = label_studio.fetch(people.task(handle, FIRST)["data"]["image"])
    assert picture.content == (asked.folder / FIRST).read_bytes()


def test_what_is_removed_cannot_be_fetched_and_is_on_no_disk(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    handle = tool.request(asked)
    address = people.task(handle, FIRST)["data"]["image"]
    tool.remove(handle)
    assert not label_studio.fetch(address).is_success
    if label_studio.media is not None:
        uploads = label_studio.media / "upload"
        assert not (uploads / handle.partition(":")[0]).exists()


def test_a_skipped_picture_is_done_and_has_no_labels(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    handle = tool.request(asked)
    people.annotate(people.task(handle, FIRST)["id"], [], was_cancelled=True)
    assert tool.progress(handle).labelled == 1
    people.finish(handle)
    assert tool.progress(handle).complete
    labels = tool.collect(handle, asked)
    assert [picture.name for picture in labels.pictures] == [SECOND, LAST]


def test_a_draft_is_no_answer(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    handle = tool.request(asked)
    task = people.task(handle, FIRST)
    draft = {"result": task["predictions"][0]["result"], "lead_time": 1}
    label_studio.call("POST", f"/api/tasks/{task['id']}/drafts", json=draft)
    assert tool.progress(handle).labelled == 0
    assert tool.collect(handle, asked).pictures == ()


def test_of_several_annotations_the_latest_counts_and_ground_truth_before_all(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    handle = tool.request(asked)
    task, boxes = people.task(handle, FIRST)["id"], people.shown(handle, FIRST)
    cat = [each for each in boxes if each.label == "cat"]
    people.annotate(task, boxes)
    people.annotate(task, cat)
    assert _one(tool, handle, asked, FIRST) == {7}
    truth = people.annotate(task, [each for each in boxes if each.label == "dog"])
    label_studio.call("PATCH", f"/api/annotations/{truth['id']}/", json={"ground_truth": True})
    people.annotate(task, cat)
    assert _one(tool, handle, asked, FIRST) == {8}


def test_a_box_that_was_drawn_anew_has_no_track(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    handle = tool.request(asked)
    people.label(handle, FIRST, lambda shown: [Shown(each.label, each.xyxy) for each in shown])
    assert _one(tool, handle, asked, FIRST) == {None}


def test_another_projects_number_is_not_ours(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    number = tool.request(asked).partition(":")[0]
    foreign = f"{number}:{uuid.uuid4()}"
    with pytest.raises(PermanentError) as gone:
        tool.progress(foreign)
    assert gone.value.code == "labels_gone"
    tool.remove(foreign)
    mine = f"{number}:{asked.task_id}"
    assert tool.progress(mine).total == 3
    picture = label_studio.fetch(people.task(mine, FIRST)["data"]["image"])
    assert picture.content == (asked.folder / FIRST).read_bytes()


def test_a_renamed_project_is_found_again(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    tool = _tool(label_studio)
    handle = tool.request(asked)
    number = handle.partition(":")[0]
    label_studio.call("PATCH", f"/api/projects/{number}", json={"title": "cats"})
    assert tool.progress(handle).total == 3


def test_a_picture_that_came_twice_is_there_once_again(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    """A request whose answer was lost may be carried out after its repetition."""
    tool = _tool(label_studio)
    handle = tool.request(asked)
    path = f"/api/projects/{handle.partition(':')[0]}/import"
    late = [{"data": task["data"]} for task in people.tasks(handle)]
    label_studio.call("POST", path, json=late)
    worked_on = max(task["id"] for task in people.tasks(handle) if task["data"]["name"] == FIRST)
    people.annotate(worked_on, [])
    assert len(people.pictures(handle)) == 6
    labels = tool.collect(handle, asked)
    assert [(picture.name, picture.boxes) for picture in labels.pictures] == [(FIRST, ())]
    assert tool.request(asked) == handle
    assert people.pictures(handle) == [FIRST, SECOND, LAST]
    assert people.task(handle, FIRST)["id"] == worked_on


def test_large_pictures_travel_alone(
    label_studio: LabelStudioServer,
    people: LabelStudioPeople,
    asked: LabelRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labelstudio_import, "_BYTES_AT_ONCE", 1)
    handle = _tool(label_studio).request(asked)
    assert people.pictures(handle) == [FIRST, SECOND, LAST]


def test_two_who_ask_at_once_make_one_project(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    handles = list[str]()

    def ask() -> None:
        for _ in range(30):  # its SQLite refuses one of two writers
            try:
                handles.append(_tool(label_studio).request(asked))
            except TransientError:
                continue
            except PermanentError as error:
                assert error.code == "labels_gone"  # the later project, which its maker deleted
                continue
            return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(handles) == 2
    # Both have seen the other's project by now, and each picture.
    assert _tool(label_studio).request(asked) in handles
    assert len({*handles}) == 1
    assert people.places(asked.task_id) == 1
    assert people.pictures(handles[0]) == [FIRST, SECOND, LAST]


def test_a_webhook_rings_with_the_secret_of_its_project(
    label_studio: LabelStudioServer, people: LabelStudioPeople, asked: LabelRequest
) -> None:
    with web_receiver() as gateway:
        tool = _tool(label_studio, labeling_webhook_url=gateway.url("/"))
        handle = tool.request(asked)
        assert tool.request(asked) == handle
        number = handle.partition(":")[0]
        hooks = label_studio.call("GET", "/api/webhooks/", params={"project": number})
        assert len(hooks) == 1, "asking again adds none"
        people.label(handle, FIRST, unchanged)
        until(lambda: gateway.posts, 60)
    post = gateway.posts[0]
    assert post.path == f"/labeling/webhooks/{asked.task_id}"
    given = {name.lower(): value for name, value in post.headers.items()}[SECRET_HEADER.lower()]
    assert is_from_labeling(label_studio.token, handle, given)
    assert not is_from_labeling(label_studio.token, f"{number}:{uuid.uuid4()}", given)
    assert not is_from_labeling("another token", handle, given)


def test_pictures_from_elsewhere_are_labelled_here_and_come_back(
    label_studio: LabelStudioServer, people: LabelStudioPeople, tmp_path: Path
) -> None:
    options = LabelingOptions(AnalysisOptions(), 10, "folder", "pets")
    task = Task(str(uuid.uuid4()), "storage:areas/ada/visits/", options)
    given = {"labeling_url": label_studio.labeling_url, "labeling_token": label_studio.token}
    with toolbox(tmp_path / "storage", **given) as tools:
        labelled_scene(tools.paths.root / "areas" / "ada" / "visits", seed=5, pictures=4)
        select_pictures(tools, task)
        requested = request_labels(tools, task)
        assert requested is not None
        handle = str(requested["handle"])
        proposed = read_document(tools.paths.proposals(task.id), Proposals).labels.pictures
        names = [f"{task.id}-{number:06d}.jpg" for number in range(4)]
        assert people.pictures(handle) == names
        shown = [len(people.task(handle, name)["predictions"][0]["result"]) for name in names]
        assert shown == [len(picture.boxes) for picture in proposed]
        assert sum(shown) >= 4
        people.finish(handle)
        output = collect_labels(tools, task)
        assert output is not None
        assert output["labelled"] == 4
        said = read_coco(tools.paths.collected(task.id) / "labels.json")
        assert [picture.name for picture in said.pictures] == names
        tools.labeling.remove(handle)
