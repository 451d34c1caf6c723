"""What the cameras can see of a body standing at a place on the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo.backdrop import Backdrop
from demo.camera import HEIGHT, WIDTH, Camera

LEVELS = (0.08, 0.35, 0.65, 0.92)


class Sightlines:
    """Answers from the empty room: furniture and walls hide, other subjects do not."""

    def __init__(self, cameras: list[Camera], backdrops: list[Backdrop]) -> None:
        self._views = list(zip(cameras, backdrops, strict=True))

    def hidden(self, points: NDArray[np.float64], tallness: float) -> NDArray[np.bool_]:
        """(n, 2) floor metres → (cameras, n): inside the image, yet wholly behind something."""
        result = []
        for camera, backdrop in self._views:
            depth = camera.floor_depth(points)
            any_inside = np.zeros(len(points), bool)
            any_seen = np.zeros(len(points), bool)
            for level in LEVELS:
                inside, surface = _look(camera, backdrop, points, level * tallness)
                any_inside |= inside
                any_seen |= inside & (surface > depth)
            result.append(any_inside & ~any_seen)
        return np.stack(result)


def _look(
    camera: Camera, backdrop: Backdrop, points: NDArray[np.float64], height: float
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Whether each point, raised by `height` metres, is in the image, and the surface there."""
    raised = np.column_stack([points, np.full(len(points), height)])
    pixels, depth = camera.project(raised)
    u, v = np.floor(pixels).astype(int).T
    inside = (u >= 0) & (u < WIDTH) & (v >= 0) & (v < HEIGHT) & (depth > 0.5)
    return inside, backdrop.surface[v.clip(0, HEIGHT - 1), u.clip(0, WIDTH - 1)]
