"""The town as a Gymnasium environment: an ego drives plans, half a second of each, among traffic that answers.

>>> import gymnasium, irlvla.sources.town.env
>>> env = gymnasium.make("irlvla/Town-v0", rig=None)
>>> observation, info = env.reset(seed=0)
>>> observation, reward, terminated, truncated, info = env.step(env.unwrapped.expert_plan().poses)
"""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, Trajectory
from irlvla.sources.render import check_rig, render
from irlvla.sources.town.episode import USUAL_SECONDS, Episode, begin
from irlvla.sources.town.infractions import ENDING, Wrong
from irlvla.sources.town.observation import Observation, observation_of, observation_space
from irlvla.sources.town.settings import RoadSettings, check_seed
from irlvla.sources.town.world import TrafficSettings

FloatArray = NDArray[np.float64]

NAME = "irlvla/Town-v0"
METRES_A_POINT = 10.0
"""Metres of progress that are worth a reward of 1."""
PENALTIES = {Wrong.COLLISION: 10.0, Wrong.OFF_ROAD: 10.0, Wrong.OFF_ROUTE: 10.0, Wrong.RED_LIGHT: 5.0}
"""What infractions take from the reward."""

_FARTHEST = np.array([160.0, 80.0, np.pi], np.float32)  # in 4 s, at 40 m/s
_VIEW = CameraRig.navsim(640, 360)
_FRONT = CameraRig(_VIEW.names[:1], _VIEW.width, _VIEW.height, _VIEW.intrinsics[:1], _VIEW.camera_to_ego[:1])


