"""Where the parts of a NAVSIM download lie."""

import os
from dataclasses import dataclass
from pathlib import Path

from irlvla.errors import InputError

DATA, MAPS, DEVKIT = "OPENSCENE_DATA_ROOT", "NUPLAN_MAPS_ROOT", "NAVSIM_DEVKIT_ROOT"
"""Environment variables, those of the benchmark itself."""

_SPLITS_IN_DEVKIT = "navsim/planning/script/config/common/train_test_split"


@dataclass(frozen=True)
class Places:
    """The folders of a download.

    Attributes:
        data: holds ``navsim_logs``, ``sensor_blobs`` and the folders of two-stage splits.
        maps: holds ``nuplan-maps-v1.0.json`` and a folder a city; None where nothing is judged.
        splits: holds ``navtrain.yaml`` and its like, and ``scene_filter/``.
    """

    data: Path
    maps: Path | None
    splits: Path

    @classmethod
    def of(cls, data: Path | None = None, maps: Path | None = None, splits: Path | None = None) -> "Places":
        """From what is given, else from the environment.

        Raises:
            InputError: if a folder is neither given nor named by the environment, or is not there.
        """
        return cls(data_folder(data), _folder(maps, MAPS, "--maps", "the nuPlan maps"), splits_folder(splits))

    @classmethod
    def without_maps(cls, data: Path | None = None, splits: Path | None = None) -> "Places":
        """From what is given, else from the environment; enough to plan, not to judge.

        Raises:
            InputError: if a folder is neither given nor named by the environment, or is not there.
        """
        return cls(data_folder(data), None, splits_folder(splits))

    def logs(self, part: str) -> Path:
        """Log pickles of one part of the data ("test", "trainval", "mini", ...)."""
        return self.data / "navsim_logs" / part

    def pictures(self, part: str) -> Path:
        """Recorded pictures and point clouds of one part of the data."""
        return self.data / "sensor_blobs" / part

    def second_stage(self, split: str) -> Path:
        """Pickles of the second-stage scenes of a split; those of secret splits come without truth."""
        known = self.data / split / "synthetic_scene_pickles"
        secret = self.data / split / "openscene_meta_datas"
        return secret if not known.is_dir() and secret.is_dir() else known

    def second_stage_pictures(self, split: str) -> Path:
        """Pictures of the second-stage scenes of a split."""
        return self.data / split / "sensor_blobs"


def data_folder(data: Path | None) -> Path:
    """The folder of the download, as given or from the environment.

    Raises:
        InputError: if neither names one that is there.
    """
    return _folder(data, DATA, "--data", "navsim_logs and sensor_blobs")


def splits_folder(splits: Path | None) -> Path:
    """The folder of the splits' YAML files, as given or from the devkit's checkout.

    Raises:
        InputError: if neither names one that is there.
    """
    devkit = os.environ.get(DEVKIT)
    if splits is None and devkit:
        splits = Path(devkit) / _SPLITS_IN_DEVKIT
    return _folder(splits, DEVKIT, "--splits", "a checkout of github.com/autonomousvision/navsim")


def _folder(given: Path | None, variable: str, option: str, what: str) -> Path:
    if given is None and not os.environ.get(variable):
        raise InputError(variable, "is not set", f"set it to the folder with {what}, or give {option}")
    folder = Path(os.environ[variable]) if given is None else given
    if not folder.is_dir():
        raise InputError(folder, "is not there", f"give the folder with {what} by {option} or {variable}")
    return folder
