"""Camera trunk: the first part of MobileNetV2, in plain PyTorch.

Parameter names are those of the usual ImageNet files (``features.3.conv.1.0.weight`` ...), so such a file loads as it
is. Reference: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks".
"""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from irlvla.errors import InputError

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, repeats and stride of the first repeat, stage by stage (table 2 of the reference)."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ConvNorm(nn.Sequential):
    """Convolution, batch norm with fixed statistics, ReLU6; computed as one convolution, which halves the time."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, h, w]`` to ``[B, outputs, h / stride, w / stride]``."""
        return self[2](folded(self[0], self[1], x))


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """``norm(conv(x))`` with the norm's stored statistics, as one convolution."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    bias = norm.bias - norm.running_mean * scale
    return functional.conv2d(
        x, conv.weight * scale.view(-1, 1, 1, 1), bias, conv.stride, conv.padding, groups=conv.groups
    )


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow again; added to its input where the shapes allow."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        widen = [ConvNorm(inputs, hidden, 1)] if expansion != 1 else []
        narrow = [nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*widen, ConvNorm(hidden, hidden, 3, stride, groups=hidden), *narrow)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, h, w]`` to ``[B, outputs, h / stride, w / stride]``."""
        *wide, conv, norm = self.conv
        y = x
        for layer in wide:
            y = layer(y)
        y = folded(conv, norm, y)
        return x + y if self.residual else y


def mobilenet_v2(blocks: int) -> nn.Sequential:
    """The stem and the first ``blocks`` inverted residual blocks (at most 17)."""
    layers: list[nn.Module] = [ConvNorm(3, 32, 3, stride=2)]
    channels = 32
    for expansion, outputs, repeats, stride in STAGES:
        for repeat in range(repeats):
            layers.append(InvertedResidual(channels, outputs, stride if repeat == 0 else 1, expansion))
            channels = outputs
    return nn.Sequential(*layers[: blocks + 1])


def channels_after(blocks: int) -> int:
    """Channels of the feature map after ``blocks`` blocks."""
    return [32, *(outputs for _, outputs, repeats, _ in STAGES for _ in range(repeats))][blocks]


class CameraTrunk(nn.Module):
    """Pictures to feature maps, every camera alike.

    Batch statistics stay as loaded, in training too (the pictures of one batch are too alike to estimate them). A
    frozen trunk trains nothing at all, so its features may be computed once and kept.

    Args:
        blocks: how many blocks of MobileNetV2 are used. 6 end at stride 8, 13 at stride 16, 17 at stride 32.
        frozen: whether the weights stay as they are.
    """

    def __init__(self, blocks: int, frozen: bool) -> None:
        super().__init__()
        self.features = mobilenet_v2(blocks)
        self.channels = channels_after(blocks)
        self.frozen = frozen
        for module in self.features.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        self.requires_grad_(not frozen)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """``[B, C, H, W, 3]`` uint8 to ``[B, C, F, h, w]`` float32."""
        mean, std = (255 * torch.tensor(v, device=images.device) for v in (IMAGENET_MEAN, IMAGENET_STD))
        at_once = 8 if images.device.type == "cpu" else 512  # a few stay in a CPU's cache: up to 4 times faster
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            parts = [
                self.features(((part - mean) / std).permute(0, 3, 1, 2)) for part in images.flatten(0, 1).split(at_once)
            ]
            return torch.cat(parts).unflatten(0, images.shape[:2])


def load_imagenet(trunk: CameraTrunk, file: Path | bytes) -> None:
    """Fill ``trunk`` from an ImageNet checkpoint of MobileNetV2 (a ``.pth`` state dictionary, by path or content).

    Raises:
        InputError: if the file cannot be read or lacks a weight that the trunk needs.
    """
    where = file if isinstance(file, Path) else "MobileNetV2 weights"
    try:
        state: dict[str, Any] = torch.load(
            io.BytesIO(file) if isinstance(file, bytes) else file, map_location="cpu", weights_only=True
        )
    except Exception as error:  # a damaged file can make the loader raise nearly anything
        raise InputError(where, f"not a readable PyTorch checkpoint ({error})", "download it again") from error
    needed = trunk.state_dict()
    wrong = [k for k, v in needed.items() if k not in state or state[k].shape != v.shape]
    if wrong:
        mend = "give the ImageNet checkpoint of MobileNetV2 at width 1.0"
        raise InputError(where, f"{len(wrong)} weights are missing or of another shape, first {wrong[0]}", mend)
    trunk.load_state_dict({k: state[k] for k in needed})
