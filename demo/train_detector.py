"""Trains the bundled detector on synthetic rooms: about three quarters of an hour on two cores.

    python -m demo.train_detector --out triton_models/pet_hotel

Needs the `train` extra. The seeds here are used for nothing else: the demo is seed 7, trackers
are tuned on 100 to 119, and results are reported on 1 to 5.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from demo import detector_net
from demo.detector_files import write_model_folder
from demo.training_set import write_training_set
from shared.training.quiet import quiet_environment

TRAIN_SEEDS = range(1000, 1100)
VAL_SEEDS = range(1900, 1906)


def main() -> None:
    """Render, train, export, and publish the model's folder."""
    options = _arguments()
    with tempfile.TemporaryDirectory(prefix="pet-hotel-") as temporary:
        work = Path(options.work or temporary).resolve()
        work.mkdir(parents=True, exist_ok=True)
        data = work / "set" / "data.yaml"
        if not data.exists():
            data = write_training_set(work / "set", train=TRAIN_SEEDS, val=VAL_SEEDS)
        quiet_environment(work / "config")
        model, result = detector_net.train(
            data,
            work,
            epochs=options.epochs,
            threads=options.threads,
            seed=options.seed,
        )
        onnx_file = work / "model.onnx"
        detector_net.to_onnx(model, onnx_file)
        frames = len(list((work / "set" / "images" / "train").iterdir()))
        metrics = {
            "mAP50": round(float(result.box.map50), 4),
            "mAP50_95": round(float(result.box.map), 4),
            "trained_on": f"{frames} synthetic frames of rooms {TRAIN_SEEDS[0]} to "
            f"{TRAIN_SEEDS[-1]}, measured on rooms {VAL_SEEDS[0]} to {VAL_SEEDS[-1]}",
        }
        size = (detector_net.INPUT_HEIGHT, detector_net.INPUT_WIDTH)
        write_model_folder(options.out, onnx_file, size, metrics)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the bundled pet hotel detector.")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--epochs", type=int, default=26)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="keep the frames and the run here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
