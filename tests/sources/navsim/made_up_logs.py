"""Logs of made-up rides: two frames a second, with every key that OpenScene's have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np

from irlvla.scene import CameraRig, Command, ObjectKind, Scene
from irlvla.scene.frames import to_local, wrap
from irlvla.sources.town.ride import Ride
from irlvla.sources.town.scenes import cut_scene
from tests.sources.navsim.made_up_map import MappedTown
from tests.sources.navsim.made_up_pictures import calibration, lens_rig
from tests.sources.navsim.made_up_rides import NEAR, Driven, View, view

EVERY, FRAME = 5, 0.5
"""From one frame to the next: steps of a ride, seconds."""

NO_ROUTE = 13
"""The frame that no route is known for."""

_FIRST_STAMP = 1_621_000_000_000_000
_SCENE_FRAMES = 14  # after which a log has a new scene token
_JITTERED = 7  # one frame in so many is late or early
_HEIGHT = 12.5  # of the road above the sea [m]


def token(*parts: Any, length: int = 16) -> str:
    """A token of hexadecimal digits that only these ``parts`` have."""
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()[:length]


@dataclass(frozen=True)
class MadeUpLog:
    """A log and the ride that it tells of.

    Attributes:
        name: as nuPlan names logs.
        split: the data split that it lies in.
        driven: the ride.
        mapped: the town, in its city.
        rig: the cameras, with their lenses.
        flickers: something that stands and that every fifth frame does not have, if there is such a thing.
    """

    name: str
    split: str
    driven: Driven
    mapped: MappedTown
    rig: CameraRig
    flickers: str | None

    @property
    def ride(self) -> Ride:
        """Of the expert, in the town's coordinates; step ``5 k`` is frame ``k``."""
        return self.driven.ride

    def __len__(self) -> int:
        return (len(self.ride) - 1) // EVERY + 1

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """Of the frames."""
        return tuple(token(self.name, k) for k in range(len(self)))

    def late(self, k: int) -> float:
        """How late frame ``k`` comes [s]; most are on time."""
        return 0.001 * (2 + k % 3) * (-1) ** k if k % _JITTERED == _JITTERED - 1 else 0.0

    def stamp(self, seconds: float) -> int:
        """Time stamp [us] so many seconds after the first frame."""
        return _FIRST_STAMP + 10_000_000_000 * (self.mapped.town.seed % 97) + round(1e6 * seconds)

    def seconds(self, k: int) -> float:
        """When frame ``k`` was taken, after the first."""
        return FRAME * k + self.late(k)

    @cached_property
    def poses(self) -> np.ndarray:
        """``[F, 3]`` of the rear axle in every frame, in the city's coordinates."""
        return self.in_city(np.stack([self.seen(k).ego[:3] for k in range(len(self))]))

    def in_city(self, poses: np.ndarray) -> np.ndarray:
        """``[..., x y ...]`` of the town's coordinates in the city's."""
        moved = poses.copy()
        moved[..., :2] += self.mapped.shift
        return moved

    def seen(self, k: int) -> View:
        """The ego and all others in frame ``k``, in the town's coordinates."""
        return view(self.ride, self.seconds(k))

    def scene(self, k: int) -> Scene:
        """The town's own scene whose "now" is frame ``k``, in the town's coordinates (frames on time)."""
        return cut_scene(self.ride, EVERY * k, self.driven.weather, self.rig.pinhole(), self.tokens[k], None)


