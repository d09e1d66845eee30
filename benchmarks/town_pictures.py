"""Draws ten towns from above and through eight cameras: `python -m benchmarks.town_pictures docs/pictures`."""

import sys
from pathlib import Path
from textwrap import wrap

from irlvla.evaluation.birdseye import around, draw
from irlvla.scene import CameraRig, Scene
from irlvla.sources import render
from irlvla.sources.town import SPLITS, TownSettings, make_log

COUNT = 10


def main(folder: Path) -> None:
    """Write ``town_00.jpg`` to ``town_09.jpg``: a scene of each of ten held-out seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    seed, drawn = SPLITS["test"], 0
    while drawn < COUNT:
        log = make_log(seed, TownSettings())
        seed += 1
        if log.scenes:
            scene = log.scenes[(len(log.scenes) * drawn // COUNT) | 1]
            page(scene, folder / f"town_{drawn:02d}.jpg")
            print(f"town_{drawn:02d}", scene.token, scene.truth.scenery.weather, scene.instruction)
            print("   ", " / ".join(f"{question} {answer}" for question, answer in scene.truth.language.answers))
            drawn += 1


def page(scene: Scene, path: Path) -> None:
    """The scene from above on the left, its eight cameras as they look around the car on the right."""
    from matplotlib.figure import Figure

    rig = CameraRig.navsim(384, 216)
    images = render(scene, rig)
    places = around(list(rig.names))
    figure = Figure(figsize=(15.6, 5.4), dpi=90)
    draw(figure.add_axes((0.0, 0.0, 5.4 / 15.6, 1.0)), scene, {}, 42.0)
    for image, name in zip(images, rig.names, strict=True):
        row, column = places[name]
        left, bottom = (5.5 + 3.37 * column) / 15.6, (3.62 - 1.8 * row) / 5.4
        axes = figure.add_axes((left, bottom, 3.3 / 15.6, 1.76 / 5.4))
        axes.imshow(image, aspect="auto")
        axes.set_axis_off()
    middle = figure.add_axes(((5.5 + 3.37) / 15.6, (3.62 - 1.8) / 5.4, 3.3 / 15.6, 1.76 / 5.4))
    middle.set_axis_off()
    said = [scene.instruction, "", *(answer for _, answer in scene.truth.language.answers)]
    words = "\n".join(line for sentence in said for line in wrap(sentence, 62) or [""])
    middle.text(0.02, 0.97, words, fontsize=7, va="top")
    figure.savefig(path, pil_kwargs={"quality": 85})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
