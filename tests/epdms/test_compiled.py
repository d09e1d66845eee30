"""Compiled code never outlives its source."""

from pathlib import Path

from irlvla import compiling
from irlvla.epdms import compiled
from irlvla.epdms.geometry import project


def test_any_change_in_the_room_gives_a_new_fingerprint(tmp_path):
    (tmp_path / "a.py").write_text("one = 1")
    first = compiling.fingerprint(tmp_path)
    assert compiling.fingerprint(tmp_path) == first
    (tmp_path / "a.py").write_text("one = 2")
    changed = compiling.fingerprint(tmp_path)
    (tmp_path / "b.py").write_text("")
    assert len({first, changed, compiling.fingerprint(tmp_path)}) == 3


def test_functions_are_kept_under_the_fingerprint_of_the_room():
    room = Path(compiled.__file__).parent
    assert compiled.CACHE_FOLDER.name == compiling.fingerprint(room)
    kept = Path(project._cache.cache_path)
    assert compiled.CACHE_FOLDER in (kept, *kept.parents)
