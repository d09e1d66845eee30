"""What a driving scene is: types, frames, geometry, and the scene store on disk."""

from irlvla.scene.cameras import CameraRig, mount
from irlvla.scene.hdmap import HDMap, Layer, LineKind, Part
from irlvla.scene.inputs import SceneInputs
from irlvla.scene.language import STANDING, Language, PathAction, SpeedAction, meta_action
from irlvla.scene.polylines import Polylines
from irlvla.scene.scene import INSTRUCTION, Command, RedLight, Scene, SceneTruth, Sight
from irlvla.scene.scenery import Lamps, Scenery, SignalState, Weather
from irlvla.scene.store import SceneStore, Shard, ShardWriter, StoredScenes, StoreWriter
from irlvla.scene.subscores import SUBSCORE_NAMES, WEIGHTS, Metric, SubScores
from irlvla.scene.tracks import ObjectKind, Tracks
from irlvla.scene.trajectory import HORIZON, Trajectory

__all__ = [
    "HORIZON",
    "INSTRUCTION",
    "STANDING",
    "SUBSCORE_NAMES",
    "WEIGHTS",
    "CameraRig",
    "Command",
    "HDMap",
    "Lamps",
    "Language",
    "Layer",
    "LineKind",
    "Metric",
    "ObjectKind",
    "Part",
    "PathAction",
    "Polylines",
    "RedLight",
    "Scene",
    "SceneInputs",
    "SceneStore",
    "SceneTruth",
    "Scenery",
    "Shard",
    "ShardWriter",
    "Sight",
    "SignalState",
    "SpeedAction",
    "StoreWriter",
    "StoredScenes",
    "SubScores",
    "Tracks",
    "Trajectory",
    "Weather",
    "meta_action",
    "mount",
]
