"""What Triton is given: a folder that names the model's bytes and says how it is to run."""

from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import text_format
from onnx import TensorProto
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig, ModelInstanceGroup

from shared.errors import InvalidInputError, ModelError
from shared.inference.models import Model
from shared.inference.triton_address import TritonAddress
from shared.inference.triton_config import VERSION, describe
from shared.inference.triton_repository import stage_folder
from shared.storage.files import sha256_of
from tests.support.tiny_models import TinyModel

HERE = TritonAddress("127.0.0.1:8001")
BATCHED = TinyModel(dtype="uint8", layout="NHWC", dynamic_batch=True)


def _config(model: Model, address: TritonAddress = HERE) -> ModelConfig:
    found: ModelConfig = text_format.Parse(describe(model, address).document, ModelConfig())
    return found


def test_cameras_and_chunks_share_batches_of_bytes(tmp_path: Path) -> None:
    model = BATCHED.in_folder(tmp_path)
    config = _config(model)
    assert config.platform == "onnxruntime_onnx"
    assert config.max_batch_size == 8
    assert config.HasField("dynamic_batching")
    assert config.version_policy.HasField("all")
    (pixels,), (output,) = config.input, config.output
    assert (pixels.name, list(pixels.dims)) == ("images", [64, 96, 3])
    assert (output.name, list(output.dims)) == ("output", [7, 126])
    assert config.parameters["trackloop_sha256"].string_value == model.manifest.sha256
    assert config.parameters["intra_op_thread_count"].string_value == "1"


def test_a_network_with_a_fixed_batch_makes_none(tmp_path: Path) -> None:
    config = _config(TinyModel().in_folder(tmp_path))
    assert config.max_batch_size == 0
    assert not config.HasField("dynamic_batching")
    assert list(config.input[0].dims) == [1, 3, 64, 96]
    assert list(config.output[0].dims) == [1, 7, 126]


def test_what_depends_on_the_picture_is_left_open(tmp_path: Path) -> None:
    model = TinyModel(dynamic_size=True).in_folder(tmp_path)
    assert list(_config(model).input[0].dims) == [1, 3, -1, -1]
    assert describe(model, HERE).output_shape is None


def test_an_answer_of_half_precision_is_not_read_as_float32(tmp_path: Path) -> None:
    network = BATCHED.build()
    network.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    path = tmp_path / "model.onnx"
    path.write_bytes(network.SerializeToString())
    model = Model(BATCHED.manifest(sha256_of(path)), path)
    assert DataType.Name(_config(model).output[0].data_type) == "TYPE_FP16"
    assert describe(model, HERE).output_shape is None
    assert describe(BATCHED.in_folder(tmp_path), HERE).output_shape == (7, 126)


def test_a_name_out_of_a_file_adds_no_line_of_its_own(tmp_path: Path) -> None:
    odd = 'output" data_type: TYPE_FP32 dims: [ 7 ] }\n]\nbackend: "python" output [ { name: "\\é'
    network = BATCHED.build()
    network.graph.output[0].name = odd
    path = tmp_path / "model.onnx"
    path.write_bytes(network.SerializeToString())
    config = _config(Model(BATCHED.manifest(sha256_of(path)), path))
    assert [each.name for each in config.output] == [odd]
    assert not config.backend


@pytest.mark.parametrize(
    ("device", "kind"), [("auto", "KIND_AUTO"), ("cpu", "KIND_CPU"), ("gpu", "KIND_GPU")]
)
def test_it_runs_where_the_url_says(device: str, kind: str, tmp_path: Path) -> None:
    address = replace(HERE, device=device, instances=3)
    (group,) = _config(BATCHED.in_folder(tmp_path), address).instance_group
    assert ModelInstanceGroup.Kind.Name(group.kind) == kind
    assert group.count == 3


def test_models_share_a_name_only_where_they_answer_alike(tmp_path: Path) -> None:
    model = BATCHED.in_folder(tmp_path)
    other = tmp_path / "other.onnx"
    replace(BATCHED, metadata={"a": "b"}).save(other)
    changed = Model(replace(model.manifest, sha256=sha256_of(other)), other)
    alone = Model(
        replace(model.manifest, input=replace(model.manifest.input, max_batch=1)), model.path
    )
    on_gpu = describe(model, replace(HERE, device="gpu")).name
    names = {describe(each, HERE).name for each in (model, changed, alone)} | {on_gpu}
    assert len(names) == 4
    renumbered = Model(replace(model.manifest, version="7"), model.path)
    assert describe(renumbered, HERE).name in names, "rolled back, it is there already"
    assert all(name.startswith("tiny-") for name in names)


def test_a_folder_appears_whole_and_once(tmp_path: Path) -> None:
    model, repository = BATCHED.in_folder(tmp_path), tmp_path / "repository"
    served = describe(model, HERE)
    folder = stage_folder(repository, served, model.manifest)
    assert folder == repository / served.name
    assert (folder / VERSION / "model.onnx").read_bytes() == model.read()
    assert (folder / "labels.txt").read_text() == "a\nb\nc\n"
    before = {each: each.stat().st_mtime_ns for each in folder.rglob("*")}
    assert stage_folder(repository, served, model.manifest) == folder
    assert {each: each.stat().st_mtime_ns for each in folder.rglob("*")} == before
    assert [each.name for each in repository.iterdir()] == [served.name]


def test_what_changed_in_the_repository_is_not_served(tmp_path: Path) -> None:
    model, repository = BATCHED.in_folder(tmp_path), tmp_path / "repository"
    served = describe(model, HERE)
    file = stage_folder(repository, served, model.manifest) / VERSION / "model.onnx"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelError, match=f"remove the folder {served.name}") as refused:
        stage_folder(repository, served, model.manifest)
    assert refused.value.code == "model_changed"


def test_what_a_killed_worker_left_goes_with_the_next_model(tmp_path: Path) -> None:
    model, repository = BATCHED.in_folder(tmp_path), tmp_path / "repository"
    served = describe(model, HERE)
    left = repository / ".part-of-a-killed-one"
    (left / "version").mkdir(parents=True)
    (left / ".lock").touch()
    stage_folder(repository, served, model.manifest)
    assert [each.name for each in repository.iterdir()] == [served.name]


def test_nothing_is_left_of_what_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, repository = BATCHED.in_folder(tmp_path), tmp_path / "repository"
    served = describe(model, HERE)

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shared.inference.triton_repository.to_json", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stage_folder(repository, served, model.manifest)
    assert not list(repository.iterdir())
    stage_folder(repository, served, model.manifest)


def test_a_repository_that_is_none_is_named(tmp_path: Path) -> None:
    model = BATCHED.in_folder(tmp_path)
    with pytest.raises(InvalidInputError, match="TRACKLOOP_INFERENCE_URL") as refused:
        stage_folder(model.path / "repository", describe(model, HERE), model.manifest)
    assert refused.value.code == "repository_not_writable"


def test_what_is_no_network_is_not_described(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    with pytest.raises(ModelError) as refused:
        describe(Model(BATCHED.manifest(sha256_of(path)), path), HERE)
    assert refused.value.code == "model_does_not_run"
