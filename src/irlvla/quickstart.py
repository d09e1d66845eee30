"""All three stages, small: scenes of the town or recorded ones, imitation, reward world model, PPO, table and report.

Every part leaves its result in the run's folder and is skipped where that is there, so a run that was stopped goes on,
and a run that is finished only prints its table again.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from irlvla import __version__
from irlvla.errors import InputError
from irlvla.evaluation.agents import PICTURE, constant_velocity, driving, human
from irlvla.evaluation.benchmark import Evaluation, evaluate
from irlvla.evaluation.closed_loop import ClosedLoop, drive_closed_loop
from irlvla.evaluation.report import ReportScene, write_report
from irlvla.material import Material, TownSizes, gather, source_path
from irlvla.model import CameraTrunk, EgoMLP, ModelConfig, Policy, RewardWorldModel
from irlvla.scene import CameraRig, Scene
from irlvla.scene.store import write_atomically
from irlvla.sources import observe
from irlvla.training.checkpoint import load_checkpoint, save_checkpoint
from irlvla.training.data import SceneSet
from irlvla.training.imitation import ImitationConfig, anchors_of, train_ego_mlp, train_imitation
from irlvla.training.labels import make_labels
from irlvla.training.loop import Run
from irlvla.training.reinforce import ReinforceConfig, train_reinforce
from irlvla.training.reward import RewardConfig, train_reward
from irlvla.training.trunk import Weights, camera_trunk

REPORT_SCENES = 8


@dataclass(frozen=True)
class Preset:
    """Sizes of a run; the default fits two CPU cores and a quarter of an hour.

    Attributes:
        width, height: of each of the eight pictures [pixels].
        model: of the policy and of the reward world model.
        imitation, reward, reinforce: of the stages.
        ego_mlp_steps: updates of the ego-status baseline.
        trunk: where the camera trunk's weights come from.
        town: how much of the town is taken, where it is the source.
        checkpoint_seconds: least time between checkpoints.
    """

    width: int = PICTURE[0]
    height: int = PICTURE[1]
    model: ModelConfig = field(default_factory=ModelConfig)
    imitation: ImitationConfig = field(default_factory=ImitationConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    reinforce: ReinforceConfig = field(default_factory=ReinforceConfig)
    ego_mlp_steps: int = 1500
    trunk: Weights = "imagenet"
    town: TownSizes = field(default_factory=TownSizes)
    checkpoint_seconds: float = 20.0

    @property
    def rig(self) -> CameraRig:
        """NAVSIM's eight cameras at the preset's size."""
        return CameraRig.navsim(self.width, self.height)


def quickstart(
    out: Path,
    source: str,
    held_out: Sequence[str] = (),
    preset: Preset | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> dict[str, Any]:
    """Run everything and return the results that are also written to ``out/results.json`` and ``out/report.html``.

    Args:
        out: folder of the run.
        source: "town", "waymo-sample", or a folder or file of recorded driving.
        held_out: recorded logs (or parts of their names) that are kept for the table; none - a quarter of the logs.
        preset: sizes.
        seed: of everything random.
        device: "cpu", "cuda", ...

    Raises:
        InputError: if the source or the folder cannot be used.
    """
    preset = preset or Preset()
    if source not in ("town", "navsim"):
        source_path(source)
    settings = {"source": source, "held_out": list(held_out), "preset": asdict(preset), "seed": seed}
    _claim(out, settings)
    if (out / "results.json").exists():
        results: dict[str, Any] = json.loads((out / "results.json").read_text())
        return results
    run = Run(out, seed, device, preset.checkpoint_seconds)
    clock = Clock(out / "seconds.json")
    with clock("scenes"):
        material = gather(source, out / "scenes", held_out, preset.town, seed)
    train_stages(run, material, preset, clock)
    with clock("evaluation"):
        scenes = list(material.test)
        evaluations = evaluate(agents(out, device), scenes, preset.rig)
    rows = [evaluation.row() for evaluation in evaluations]
    with clock("closed loop"):
        closed = rides(agents(out, device), material, preset)
    results = {
        "stamp": {**evaluations[0].stamp(material.split), "held_out": list(material.logs)},
        "seconds": round(clock.total(), 1),
        "rows": rows,
        "closed_loop": [ride.row() for ride in closed],
        "stages": clock.seconds,
        "command": " ".join(["irlvla quickstart --source", source, *(["--held-out", *held_out] if held_out else [])]),
        "notes": notes(material, run),
    }
    report(out, results, scenes, evaluations, preset, run)
    write_atomically(out / "results.json", json.dumps(results, indent=1).encode())
    return results


class Clock:
    """Seconds spent on each part of a run, kept in a file so that they add up over interruptions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Count the time of a ``with`` block towards ``part``, also when it is interrupted."""
        begin, before = time.monotonic(), self.seconds.get(part, 0.0)
        try:
            yield
        finally:
            self.seconds[part] = round(before + time.monotonic() - begin, 1)
            write_atomically(self.path, json.dumps(self.seconds).encode())

    def total(self) -> float:
        """Seconds of all parts."""
        return sum(self.seconds.values())


def _claim(out: Path, settings: dict[str, Any]) -> None:
    """Make the folder this run's own, or see that it is.

    Raises:
        InputError: if it holds a run with other settings, or other files.
    """
    path = out / "settings.json"
    text = json.dumps({"irlvla": __version__, **settings}, indent=1)
    if path.exists():
        if path.read_text() != text:
            raise InputError(out, "holds a run with other settings", "give another --out, or delete the folder")
    elif out.exists() and any(out.iterdir()):
        raise InputError(out, "is not empty and holds no run", "give another --out")
    else:
        write_atomically(path, text.encode())


def train_stages(run: Run, material: Material, preset: Preset, clock: Clock) -> None:
    """Train what is not there yet: ``ego-mlp``, ``stage1``, ``reward``, ``stage3``."""
    out = run.folder
    if (out / "stage3" / "model.safetensors").exists():
        return
    with clock("cameras"):
        trunk = camera_trunk(preset.model, preset.trunk)
        data = SceneSet.load(material.training_scenes(), preset.rig, trunk, preset.model)
    with clock("ego-mlp"):
        mlp = train_ego_mlp(run, data, preset.ego_mlp_steps)
        save_checkpoint(out / "ego-mlp.safetensors", mlp.state_dict())
    with clock("imitation"):
        policy = imitate(run, data, preset, trunk)
    with clock("labels"):
        labels = make_labels(run, data, policy)
    with clock("reward"):
        torch.manual_seed(run.seed + 1)
        reward_model = RewardWorldModel(preset.model)
        reward_model.encoder.trunk.load_state_dict(trunk.state_dict())
        train_reward(run, data, labels, preset.reward, reward_model).save_pretrained(out / "reward")
    with clock("reinforce"):
        train_reinforce(run, data, policy, reward_model, preset.reinforce).save_pretrained(out / "stage3")


def imitate(run: Run, data: SceneSet, preset: Preset, trunk: CameraTrunk) -> Policy:
    """Stage 1 with anchors of the training set."""
    torch.manual_seed(run.seed)
    count = preset.model.anchors
    policy = Policy(preset.model, anchors_of(data, count, run.seed))
    policy.encoder.trunk.load_state_dict(trunk.state_dict())
    policy = train_imitation(run, data, preset.imitation, policy)
    policy.save_pretrained(run.folder / "stage1")
    return policy


def agents(out: Path, device: str) -> dict[str, Any]:
    """The agents of the table, networks read from the run's folder."""
    mlp = EgoMLP()
    mlp.load_state_dict(load_checkpoint(out / "ego-mlp.safetensors"))
    networks = {"ego-mlp": mlp.eval(), **{name: Policy.from_pretrained(out / name) for name in ("stage1", "stage3")}}
    driven = {name: driving(network.to(device), device) for name, network in networks.items()}
    return {"human": human, "constant-velocity": constant_velocity, **driven}


