"""Trackloop against `model.track` of ultralytics: frames a second, ours over theirs.

Both take the same ONNX file at the same input size, BoT-SORT without camera motion and without
appearance, as many threads as cores, no overlay. Model loading and warm-up are not timed.

- detect+track: from the normalised video to tracks.parquet, against tracking the same video.
- one in flight: the same, with one inference at a time that uses every core, as theirs does;
  what is left is the rest of the path.
- whole run: every step from the source file to the results folder (it decodes the video once
  more to validate it, and writes every result), against tracking the source file.
"""

from collections.abc import Iterator
from functools import partial

from benchmarks.case import Case
from benchmarks.child import cores, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, speed, take
from benchmarks.materials import DEMO_FLOAT, VTEST, over

NAME = "vs_ultralytics"
_OURS, _THEIRS = "benchmarks.trackloop_run", "benchmarks.ultralytics_run:track"


def figures(bench: Bench) -> Iterator[Figure]:
    """Three figures for each of the two cases."""
    return over(
        (VTEST, DEMO_FLOAT),
        NAME,
        bench.work,
        lambda case: (take(bench, pairing) for pairing in _pairings(case)),
    )


def _pairings(case: Case) -> Iterator[Pairing]:
    one = f"onnx://?in_flight=1&intra_op={cores()}"
    ours, theirs = partial(measure, case=case), partial(measure, _THEIRS, case)
    rows = (
        ("detect+track", theirs, partial(ours, f"{_OURS}:detect_and_track"), Target("≥", 1.35)),
        (
            "one in flight",
            theirs,
            partial(ours, f"{_OURS}:detect_and_track", url=one),
            Target("≥", 1.0),
        ),
        ("whole run", partial(theirs, source=True), partial(ours, f"{_OURS}:whole_run"), None),
    )
    for name, a, b, target in rows:
        yield Pairing(
            benchmark=NAME,
            name=f"{case.name}: {name}",
            a=Side("ultralytics", a),
            b=Side("trackloop", b),
            value=lambda run: run.rate,
            describe=speed,
            target=target,
        )