class TownEnv(gymnasium.Env[Observation, FloatArray]):
    """A drive to a goal 150 to 300 m ahead through a town of its own.

    An observation holds the fields of :class:`~irlvla.scene.SceneInputs` (:mod:`~irlvla.sources.town.observation`). An
    action is a plan ``[8, 3]``: x, y [m], heading [rad] of the rear axle in the ego frame of now, 0.5 s apart. The
    metric's car tracks it for 0.5 s. Any finite plan is driven; the bounds of the action space are for sampling.

    Reward: metres of progress along the way / 10, less 10 for an at-fault collision, for leaving the road or the route,
    and 5 for entering a junction at red. Each of the first three ends the episode (``terminated``), as does the goal;
    after ``seconds`` it is ``truncated``.

    ``info`` says how things stand: ``seconds`` and ``driven`` metres since the start, ``progress`` (share of the way to
    the goal), ``success`` (the goal is reached, and nothing of the above went wrong), ``infractions`` of this step (a
    tuple of :class:`~irlvla.sources.town.infractions.Infraction`), and how many of each kind there were so far:
    ``collisions`` (all), ``at_fault``, ``off_road``, ``off_route``, ``lights``.

    Args:
        rig: through which the town is seen; None for no pictures.
        seconds: time limit.
        roads, traffic: what the towns are like.
        render_mode: "rgb_array" for :meth:`render`, a picture ahead, or None.

    Raises:
        InputError: if the rig has no camera or cannot be used, or the time limit is no time.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 2}

    def __init__(
        self,
        rig: CameraRig | None = None,
        seconds: float = USUAL_SECONDS,
        roads: RoadSettings | None = None,
        traffic: TrafficSettings | None = None,
        render_mode: str | None = None,
    ) -> None:
        if rig is not None:
            check_rig(rig)
        if not (np.isfinite(seconds) and seconds > 0):
            raise InputError("TownEnv, seconds", f"{seconds} is no time limit", "give more than 0 s")
        self.rig, self.seconds, self.render_mode = rig, seconds, render_mode
        self.roads, self.traffic = roads or RoadSettings(), traffic or TrafficSettings()
        self.observation_space = observation_space(rig)
        self.action_space = gymnasium.spaces.Box(np.tile(-_FARTHEST, (8, 1)), np.tile(_FARTHEST, (8, 1)))
        self._episode: Episode | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin the drive of ``seed``, or of a seed drawn after the last one.

        Raises:
            InputError: if ``seed`` is no whole number from 0, or the town is too small to drive in.
        """
        if seed is not None:
            check_seed(seed)
        super().reset(seed=seed)
        town = int(self.np_random.integers(2**31)) if seed is None else seed
        self._episode = begin(town, self.seconds, self.roads, self.traffic)
        return self._observation(), self._info(())

    def step(self, action: FloatArray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Drive half a second of the plan.

        Raises:
            InputError: if the plan is no finite ``[8, 3]``, or there was no reset.
        """
        episode = self.episode
        plan = np.asarray(action, np.float64)
        if plan.shape != (8, 3) or not np.isfinite(plan).all():
            what = f"has shape {plan.shape}" if plan.shape != (8, 3) else "holds NaN or infinity"
            raise InputError("plan", what, "give 8 finite poses x, y, heading, 0.5 s apart")
        before = episode.place
        wrong = episode.drive(plan)
        reward = (episode.place - before) / METRES_A_POINT - sum(PENALTIES.get(each.kind, 0.0) for each in wrong)
        terminated = any(each.kind in ENDING for each in wrong) or episode.progress >= 1.0
        truncated = not terminated and episode.seconds >= self.seconds - 1e-9
        return self._observation(), reward, terminated, truncated, self._info(tuple(wrong))

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """The view ahead ``[360, 640, 3]``, whatever the rig."""
        return None if self.render_mode is None else render(self.scene(), _FRONT)[0]

    @property
    def episode(self) -> Episode:
        """The drive as it stands.

        Raises:
            InputError: if there was no reset.
        """
        if self._episode is None:
            raise InputError("TownEnv", "it has not begun", "call reset first")
        return self._episode

    def scene(self) -> Scene:
        """Now, as :func:`~irlvla.sources.render.observe` needs it: no future, no human and no reference."""
        return self.episode.scene(self._rig)

    def judged_scene(self, plan: FloatArray) -> Scene:
        """Now, for judging ``plan [8, 3]``: the others answer it, the expert is the human, PDM-Closed the reference."""
        return self.episode.judged_scene(plan, self._rig)

    def expert_plan(self) -> Trajectory:
        """What the expert would do from here on."""
        return self.episode.expert_plan()

    @property
    def _rig(self) -> CameraRig:
        return _FRONT if self.rig is None else self.rig

    def _observation(self) -> Observation:
        return observation_of(self.scene(), self.rig)

    def _info(self, wrong: tuple[Any, ...]) -> dict[str, Any]:
        episode = self.episode
        kinds = [each.kind for each in episode.infractions]
        count = {kind: kinds.count(kind) for kind in Wrong}
        clean = not any(count[kind] for kind in PENALTIES)
        return {
            "seconds": episode.seconds,
            "driven": episode.driven,
            "progress": episode.progress,
            "success": clean and episode.progress >= 1.0,
            "infractions": wrong,
            "collisions": count[Wrong.TOUCHED] + count[Wrong.COLLISION],
            "at_fault": count[Wrong.COLLISION],
            "off_road": count[Wrong.OFF_ROAD],
            "off_route": count[Wrong.OFF_ROUTE],
            "lights": count[Wrong.RED_LIGHT],
        }


def vector_env(count: int, mode: str = "sync", **settings: Any) -> gymnasium.vector.VectorEnv[Any, Any, Any]:
    """``count`` environments at once, in this process ("sync") or each in one of its own ("async").

    ``settings`` are those of :class:`TownEnv`. Texts get lost in the memory that Gymnasium's asynchronous environments
    share, so here they share none.
    """
    own = {"shared_memory": False} if mode == "async" else {}
    return gymnasium.make_vec(NAME, count, mode, vector_kwargs=own, **settings)


gymnasium.register(NAME, "irlvla.sources.town.env:TownEnv")
