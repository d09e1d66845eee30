"""Checkpoints: any nested state of tensors and plain values as one safetensors file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from irlvla.errors import InputError
from irlvla.scene.store import write_atomically


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write ``state`` (dicts, lists, tensors, numbers, strings, None; dict keys may be ints) atomically."""
    tensors: dict[str, torch.Tensor] = {}

    def outline(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            name = str(len(tensors))
            tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
            return {"tensor": name}
        if isinstance(value, Mapping):
            return {"dict": [[key, outline(item)] for key, item in value.items()]}
        if isinstance(value, list | tuple):
            return {"list": [outline(item) for item in value]}
        return value

    write_atomically(path, save(tensors, {"outline": json.dumps(outline(state))}))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what :func:`save_checkpoint` wrote (tuples come back as lists).

    Raises:
        InputError: if the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})["outline"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (FileNotFoundError, SafetensorError, KeyError) as error:
        raise InputError(path, f"cannot be read as a checkpoint ({error})", "delete it and train again") from None

    def filled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "tensor" in value:
            return tensors[value["tensor"]]
        if "list" in value:
            return [filled(item) for item in value["list"]]
        return {key: filled(item) for key, item in value["dict"]}

    state: dict[str, Any] = filled(json.loads(text))
    return state