def made_up_log(driven: Driven, mapped: MappedTown, split: str, size: tuple[int, int]) -> MadeUpLog:
    """The log of a ride, with pictures of a ``size``."""
    seed = mapped.town.seed
    day, car = f"2021.{seed % 5 + 5:02d}.{seed % 27 + 1:02d}.14.{seed % 59:02d}.10", f"veh-{seed % 50:02d}"
    name = f"{day}_{car}_{seed // 100_000:05d}_{seed % 100_000:05d}"
    others = driven.ride.observed
    standing = (others.velocities == 0).all((1, 2)) & others.valid.all(1)
    standing[0] = False
    near = np.linalg.norm(others.poses[:, :, :2] - driven.ride.motion[:, :2], axis=2) < NEAR
    often = (near & standing[:, None]).sum(1)
    flickers = others.names[int(often.argmax())] if often.any() else None
    return MadeUpLog(name, split, driven, mapped, lens_rig(seed, size), flickers)


def frames(log: MadeUpLog) -> list[dict[str, Any]]:
    """The content of the log's pickle."""
    return [frame(log, k) for k in range(len(log))]


def frame(log: MadeUpLog, k: int) -> dict[str, Any]:
    """One of them."""
    seen = log.seen(k)
    missing = {log.flickers} if k % 5 == 2 else set()
    scene = k // _SCENE_FRAMES
    return {
        "token": log.tokens[k],
        "frame_idx": k % _SCENE_FRAMES,
        "timestamp": log.stamp(log.seconds(k)),
        "log_name": log.name,
        "log_token": token(log.name),
        "scene_name": f"log-0001-scene-{scene:04d}",
        "scene_token": token(log.name, "scene", scene),
        "map_location": log.mapped.city.name,
        "roadblock_ids": route(log, k),
        "vehicle_name": log.name.split("_")[1],
        "lidar_path": f"{log.name}/MergedPointCloud/{log.tokens[k]}.pcd",
        "traffic_lights": lights(log, seen),
        "driving_command": command(seen.command if route(log, k) else Command.UNKNOWN),
        "cams": cams(log, k, f"{log.name}/"),
        "sample_prev": log.tokens[k - 1] if k else None,
        "sample_next": log.tokens[k + 1] if k + 1 < len(log) else None,
        "occ_gt_final_path": f"openscene-v1.1/occupancy/{log.split}/{log.name}/{k:03d}_occ_final.npy",
        "flow_gt_final_path": f"openscene-v1.1/occupancy/{log.split}/{log.name}/{k:03d}_flow_final.npy",
        **motion(log, seen, k),
        "anns": {f"gt_{name}" if "token" not in name else name: value
                 for name, value in annotations(log, seen, log.tokens[k], missing).items()},
    }  # fmt: skip


def motion(log: MadeUpLog, seen: View, k: int) -> dict[str, Any]:
    """Where the ego is and how it moves; the road is not level."""
    x, y = seen.ego[:2] + log.mapped.shift
    roll, pitch = np.radians([1.2, 1.7]) * np.sin([0.4 * k + 0.5, 0.3 * k + 1.0])
    quaternion = turned(roll, pitch, seen.ego[2])
    vx, vy, ax, ay = seen.ego[3:7].tolist()
    can_bus = np.array([x, y, _HEIGHT, *quaternion, ax, ay, 9.81, vx, vy, 0.0, 0.0, 0.0, seen.ego[9], 0.0, 0.0])
    ego2global = np.eye(4)
    ego2global[:3, :3], ego2global[:3, 3] = rotation(quaternion), can_bus[:3]
    return {
        "can_bus": can_bus,
        "lidar2ego_translation": np.zeros(3),
        "lidar2ego_rotation": [1.0, 0.0, 0.0, 0.0],
        "ego2global_translation": can_bus[:3],
        "ego2global_rotation": can_bus[3:7],
        "ego_dynamic_state": [vx, vy, ax, ay],
        "ego2global": ego2global,
        "lidar2ego": np.eye(4),
        "lidar2global": ego2global.copy(),
    }


