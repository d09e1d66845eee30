"""The scene store: a folder of checksummed shards, one a log, that are read lazily and written atomically.

``store.json`` names the format, its version, and for each log its shard, the shard's SHA-256, its map and its scenes.
A map is stored once, under the hash of its content, however many logs refer to it; a scene may see a part of it.
Recorded pictures stay where they are: the store knows their folder, and each scene its files. Shards are safetensors
files: no pickle, and rows are read without the rest. A log is in the store whole or not at all, so an import that was
stopped goes on where it was.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, overload

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from irlvla.errors import InputError
from irlvla.scene.columns import Columns, pack, pack_map, unpack, unpack_map
from irlvla.scene.hdmap import HDMap
from irlvla.scene.scene import Scene

FORMAT, VERSION = "irlvla-scenes", 5
_MANIFEST = "store.json"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        InputError: if it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise InputError(path, f"cannot be written ({error.strerror})", "choose another place") from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(folder, f"is no scene store (no {_MANIFEST})", "make one with `irlvla data import`") from None
    except ValueError as error:
        raise InputError(path, f"is not valid JSON ({error})", "import the scenes again") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(path, f"is not a {FORMAT} file", "make a store with `irlvla data import`")
    if manifest.get("version") != VERSION:
        raise InputError(
            path,
            f"has version {manifest.get('version')}, this irlvla reads version {VERSION}",
            "import the scenes again, or use the irlvla that wrote it",
        )
    return manifest


@dataclass(frozen=True)
class Shard:
    """One log on disk: its file and map (below the store's folder, None for a log without scenes), and its tokens."""

    file: str | None
    sha256: str | None
    map: str | None
    tokens: list[str]


class ShardWriter:
    """Writes logs into the folder of a store; several processes may do so at once, each with its own.

    Args:
        folder: of the store.
        pictures: the folder from which the recorded pictures of the scenes are named; None names them as they are.
    """

    def __init__(self, folder: Path | str, pictures: Path | None = None) -> None:
        self.folder = Path(folder)
        self.pictures = pictures
        self._written: tuple[HDMap, str] | None = None  # the map last written: logs of one city come together

    def write(self, log: str, scenes: Iterable[Scene]) -> Shard:
        """Write all scenes of a log, whose maps are one map or parts of one.

        Raises:
            ValueError: if the scenes do not share one map object or name another log.
        """
        scenes = [self._named(scene) for scene in scenes]
        if not scenes:
            return Shard(None, None, None, [])
        whole = scenes[0].truth.map.whole
        if any(s.truth.map.whole is not whole for s in scenes) or any(s.log != log for s in scenes):
            raise ValueError(f"scenes added as log {log!r} must all be of it and share one map object")
        content = _saved(*pack(scenes))
        file = f"logs/{_file_name(log)}.safetensors"
        map_file = self._write_map(whole)
        write_atomically(self.folder / file, content)
        return Shard(file, hashlib.sha256(content).hexdigest(), map_file, [s.token for s in scenes])

    def _named(self, scene: Scene) -> Scene:
        folder = self.pictures
        return scene if folder is None else _files_renamed(scene, lambda file: os.path.relpath(file, folder))

    def _write_map(self, hdmap: HDMap) -> str:
        if self._written is None or self._written[0] is not hdmap or not (self.folder / self._written[1]).exists():
            columns, texts = pack_map(hdmap)
            file = f"maps/{_content_hash(columns, texts)}.safetensors"
            if not (self.folder / file).exists():
                write_atomically(self.folder / file, _saved(columns, texts))
            self._written = hdmap, file
        return self._written[1]


def _files_renamed(scene: Scene, renamed: Callable[[str], str]) -> Scene:
    """The scene with other names for the files of its pictures and its point cloud."""
    return replace(
        scene,
        pictures=None if scene.pictures is None else tuple(map(renamed, scene.pictures)),
        lidar=None if scene.lidar is None else renamed(scene.lidar),
    )


class StoreWriter:
    """Adds logs to a store, which it makes where there is none.

    ``with StoreWriter(folder) as writer: writer.add_log("scene-0061", scenes)``

    Args:
        folder: of the store.
        pictures: the folder below which recorded pictures and point clouds lie; None leaves it as it is.
    """

    def __init__(self, folder: Path | str, pictures: Path | None = None) -> None:
        self.folder = Path(folder)
        self._manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "pictures": None, "logs": {}}
        if (self.folder / _MANIFEST).exists():
            self._manifest = _read_manifest(self.folder)
        if pictures is not None:
            self._manifest["pictures"] = str(pictures.absolute())
        root = self._manifest["pictures"]
        self._shards = ShardWriter(folder, None if root is None else Path(root))

    @property
    def logs(self) -> set[str]:
        """Names of the logs that are already stored; one whose files were deleted is not."""
        files = {log: (entry["file"], entry["map"]) for log, entry in self._manifest["logs"].items()}
        return {log for log, parts in files.items() if all((self.folder / part).exists() for part in parts if part)}

    def tokens(self, log: str) -> list[str]:
        """Tokens of a stored log."""
        return list(self._manifest["logs"][log]["tokens"])

    def add_log(self, log: str, scenes: Iterable[Scene]) -> int:
        """Store all scenes of a log, whose maps are one map or parts of one; returns how many.

        An earlier log of that name is replaced.

        Raises:
            ValueError: if the scenes do not share one map object or name another log.
        """
        shard = self._shards.write(log, scenes)
        self.record(log, shard)
        return len(shard.tokens)

    def record(self, log: str, shard: Shard) -> None:
        """Enter a log that a :class:`ShardWriter` of this folder has written."""
        self._manifest["logs"][log] = asdict(shard)
        self._save()

    def _save(self) -> None:
        write_atomically(self.folder / _MANIFEST, json.dumps(self._manifest, indent=1).encode())

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._save()


