"""`/models`: what may be named, what serves, and what made room for newer versions."""

from shared.inference.prune import prune_versions
from tests.support.deployed_versions import deploy_versions
from tests.support.gateway import Service


def test_a_pruned_version_is_shown_as_such_and_refused_by_name(served: Service) -> None:
    models = served.gateway.models
    deploy_versions(models, 4)
    prune_versions(models, 1, lambda: ())
    ada = served.client()
    listed = [each for each in ada.get("/models").json()["models"] if each["name"] == "tiny"]
    assert [(each["version"], each["state"]) for each in listed] == [
        ("1", "pruned"), ("2", "pruned"), ("3", "kept"), ("4", "serving"),
    ]  # fmt: skip
    assert listed[0]["metrics"] == {"deployed_by": "some-task"}
    wish = {"file_path": "https://cameras.example/a.mp4", "options": {"model": "tiny@1"}}
    refused = ada.post("/tasks", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "model_pruned")
    assert "name tiny for the one that serves" in refused.json()["detail"]
    again = ada.post("/models/tiny@1/inference", json={"data_path": "a.mp4"})
    assert (again.status_code, again.json()["code"]) == (409, "model_pruned")
    kept = wish | {"options": {"model": "tiny@3"}}
    assert ada.post("/tasks", json=kept).status_code == 202
