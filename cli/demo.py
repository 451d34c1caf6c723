"""`trackloop demo`: the main job on the project's own scene, scored against its truth."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.progress_bar import ProgressBar
from shared.domain.task import AnalysisOptions
from shared.settings import load_settings

if TYPE_CHECKING:
    from demo.scene import Scene
    from shared.tracking.metrics import Scores

SHEET = "contact_sheet.png"


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the scene and the results.")] = Path(
        "demo_out"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Which scene; equal seeds, equal bytes.")] = 7,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the scene.")] = 40.0,
    loop: Annotated[
        bool, typer.Option("--loop", help="Label, train, deploy and re-analyse; needs torch.")
    ] = False,
) -> None:
    """Render the pet hotel, analyse each camera, and score the tracks against the truth.

    With --loop: one camera, by a weak model; then a better one is trained on the scene's truth.
    """
    if loop:
        from cli.demo_loop import demo_loop

        demo_loop(out, seed, seconds, _rendering)
        return
    from demo.scene import generate
    from shared.bootstrap import bootstrap
    from shared.storage.files import publishing
    from shared.vision.contact_sheet import write_contact_sheet

    console = Console()
    with ProgressBar(console) as progress, bootstrap(load_settings(), progress) as tools:
        from cli.analyse import analyse

        scene = generate(out / "scene", seed=seed, seconds=seconds, progress=_rendering(progress))
        for camera in scene.cameras:
            progress.begin(f"{camera.name} ")
            analyse(tools, camera.video, AnalysisOptions(), out / camera.name)
    overlays = [out / camera.name / "overlaid_results.mp4" for camera in scene.cameras]
    with publishing(out / SHEET) as partial:
        write_contact_sheet(overlays, partial)
    _print(console, out, scene)


def _rendering(progress: ProgressBar) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        progress.report("", "render", done, total, "frames")

    return report


def _print(console: Console, out: Path, scene: "Scene") -> None:
    from shared.tracking.metrics import score
    from shared.tracking.mot_format import read_mot

    table = Table("camera", "HOTA", "IDF1", "MOTA", "visits", "tracks", "id switches")
    for camera in scene.cameras:
        found = score(read_mot(camera.truth), read_mot(out / camera.name / "mot.txt"), "all")
        table.add_row(camera.name, *_cells(found))
    console.print(table)
    for camera in scene.cameras:
        console.print(escape(f"results of {camera.name}: {out / camera.name}"), soft_wrap=True)
    console.print(escape(f"truth: {scene.folder}"), soft_wrap=True)
    console.print(escape(f"contact sheet: {out / SHEET}"), soft_wrap=True)


def _cells(found: "Scores") -> list[str]:
    ratios = [f"{value:.3f}" for value in (found.hota, found.idf1, found.mota)]
    counts = [str(value) for value in (found.gt_ids, found.tracked_ids, found.id_switches)]
    return ratios + counts