class StoredScenes(Sequence[Scene]):
    """Scenes of a store in an order of one's own, each read when it is asked for; the last few are kept.

    Args:
        store: where they are.
        tokens: their names.
    """

    def __init__(self, store: "SceneStore", tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)
        self._read = lru_cache(maxsize=64)(store.__getitem__)

    def __len__(self) -> int:
        return len(self.tokens)

    @overload
    def __getitem__(self, k: int) -> Scene: ...
    @overload
    def __getitem__(self, k: slice) -> "list[Scene]": ...
    def __getitem__(self, k: int | slice) -> "Scene | list[Scene]":
        """The scene at place ``k``, or those of a slice."""
        if isinstance(k, slice):
            return [self._read(token) for token in self.tokens[k]]
        return self._read(self.tokens[k])


def _content_hash(columns: Columns, texts: dict[str, str]) -> str:
    digest = hashlib.sha256(texts["ids"].encode())
    for name in sorted(columns):
        digest.update(np.ascontiguousarray(columns[name]).tobytes())
    return digest.hexdigest()[:32]


def _saved(columns: Columns, texts: dict[str, str]) -> bytes:
    """A safetensors file, the same one every time: the library writes texts in whatever order."""
    content = save({name: np.ascontiguousarray(column) for name, column in columns.items()}, texts)
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[begin:]


def _file_name(log: str) -> str:
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in log)
    return safe if safe == log else f"{safe}-{hashlib.sha256(log.encode()).hexdigest()[:8]}"


class SceneStore:
    """A store opened for reading: ``store["token"]``, ``store[3]``, ``len(store)``, iteration in order of logs.

    Attributes:
        folder: where it lies.
        logs: tokens of each log.
        tokens: all tokens, log by log.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        manifest = _read_manifest(self.folder)
        self._entries: dict[str, Any] = manifest["logs"]
        self._pictures: str | None = manifest["pictures"]
        self.logs: dict[str, list[str]] = {log: entry["tokens"] for log, entry in self._entries.items()}
        self.tokens: list[str] = [token for tokens in self.logs.values() for token in tokens]
        self._place = {token: (log, k) for log, tokens in self.logs.items() for k, token in enumerate(tokens)}
        self._shard = lru_cache(maxsize=64)(self._open_shard)
        self._map = lru_cache(maxsize=64)(self._open_map)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._place

    def __iter__(self) -> Iterator[Scene]:
        return (self[token] for token in self.tokens)

    def __getitem__(self, token: str | int) -> Scene:
        """The scene of a token or place.

        Raises:
            InputError: if the token is unknown, or its shard is damaged.
        """
        if isinstance(token, int):
            token = self.tokens[token]
        if token not in self._place:
            raise InputError(self.folder, f"has no scene {token!r}", "list the tokens with `irlvla data info --tokens`")
        log, k = self._place[token]
        shard, names, texts = self._shard(log)

        def read(name: str, start: int, stop: int) -> Any:
            # safetensors refuses empty slices; a column's first rows cut to nothing keep its dtype and shape
            return shard.get_slice(name)[start:stop] if start < stop else shard.get_tensor(name)[:0]

        scene = unpack(read, names, texts, k, self._map(self._entries[log]["map"]))
        folder = self._pictures
        return scene if folder is None else _files_renamed(scene, lambda file: os.path.join(folder, file))

    def info(self) -> dict[str, Any]:
        """Format, version, scenes a log, bytes on disk."""
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return {
            "format": FORMAT,
            "version": VERSION,
            "scenes": len(self),
            "logs": {log: len(tokens) for log, tokens in self.logs.items()},
            "maps": len({entry["map"] for entry in self._entries.values() if entry["map"]}),
            "bytes": size,
        }

    def verify(self) -> list[str]:
        """Read everything; one line for each fault found, none if the store is sound."""
        faults = []
        for entry in self._entries.values():
            try:
                if entry["file"]:
                    for token in entry["tokens"]:
                        if self[token].token != token:
                            faults.append(f"{self.folder / entry['file']}: scene {token} carries another name")
            except InputError as error:
                faults.append(str(error))
        return faults

    def _open_shard(self, log: str) -> tuple[Any, frozenset[str], dict[str, Any]]:
        """Open a shard after checking its content against the manifest."""
        entry = self._entries[log]
        path = self.folder / entry["file"]
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise InputError(path, f"is missing (log {log})", "import the log again") from None
        if found != entry["sha256"]:
            raise InputError(path, f"has a wrong checksum ({found[:12]}...)", f"delete it and import log {log} again")
        shard = safe_open(path, framework="numpy")
        texts = {name: json.loads(text) for name, text in shard.metadata().items()}  # type: ignore[no-untyped-call]
        return shard, frozenset(shard.keys()), texts  # type: ignore[no-untyped-call]

    def _open_map(self, file: str) -> HDMap:
        path = self.folder / file
        try:
            with safe_open(path, framework="numpy") as opened:
                texts = opened.metadata()
            columns = load_file(path)
        except (FileNotFoundError, SafetensorError) as error:
            raise InputError(path, f"cannot be read as a map ({error})", "import its logs again") from None
        if _content_hash(columns, texts) != path.stem:
            raise InputError(path, "has a wrong checksum", "delete it and import its logs again")
        return unpack_map(columns, texts)
