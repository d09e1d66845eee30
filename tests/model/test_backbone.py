import io

import pytest
import torch
from torch import nn
from torch.nn import functional

from irlvla.errors import InputError
from irlvla.model import CameraTrunk, load_imagenet
from irlvla.model.backbone import channels_after, mobilenet_v2

FULL = mobilenet_v2(17)


def checkpoint(state: dict[str, torch.Tensor]) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def imagenet_like() -> dict[str, torch.Tensor]:
    """A state dictionary as ImageNet files have it, with statistics that are not the defaults."""
    generator = torch.Generator().manual_seed(0)
    state = {f"features.{k}": v.clone() for k, v in FULL.state_dict().items()}
    for name, value in state.items():
        if name.endswith(("running_mean", "bias")):
            value.copy_(0.1 * torch.randn(value.shape, generator=generator))
        if name.endswith("running_var"):
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return {**state, "classifier.1.weight": torch.zeros(1000, 1280)}


@pytest.mark.parametrize(("blocks", "channels", "stride"), [(6, 32, 8), (13, 96, 16), (17, 320, 32)])
def test_feature_maps_have_the_stride_and_channels_of_the_table(blocks, channels, stride):
    trunk = CameraTrunk(blocks, frozen=True)
    features = trunk(torch.zeros(2, 3, 64, 96, 3, dtype=torch.uint8))
    assert features.shape == (2, 3, channels, 64 // stride, 96 // stride)
    assert trunk.channels == channels == channels_after(blocks)


def test_names_and_shapes_are_those_of_imagenet_files():
    shapes = {f"features.{k}": tuple(v.shape) for k, v in FULL.state_dict().items()}
    assert shapes["features.0.0.weight"] == (32, 3, 3, 3)
    assert shapes["features.1.conv.1.weight"] == (16, 32, 1, 1)
    assert shapes["features.2.conv.0.0.weight"] == (96, 16, 1, 1)
    assert shapes["features.14.conv.1.0.weight"] == (576, 1, 3, 3)
    assert shapes["features.17.conv.3.running_var"] == (320,)
    assert len(shapes) == 314 - 6 - 2  # all but the last convolution, its norm, and the classifier


def test_loaded_trunk_computes_convolution_then_norm():
    """The folded norms against PyTorch's own, layer by layer."""
    state = imagenet_like()
    trunk = CameraTrunk(6, frozen=True).eval()
    load_imagenet(trunk, checkpoint(state))

    def plain(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
        if isinstance(module, nn.Sequential):
            for layer in module:
                x = plain(layer, x)
            return x
        if hasattr(module, "conv"):
            y = plain(module.conv, x)
            return x + y if module.residual else y
        return module(x)

    images = torch.randint(0, 256, (1, 2, 32, 48, 3), dtype=torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pictures = ((images[0] / 255 - mean) / std).permute(0, 3, 1, 2)
    torch.testing.assert_close(trunk(images)[0], plain(trunk.features, pictures), rtol=1e-4, atol=1e-4)


def test_pictures_are_independent_however_many_come_at_once():
    trunk = CameraTrunk(6, frozen=True)
    images = torch.randint(0, 256, (3, 7, 32, 32, 3), dtype=torch.uint8)
    torch.testing.assert_close(trunk(images)[2, 4], trunk(images[2:, 4:5])[0, 0], rtol=1e-4, atol=1e-5)


def test_training_mode_changes_neither_output_nor_statistics():
    trunk = CameraTrunk(6, frozen=False).train()
    images = torch.randint(0, 256, (1, 1, 32, 32, 3), dtype=torch.uint8)
    before = {k: v.clone() for k, v in trunk.state_dict().items()}
    assert torch.equal(trunk(images), trunk(images))
    assert all(torch.equal(before[k], v) for k, v in trunk.state_dict().items())


def test_frozen_trunk_gets_no_gradient_and_a_free_one_does():
    images = torch.randint(0, 256, (1, 2, 32, 32, 3), dtype=torch.uint8)
    assert not CameraTrunk(6, frozen=True)(images).requires_grad
    free = CameraTrunk(6, frozen=False)
    functional.mse_loss(free(images), torch.ones(1, 2, 32, 4, 4)).backward()
    assert all(p.grad is not None for p in free.parameters())


def test_unusable_checkpoints_are_named(tmp_path):
    trunk = CameraTrunk(6, frozen=True)
    state = imagenet_like()
    del state["features.3.conv.3.running_mean"]
    with pytest.raises(InputError, match=r"features\.3\.conv\.3\.running_mean"):
        load_imagenet(trunk, checkpoint(state))
    broken = tmp_path / "weights.pth"
    broken.write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match=r"weights\.pth"):
        load_imagenet(trunk, broken)
