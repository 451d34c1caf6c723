"""Weights run over pictures that the parent sends, batch after batch."""

import sys

import numpy as np
import torch

from shared.training.child.faults import told_as
from shared.training.child.network import from_pixels
from shared.training.child.telling import Telling
from shared.training.child.versions import device, device_name
from shared.training.child.weights import read_weights
from shared.training.frames import read_frame, write_frame
from shared.training.jobs import ForwardJob, WeightsFacts


def forward(job: ForwardJob, telling: Telling) -> None:
    """Say what the weights are, then answer each batch of pictures until the input ends.

    A batch is uint8 (B, H, W, 3) RGB and its answer float32 (B, 4 + C, A): what the exported file
    gives, by torch.

    Raises:
        PermanentError: `foreign_weights`.
    """
    torch.set_num_threads(job.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    trained = read_weights(job.weights)
    place = device()
    net = from_pixels(trained.net).to(place)
    provenance = {
        "runtime": "torch",
        "version": str(torch.__version__),
        "device": device_name(),
        "precision": "float32",
    }
    telling.result(WeightsFacts(trained.classes, trained.size, provenance))
    while (images := read_frame(sys.stdin.buffer)) is not None:
        try:
            with torch.inference_mode():
                found = net(torch.from_numpy(images).to(place)).cpu().numpy()
        except (RuntimeError, MemoryError) as error:
            write_frame(telling.pipe, told_as(error))
        else:
            write_frame(telling.pipe, np.ascontiguousarray(found, np.float32))
