"""`GET /tasks/{id}/tracks`."""

import pytest

from api_gateway.client import Client
from api_gateway.main import create_app
from api_gateway.serving import bound, serving
from tests.support.gateway import Service
from tests.support.rows import stored_task, track_summary


@pytest.fixture
def task_id(served_on_both: Service) -> str:
    """A task of ada's with three people and a cat."""
    database = served_on_both.gateway.database
    task_id = stored_task(database)
    with database.begin() as unit:
        names = ("person", "person", "cat", "person")
        tracks = [track_summary(n, class_name=name) for n, name in enumerate(names, start=1)]
        unit.tracks.replace(task_id, tracks)
    return task_id


def test_a_track_says_who_was_where_from_when_to_when(
    served_on_both: Service, task_id: str
) -> None:
    answer = served_on_both.client().get(f"/tasks/{task_id}/tracks").json()
    assert answer["next"] is None
    assert len(answer["tracks"]) == 4
    assert answer["tracks"][0] == {
        "track_id": 1, "class_id": 0, "class_name": "person", "first_frame": 3, "last_frame": 7,
        "first_seconds": 0.3, "last_seconds": 0.7, "observations": 5, "mean_confidence": 0.7512,
        "max_confidence": 0.9, "path_pixels": 12.5, "first_box": [1.0, 2.25, 30.0, 40.5],
        "last_box": [13.5, 2.25, 42.5, 40.5],
    }  # fmt: skip


def test_pages_of_a_class_end(served_on_both: Service, task_id: str) -> None:
    client, url = served_on_both.client(), f"/tasks/{task_id}/tracks"
    asked = {"class_name": "person", "limit": 2}
    first = client.get(url, params=asked).json()
    assert ([track["track_id"] for track in first["tracks"]], first["next"]) == ([1, 2], 2)
    last = client.get(url, params={**asked, "after": 2}).json()
    assert ([track["track_id"] for track in last["tracks"]], last["next"]) == ([4], None)
    both = client.get(url, params={"class_name": ["person", "cat"]}).json()
    assert len(both["tracks"]) == 4
    assert client.get(url, params={"class_name": "a\0"}).json() == {"tracks": [], "next": None}


def test_tracks_of_others_and_of_erased_tasks_are_not_there(
    served_on_both: Service, task_id: str
) -> None:
    url = f"/tasks/{task_id}/tracks"
    refused = served_on_both.client("bob").get(url)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_task")
    assert served_on_both.anonymous.get(url).status_code == 401
    ada = served_on_both.client()
    assert ada.delete(f"/tasks/{task_id}").status_code == 204
    assert ada.get(url).status_code == 404
    assert ada.get("/tasks/a%00b/tracks").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "after=-1", f"after={2**63}"])
def test_a_page_that_cannot_be_is_refused(
    served_on_both: Service, task_id: str, query: str
) -> None:
    answer = served_on_both.client().get(f"/tasks/{task_id}/tracks?{query}")
    assert answer.status_code == 422


def test_the_client_reads_one_page_after_the_other(served_on_both: Service, task_id: str) -> None:
    gateway, numbers = served_on_both.gateway, range(1, 2002)
    with gateway.database.begin() as unit:
        unit.tracks.replace(task_id, [track_summary(n) for n in numbers])
    key = served_on_both.key("ada", "read")
    with (
        bound("127.0.0.1", 0) as address,
        serving(create_app(gateway), address.socket),
        Client(address.url, key) as client,
    ):
        assert [track["track_id"] for track in client.tracks(task_id)] == list(numbers)
        assert list(client.tracks(task_id, ["cat"])) == []
