"""How fast the town and its cameras are."""

import json

from irlvla.commands.options import Json


def town(scenes: int = 200, workers: int = 2, seconds: float = 10.0, as_json: Json = False) -> int:
    """Time the town: scenes made a second, and environment steps a second on one core with and without cameras.

    Args:
        scenes: How many scenes to make.
        workers: Processes that make them.
        seconds: How long the environment is stepped, each way.
        as_json: Print one JSON object for machines.
    """
    from irlvla.sources.town.bench import bench

    found = bench(scenes, workers, seconds)
    text = "\n".join(f"{name}: {value:.1f}" for name, value in found.items())
    print(json.dumps(found) if as_json else text)
    return 0


def render(width: int = 256, height: int = 144, seconds: float = 3.0, as_json: Json = False) -> int:
    """Time the renderer on one core: pictures a second of a busy made-up scene, through NAVSIM's eight cameras.

    Args:
        width: Of a picture [pixels].
        height: Of a picture [pixels].
        seconds: How long to draw.
        as_json: Print one JSON object for machines.
    """
    from irlvla.sources.render.bench import bench

    found = bench(width, height, seconds)
    text = f"{found['images_per_s']:,.0f} images a second of {width} x {height}, {found['cameras']} cameras"
    print(json.dumps(found) if as_json else text)
    return 0
