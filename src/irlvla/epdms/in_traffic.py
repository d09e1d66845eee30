"""Plans scored among traffic that answers to them: each meets road users of its own (``docs/epdms.md``, "Traffic")."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.batch import PreparedScenes, SceneTruthBatch
from irlvla.epdms.collision import Objects
from irlvla.epdms.pack import with_objects
from irlvla.epdms.plans import ArrayLike, PreviousPlans
from irlvla.epdms.score import rollout, score
from irlvla.epdms.traffic import TrafficPolicy, prepare_traffic
from irlvla.epdms.truth import lay_objects
from irlvla.errors import InputError
from irlvla.scene import SceneTruth, SubScores, Tracks

FloatArray = NDArray[np.float64]


def score_in_traffic(
    truths: Sequence[SceneTruth],
    poses: ArrayLike,
    traffic: TrafficPolicy,
    interval: float = 0.5,
    version: str = "2.2",
    previous: PreviousPlans | None = None,
) -> SubScores:
    """Score plans as :func:`~irlvla.epdms.score` does, among ``traffic`` of that policy.

    The reference of a plan is judged in the plan's traffic, and the human in traffic that answers to the human.

    Args:
        truths: ``B`` scenes; for "reactive-idm" their maps need centre lines of the lanes.
        poses: ``[B, N, T, 3]`` plans in the ego frame of now.
        traffic: "log-replay", "constant-velocity" or "reactive-idm".
        interval, version, previous: as there.

    Returns:
        Sub-scores ``[B, N]`` on the CPU, with the human's own ``[B, 1]`` beside them.

    Raises:
        InputError: as there, or if a scene has nothing that the traffic could follow.
    """
    if len(poses) != len(truths):
        raise InputError("poses", f"{len(poses)} scenes have plans, {len(truths)} are given", "give plans for each")
    parts = []
    for b, truth in enumerate(truths):
        before = None if previous is None else _of_scene(previous, b, len(poses[b]))
        parts.append(
            _score_scene(truth, f"scene {b}", np.asarray(poses[b], np.float64), traffic, interval, version, before)
        )
    return SubScores.cat(parts)


def _score_scene(
    truth: SceneTruth, where: str, poses: FloatArray, policy: TrafficPolicy, interval: float, version: str,
    previous: PreviousPlans | None,
) -> SubScores:  # fmt: skip
    """Sub-scores ``[1, N]``: every plan in a scene of its own, which differ in their objects alone."""
    prepared, traffic = SceneTruthBatch.prepare([truth]), prepare_traffic(policy, truth, where)
    states = rollout(prepared, poses[None], interval)[0].numpy()
    beside = _among(prepared, truth, traffic.beside(states))
    scores = score(beside, poses[:, None], interval, version, previous=previous)
    human = None
    if truth.human is not None:
        plan = np.asarray(truth.human.poses, np.float64)[None, None]
        driven = rollout(prepared, plan, truth.human.interval)[0].numpy()
        human = score(_among(prepared, truth, traffic.beside(driven)), plan, truth.human.interval, version).human
    names = ("nc", "dac", "ddc", "tlc", "ep", "ttc", "lk", "hc", "ec", "nc_time", "ttc_time")
    unknown = scores.human and replace(scores.human, **{name: getattr(scores.human, name)[:1] for name in names})
    return replace(scores, **{name: getattr(scores, name).T for name in names}, human=human or unknown)


def _among(prepared: SceneTruthBatch, truth: SceneTruth, tracks: Sequence[Tracks]) -> SceneTruthBatch:
    """The one scene of ``prepared`` once for each of the ``tracks``, which stand in place of its own."""
    scenes = prepared.scenes
    packed = with_objects(scenes.packed, [_all_that_matter(lay_objects(each, truth.ego[:3])) for each in tracks])
    copies = (part.repeat(len(tracks), 0) for part in (scenes.references, scenes.humans))
    return SceneTruthBatch(PreparedScenes(packed, *copies), np.arange(len(tracks)))


def _all_that_matter(objects: Objects) -> Objects:
    """The policy has already decided who is left out for touching the ego now."""
    return objects._replace(touching=np.zeros_like(objects.touching))


def _of_scene(previous: PreviousPlans, b: int, count: int) -> PreviousPlans:
    """The plans of the frame before scene ``b``, one for each of ``count`` plans in scenes of their own."""
    plans = np.asarray(previous.poses[b], np.float64)
    return PreviousPlans(
        t0_us=np.repeat(np.asarray(previous.t0_us)[b : b + 1], count),
        ego=np.repeat(np.asarray(previous.ego)[b : b + 1], count, 0),
        poses=np.broadcast_to(plans, (count, *plans.shape[1:]))[:, None],
        interval=previous.interval,
    )
