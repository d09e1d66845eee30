"""Models on disk: ``config.json`` with the sizes, ``model.safetensors`` with the weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from safetensors.torch import load_file, save_file
from torch import nn

from irlvla.errors import InputError
from irlvla.model.config import ModelConfig

CONFIG, WEIGHTS = "config.json", "model.safetensors"
ModelT = TypeVar("ModelT", bound=nn.Module)


def save_model(model: nn.Module, config: ModelConfig, folder: str | Path) -> None:
    """Write ``model`` and its sizes into ``folder``, which is made if it is not there."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    described = {"model": type(model).__name__, "config": config.to_dict()}
    (folder / CONFIG).write_text(json.dumps(described, indent=2) + "\n")
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / WEIGHTS)


def load_model(build: Callable[[ModelConfig], ModelT], name: str, source: str | Path) -> ModelT:
    """Build the model called ``name`` and fill it from a folder or a hub repository, in evaluation mode.

    Raises:
        InputError: if a file is missing, is another model's, or does not fit the sizes beside it.
    """
    folder = _folder(source)
    for file in (CONFIG, WEIGHTS):
        if not (folder / file).is_file():
            raise InputError(folder, f"{file} is missing", f"give a folder written by {name}.save_pretrained")
    try:
        described = json.loads((folder / CONFIG).read_text())
        found, config = described["model"], ModelConfig.from_dict(described["config"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(folder / CONFIG, f"not a model's configuration ({error!r})", "save the model again") from error
    if found != name:
        raise InputError(folder, f"holds a {found}", f"give a {name}")
    model = build(config)
    weights = load_file(folder / WEIGHTS)
    expected = model.state_dict()
    wrong = list(expected.keys() ^ weights.keys()) or [k for k, v in expected.items() if weights[k].shape != v.shape]
    if wrong:
        raise InputError(folder / WEIGHTS, f"weights do not fit {CONFIG}, first {min(wrong)}", "save the model again")
    model.load_state_dict(weights)
    return model.eval()


def _folder(source: str | Path) -> Path:
    """``source`` if it is a folder, else the local copy of that hub repository."""
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(source), allow_patterns=[CONFIG, WEIGHTS]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        mend = "give a folder that exists or a hub repository (owner/name) that can be reached"
        raise InputError(source, f"neither a folder nor a hub repository ({type(error).__name__})", mend) from error
