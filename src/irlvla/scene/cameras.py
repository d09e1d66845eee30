"""Camera rigs: cameras fixed to the ego."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Position (x, y, z) [m] in the ego frame (rear axle, on the ground) and yaw [deg] of NAVSIM's eight cameras. Rounded
# from public calibration of the nuPlan fleet, whose cars differ by a few centimetres; our choice of a typical car.
NAVSIM_CAMERAS = {
    "CAM_F0": (1.65, 0.0, 1.55, 0.0),
    "CAM_L0": (1.60, 0.15, 1.55, 55.0),
    "CAM_L1": (1.30, 0.45, 1.50, 110.0),
    "CAM_L2": (0.95, 0.50, 1.50, 145.0),
    "CAM_R0": (1.60, -0.15, 1.55, -55.0),
    "CAM_R1": (1.30, -0.45, 1.50, -110.0),
    "CAM_R2": (0.95, -0.50, 1.50, -145.0),
    "CAM_B0": (0.50, 0.0, 1.55, 180.0),
}
NAVSIM_HORIZONTAL_FOV = np.radians(64.0)


@dataclass(frozen=True)
class CameraRig:
    """``C`` cameras of one picture size.

    Attributes:
        names: name of each camera.
        width, height: picture size [pixels].
        intrinsics: ``[C, 3, 3]`` float64; pixel centres lie at half integers.
        camera_to_ego: ``[C, 4, 4]`` float64, rigid; camera frame x right, y down, z into the picture; ego frame of the
            rear axle on the ground, x forward, y left, z up.
        distortion: ``[C, 5]`` what the lenses do to recorded pictures, k1, k2, p1, p2, k3 of the Brown-Conrady model in
            OpenCV's order; empty for pinhole cameras.
    """

    names: tuple[str, ...]
    width: int
    height: int
    intrinsics: NDArray[np.float64]
    camera_to_ego: NDArray[np.float64]
    distortion: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def navsim(cls, width: int = 256, height: int = 144) -> "CameraRig":
        """NAVSIM's eight cameras (front, three left, three right, back), at any picture size."""
        poses = [mount(x, y, z, np.radians(yaw)) for x, y, z, yaw in NAVSIM_CAMERAS.values()]
        focal = width / 2 / np.tan(NAVSIM_HORIZONTAL_FOV / 2)
        intrinsics = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
        return cls(tuple(NAVSIM_CAMERAS), width, height, np.stack([intrinsics] * len(poses)), np.stack(poses))

    def resized(self, width: int, height: int) -> "CameraRig":
        """The same cameras with pictures of another size (the field of view stays)."""
        scale = np.diag([width / self.width, height / self.height, 1.0])
        return CameraRig(self.names, width, height, scale @ self.intrinsics, self.camera_to_ego, self.distortion)

    def chosen(self, names: tuple[str, ...]) -> "CameraRig":
        """The cameras of these names, which the rig must have, in that order."""
        places = [self.names.index(name) for name in names]
        lenses = self.distortion[places] if len(self.distortion) else self.distortion
        return CameraRig(names, self.width, self.height, self.intrinsics[places], self.camera_to_ego[places], lenses)

    def pinhole(self) -> "CameraRig":
        """The same cameras without what their lenses do."""
        return CameraRig(self.names, self.width, self.height, self.intrinsics, self.camera_to_ego)


def mount(x: float, y: float, z: float, yaw: float, pitch: float = 0.0) -> NDArray[np.float64]:
    """``camera_to_ego [4, 4]`` of a camera at ``(x, y, z)`` [m] that looks along ``yaw`` and ``pitch`` down [rad]."""
    forward = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
    right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = (
        right,
        np.cross(forward, right),
        forward,
        (x, y, z),
    )
    return matrix