def notes(material: Material, run: Run) -> list[str]:
    """What a reader of the table should know, from the logs of the run."""
    learnt = f"Trained on {len(material.train)} scenes of {material.train_logs} logs"
    lines = [f"{learnt}, judged on {len(material.test)} scenes of {len(material.logs)} logs ({material.split})."]
    records = run.records("reinforce")
    if records:
        audits = [record for record in records if "audit_exact" in record]
        first, last, best = audits[0], audits[-1], max(audits, key=lambda record: record["audit_exact"])
        lines.append(
            f"PPO moved the policy by a KL of {last['kl_stage1']:.2f} from stage 1. On audited training scenes, first "
            f"and last audit: learned reward {first['audit_learned']:.3f} and {last['audit_learned']:.3f}, exact score "
            f"{first['audit_exact']:.3f} and {last['audit_exact']:.3f}; best exact score {best['audit_exact']:.3f} at "
            f"update {best['step']}, which is kept as stage 3."
        )
    return lines


def rides(driven: dict[str, Any], material: Material, preset: Preset) -> list[ClosedLoop]:
    """Every agent in closed loop, where the source has one."""
    if not material.episodes:
        return []
    return drive_closed_loop(driven, material.episodes, preset.rig, preset.town.ride_seconds)


def report(
    out: Path,
    results: dict[str, Any],
    scenes: Sequence[Scene],
    evaluations: Sequence[Evaluation],
    preset: Preset,
    run: Run,
) -> None:
    """Write ``report.html`` with plans of evenly spaced held-out scenes; the first one with its cameras."""
    first = [k for k, scene in enumerate(scenes) if scene.follows is None]
    shown = [first[len(first) * k // REPORT_SCENES] for k in range(REPORT_SCENES)]
    pages = []
    for k in dict.fromkeys(shown):
        pages.append(
            ReportScene(
                scene=scenes[k],
                images=observe([scenes[k]], CameraRig.navsim()).images[0].numpy() if not pages else None,
                plans={e.agent: e.poses[k].numpy() for e in evaluations},
                scores={e.agent: e.epdms()[k].item() for e in evaluations},
            )
        )
    curves = {name: run.records(name) for name in ("imitation", "reward", "reinforce")}
    write_report(out, results, pages, curves)
