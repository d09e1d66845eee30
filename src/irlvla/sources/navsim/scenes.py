"""From the frames of a window to a scene: map, route, reference and traffic as the benchmark's metric caching has them.

Before anything is judged the route is repaired from the ego's place, and the planner that sets the reference drives
along it and stops at its red lights. **Quirk**: judged are the red lights of the route as recorded.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.pdm_closed import pdm_closed_reference
from irlvla.epdms.vehicle import REAR_TO_CENTRE
from irlvla.errors import InputError
from irlvla.scene import CameraRig, HDMap, Scene, SceneTruth, Sight, Trajectory
from irlvla.scene.frames import poses_to_local, to_global
from irlvla.sources.language import instruct
from irlvla.sources.navsim.detections import EVERY, MOMENTS, red_lights_of, tracks_of
from irlvla.sources.navsim.frames import HISTORY, Camera, Frame
from irlvla.sources.navsim.logs import Window
from irlvla.sources.nuplan_map import City, centre_line, repaired_route, route_lanes, surroundings
from irlvla.sources.pictures import picture_size

PICTURE = (1920, 1080)
"""Width and height of recorded pictures [pixels], where there is none to tell."""
_INTERVAL = 0.1 * EVERY


def sight_of(window: Window, pictures: Path | None) -> Sight:
    """What a policy may know of the scene of a window.

    Args:
        window: four frames of history, now among them.
        pictures: the folder below which its pictures lie; None leaves them out.

    Raises:
        InputError: if it has no four frames of history, or its first picture cannot be opened.
    """
    now = window.now
    if len(window.history) < HISTORY:
        what = f"has {len(window.history)} frames of history"
        raise InputError(f"scene {now.token}", what, f"take a split with {HISTORY}")
    frames = window.history[-HISTORY:]
    poses = np.array([frame.pose for frame in frames])
    files = None if pictures is None else tuple(str(pictures / camera.file) for camera in now.cameras.values())
    size = picture_size(Path(files[0])) if files else PICTURE
    return Sight(
        token=now.token,
        log=window.log,
        source="navsim",
        history=np.column_stack([poses_to_local(poses, now.pose), _motions(frames)]),
        command=now.command,
        cameras=rig_of(now.cameras, size) if now.cameras else CameraRig.navsim(),
        pictures=files,
        lidar=None if pictures is None or now.lidar is None else str(pictures / now.lidar),
        instruction=instruct(now.command),
    )


def scene_of(window: Window, city: City, pictures: Path | None) -> Scene:
    """The scene of a window with all that is needed to judge in it.

    Raises:
        InputError: if its record ends before 4 s, its route is not in the map, or it cannot be judged.
    """
    sight, now = sight_of(window, pictures), window.now
    if len(window.moments) < MOMENTS:
        seconds = _INTERVAL * (len(window.moments) - 1)
        raise InputError(f"scene {now.token}", f"its record ends after {seconds} s", "take scenes with 4 s of future")
    recorded = tuple(dict.fromkeys(now.roadblocks))
    route = repaired_route(city, now.pose, recorded)
    line = centre_line(city, now.pose, route)
    both = tuple(dict.fromkeys((*recorded, *route)))
    red = red_lights_of(window.moments, _connectors(city, both))
    judged = set(_connectors(city, recorded).values())
    truth = SceneTruth(
        t0_us=now.t_us,
        ego=np.concatenate([now.pose, now.velocity, now.acceleration, np.zeros(4)]),
        past=_past(window.history[-HISTORY:]),
        map=_map_around(city, now.pose, both, {light.connector for light in red}),
        route=route_lanes(city, route),
        centerline=line.points,
        centerline_lines=line.lines,
        speed_limit=line.speed_limit,
        tracks=tracks_of(window.moments),
        red_lights=red,
        obeyed=tuple(light.connector for light in red if light.connector in judged),
        reference=np.zeros((0, 3)),  # until PDM-Closed has seen the scene
        reference_kind="pdm-closed",
        human=None if window.human is None else Trajectory(window.human, _INTERVAL),
    )
    reference = pdm_closed_reference(truth, f"scene {now.token}")
    return Scene(**vars(sight), truth=replace(truth, reference=reference))


def rig_of(cameras: Mapping[str, Camera], size: tuple[int, int]) -> CameraRig:
    """The rig of the cameras of one frame, for pictures of ``size``; their pixel centres lay at whole numbers."""
    shift = np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    return CameraRig(
        names=tuple(cameras),
        width=size[0],
        height=size[1],
        intrinsics=np.stack([camera.intrinsics + shift for camera in cameras.values()]),
        camera_to_ego=np.stack([camera.camera_to_ego for camera in cameras.values()]),
        distortion=np.stack([camera.distortion for camera in cameras.values()]),
    )


def _map_around(city: City, pose: NDArray[np.float64], route: Sequence[str], red: Collection[str]) -> HDMap:
    """The map round an ego with its rear axle at ``pose``, and the ``red`` connectors of these blocks, near or not."""
    near = surroundings(city, to_global(np.array([REAR_TO_CENTRE, 0.0]), pose))
    network = city.network
    far = [lane for lane in network.lanes_of(network.blocks(route, city.where)) if city.map.ids[lane] in red]
    polygons = np.union1d(near.polygons, np.array(far, np.int32))
    lanes = polygons[polygons < len(network.lane_ids)]  # the first polygons of the map, as its first lines, are lanes
    return city.map.part(polygons, np.union1d(near.lines, lanes))


def _connectors(city: City, roadblocks: tuple[str, ...]) -> dict[str, str]:
    """Names of the polygons of a route's lanes and connectors, by their ids in the map."""
    return {name.rpartition("/")[2]: name for name in route_lanes(city, roadblocks)}


def _motions(frames: tuple[Frame, ...]) -> NDArray[np.float64]:
    return np.array([[*frame.velocity, *frame.acceleration] for frame in frames])


def _past(frames: tuple[Frame, ...]) -> NDArray[np.float64]:
    offsets = [float(frame.t_us - frames[-1].t_us) for frame in frames]
    return np.column_stack([offsets, [frame.pose for frame in frames], _motions(frames)])