def turned(roll: float, pitch: float, yaw: float) -> np.ndarray:
    """Quaternion ``[w, x, y, z]`` of a car that turns by ``yaw`` on ground tilted by the other two: yaw comes first.

    This is the order in which NAVSIM's quaternions are taken apart; the usual order would give yaw a little otherwise.
    """
    halves = [(np.cos(angle / 2), np.sin(angle / 2)) for angle in (roll, pitch, yaw)]
    about = [np.array([c, *(s * axis)]) for (c, s), axis in zip(halves, np.eye(3), strict=True)]
    return _product(_product(about[0], about[1]), about[2])


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array([a[0] * b[0] - a[1:] @ b[1:], *(a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:]))])


def rotation(quaternion: np.ndarray) -> np.ndarray:
    """``[3, 3]`` matrix of a quaternion ``[w, x, y, z]``."""
    columns = [
        _product(_product(quaternion, np.array([0.0, *axis])), quaternion * [1, -1, -1, -1]) for axis in np.eye(3)
    ]
    return np.stack([column[1:] for column in columns], 1)


def annotations(log: MadeUpLog, seen: View, frame: str, missing: Collection[str | None] = ()) -> dict[str, Any]:
    """Boxes of the others in the ego's frame, and their names."""
    there = [n for n, name in enumerate(seen.names) if name not in missing]
    poses, sizes, ego = seen.poses[there], seen.sizes[there], seen.ego
    velocities = to_local(seen.velocities[there], np.array([0.0, 0.0, ego[2]]))
    heights = sizes[:, 2:] / 2 - 0.3
    boxes = np.column_stack([to_local(poses[:, :2], ego[:3]), heights, sizes, wrap(poses[:, 2] - ego[2])])
    return {
        "boxes": boxes,
        "names": np.array([ObjectKind(seen.kinds[n]).name.lower() for n in there], dtype="<U14"),
        "velocity_3d": np.column_stack([velocities, np.zeros(len(there))]),
        "instance_tokens": [token(frame, seen.names[n]) for n in there],
        "track_tokens": [track_token(log, seen.names[n]) for n in there],
    }


def track_token(log: MadeUpLog, name: str) -> str:
    """What an object of the ride is called in the whole log."""
    return token(log.name, "track", name)


def lights(log: MadeUpLog, seen: View) -> list[tuple[int, bool]]:
    """Lane connectors with lights, and whether they are red."""
    return [(log.mapped.fids[connector], red) for connector, red in seen.lights]


def command(given: Command) -> np.ndarray:
    """One-hot."""
    hot = np.zeros(4, int)
    hot[given] = 1
    return hot


def blocks_of(log: MadeUpLog, lanes: Sequence[int]) -> list[str]:
    """Numbers of the roadblocks along ``lanes``, each once."""
    names = dict.fromkeys(log.mapped.blocks[lane] for lane in lanes)
    return [str(log.mapped.fids[name]) for name in names]


def block_under(log: MadeUpLog, k: int) -> str:
    """Number of the roadblock, or roadblock connector, that the ego is on in frame ``k``."""
    way = log.ride.way
    leg = int(np.searchsorted(way.starts, log.ride.travelled[EVERY * k], side="right")) - 1
    return blocks_of(log, way.lanes[leg : leg + 1].tolist())[0]


def route(log: MadeUpLog, k: int) -> list[str]:
    """Roadblocks of the ride's route as frame ``k`` has them: some lack a link, repeat one, or begin farther on."""
    whole = blocks_of(log, log.ride.way.lanes.tolist())
    if k == NO_ROUTE:
        return []
    if k % 6 == 4 and len(whole) > 2:
        return whole[:1] + whole[2:]
    if k % 6 == 5:
        return whole[:1] + whole
    if k % 8 == 7:
        return whole[whole.index(block_under(log, k)) + 1 :] or whole
    return whole


def cams(log: MadeUpLog, k: int, folder: str) -> dict[str, dict[str, Any]]:
    """Calibration of all cameras and where their pictures lie, below ``folder``."""
    return {
        name: {"data_path": f"{folder}{name}/{token(log.tokens[k], name)}.jpg", **calibration(log.rig, camera)}
        for camera, name in enumerate(log.rig.names)
    }
