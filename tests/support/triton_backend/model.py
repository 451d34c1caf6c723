"""A stand-in for Triton's ONNX back end, of the same name, on its Python back end.

It serves model folders as they are: `platform: "onnxruntime_onnx"`, `1/model.onnx`. It runs in the
server's stub process, which has no Trackloop.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb


class TritonPythonModel:
    def initialize(self, args):
        self.config = json.loads(args["model_config"])
        folder = Path(args["model_repository"]) / args["model_version"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        self.session = ort.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.input = self.config["input"][0]["name"]
        self.output = self.config["output"][0]["name"]
        self.batched = self.config["max_batch_size"] > 0

    def execute(self, requests):
        given = [pb.get_input_tensor_by_name(each, self.input).as_numpy() for each in requests]
        if not self.batched:
            return [self.answer(lambda pixels=each: self.run(pixels)) for each in given]
        try:
            whole = self.run(np.concatenate(given))
        except Exception as error:  # noqa: BLE001  (the server is told)
            return [refusal(error)] * len(given)
        answers, first = [], 0
        for each in given:
            answers.append(self.answer(lambda first=first, each=each: part(whole, first, each)))
            first += len(each)
        return answers

    def run(self, pixels):
        (output,) = self.session.run([self.output], {self.input: pixels})
        return output

    def answer(self, compute):
        try:
            output = np.ascontiguousarray(compute())
        except Exception as error:  # noqa: BLE001  (likewise)
            return refusal(error)
        return pb.InferenceResponse([pb.Tensor(self.output, output)])


def part(whole, first, pictures):
    """Whole is what came out for all requests together."""
    if first == 0 and len(whole) < len(pictures):
        raise ValueError(
            f"onnx runtime error: gave {len(whole)} outputs for {len(pictures)} pictures"
        )
    return whole[first : first + len(pictures)]


def refusal(error):
    """As the real one puts it."""
    said = str(error)
    said = said if said.startswith("onnx runtime error") else f"onnx runtime error: {said}"
    return pb.InferenceResponse(error=pb.TritonError(said))
