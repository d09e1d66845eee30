"""What cameras with lenses and a lidar record of a made-up ride."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from irlvla.scene import CameraRig, Scene
from irlvla.scene.cameras import NAVSIM_CAMERAS, mount
from irlvla.sources.render import render

FULL_SIZE = (1920, 1080)
FOCAL, CENTRE = 1545.0, (960.0, 560.0)
"""Of the fleet's cameras at full size [pixels], as :class:`CameraRig` counts: pixel centres lie at half integers."""

LENS = (-0.356, 0.1725, -0.0021, 0.0005, -0.0523)
_QUALITY = 90
_SPACING = 6  # pixels


def lens_rig(seed: int, size: tuple[int, int]) -> CameraRig:
    """Eight cameras of one car: some centimetres, tenths of a degree and per cent from those of another."""
    rng = np.random.default_rng([seed, 5])
    scale = np.array([size[0] / FULL_SIZE[0], size[1] / FULL_SIZE[1]])
    intrinsics, poses, lenses = [], [], []
    for x, y, z, yaw in NAVSIM_CAMERAS.values():
        dx, dy, dz, dyaw, pitch, stretch, bend = rng.uniform(-1, 1, 7)
        focal = FOCAL * (1 + 0.01 * stretch) * scale
        centre = CENTRE * scale
        intrinsics.append([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1]])
        turned = np.radians([yaw + 0.5 * dyaw, 0.5 * pitch])
        poses.append(mount(x + 0.03 * dx, y + 0.03 * dy, z + 0.03 * dz, *turned))
        lenses.append(np.multiply(LENS, 1 + 0.1 * bend))
    return CameraRig(tuple(NAVSIM_CAMERAS), *size, np.array(intrinsics), np.stack(poses), np.stack(lenses))


def calibration(rig: CameraRig, camera: int) -> dict[str, np.ndarray]:
    """What a log says of a camera. OpenCV, whose model it is, counts pixel centres as integers."""
    matrix = rig.intrinsics[camera].copy()
    matrix[:2, 2] -= 0.5
    return {
        "sensor2lidar_rotation": rig.camera_to_ego[camera, :3, :3].copy(),
        "sensor2lidar_translation": rig.camera_to_ego[camera, :3, 3].copy(),
        "cam_intrinsic": matrix,
        "distortion": rig.distortion[camera].copy(),
    }


class Lenses:
    """Takes pictures through the lenses of a rig."""

    def __init__(self, rig: CameraRig) -> None:
        rays = _rays(rig)
        focal, centre = rig.intrinsics[:, None, None, [0, 1], [0, 1]], rig.intrinsics[:, None, None, :2, 2]
        places = focal * rays + centre  # where a pinhole camera has what each pixel sees
        size = np.array([rig.width, rig.height])
        outside = np.maximum(-places, places - size).max((0, 1, 2))
        margin = np.ceil(np.maximum(outside, 0)).astype(int) + 1
        width, height = (size + 2 * margin).tolist()
        matrices = rig.intrinsics.copy()
        matrices[:, :2, 2] += margin
        self.wide = CameraRig(rig.names, width, height, matrices, rig.camera_to_ego)
        self.grid = torch.from_numpy((2 * (places + margin) / [width, height] - 1).astype(np.float32))

    def take(self, scene: Scene) -> np.ndarray:
        """Pictures ``[C, H, W, 3]`` of a scene: pinhole pictures of a larger view, bent as the lenses do."""
        wide = torch.from_numpy(render(scene, self.wide)).permute(0, 3, 1, 2).float()
        bent = torch.nn.functional.grid_sample(wide, self.grid, padding_mode="border", align_corners=False)
        return bent.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def _rays(rig: CameraRig) -> np.ndarray:
    """``[C, H, W, 2]`` x and y at depth 1 that the lens puts on each pixel; only some are computed, to 0.05 pixels."""
    columns, rows = (np.linspace(0.5, size - 0.5, size // _SPACING) for size in (rig.width, rig.height))
    pixels = np.stack(np.meshgrid(columns, rows), -1)
    focal, centre = rig.intrinsics[:, None, None, [0, 1], [0, 1]], rig.intrinsics[:, None, None, :2, 2]
    rays = torch.from_numpy(_unbent((pixels - centre) / focal, rig.distortion[:, None, None])).permute(0, 3, 1, 2)
    size = (rig.height, rig.width)
    return torch.nn.functional.interpolate(rays, size, mode="bilinear", align_corners=True).permute(0, 2, 3, 1).numpy()


def _unbent(seen: np.ndarray, lens: np.ndarray) -> np.ndarray:
    """Rays that a lens puts at ``seen [..., 2]``, by fixed-point iteration."""
    k1, k2, p1, p2, k3 = np.moveaxis(lens, -1, 0)
    x, y = seen[..., 0].copy(), seen[..., 1].copy()
    for _ in range(40):
        r2 = x * x + y * y
        radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
        x, y = (
            (seen[..., 0] - 2 * p1 * x * y - p2 * (r2 + 2 * x * x)) / radial,
            (seen[..., 1] - p1 * (r2 + 2 * y * y) - 2 * p2 * x * y) / radial,
        )
    return np.stack([x, y], -1)


def save_picture(picture: np.ndarray, path: Path) -> None:
    """Write a JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=_QUALITY)


def save_points(boxes: np.ndarray, path: Path) -> None:
    """Write a point cloud: hits on the ``boxes [n, 7]`` of the others and on the road, and a little rubbish after."""
    rng = np.random.default_rng(len(boxes))
    ground = np.column_stack([rng.uniform(-30, 30, (200, 2)), np.zeros(200)])
    hits = np.concatenate([ground, boxes[:, :3] - [0, 0, 0.5]])
    row = np.dtype(
        [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "u1"), ("ring", "u1"), ("lidar_info", "u1")]
    )
    points = np.zeros(len(hits), row)
    points["x"], points["y"], points["z"] = hits.T
    points["intensity"], points["ring"] = rng.integers(0, 256, len(hits)), rng.integers(0, 40, len(hits))
    points["lidar_info"] = rng.integers(0, 5, len(hits))
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z intensity ring lidar_info\n"
        f"SIZE 4 4 4 1 1 1\nTYPE F F F U U U\nCOUNT 1 1 1 1 1 1\nWIDTH {len(hits)}\nHEIGHT 1\n"
        f"VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(hits)}\nDATA binary\n"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.encode() + points.tobytes() + bytes(16))


def read_points(path: Path) -> np.ndarray:
    """``[6, n]`` float32 of such a file, read as its header says."""
    content = path.read_bytes()
    header, data = content.split(b"DATA binary\n", 1)
    fields = {line.split()[0]: line.split()[1:] for line in header.decode().splitlines()}
    kinds = [f"<{kind.lower()}{size}" for kind, size in zip(fields["TYPE"], fields["SIZE"], strict=True)]
    row = np.dtype(list(zip(fields["FIELDS"], kinds, strict=True)))
    points = np.frombuffer(data, row, int(fields["POINTS"][0]))
    return np.stack([points[name].astype(np.float32) for name in fields["FIELDS"]])
