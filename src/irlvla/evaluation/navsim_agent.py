"""Our networks as agents of NAVSIM's devkit, for its own scripts. This module alone imports the devkit.

The devkit must be installed in an environment of this package (Python 3.11 or later). Tell it of the agent with a file
``irlvla_agent.yaml`` in ``navsim/planning/script/config/common/agent``::

    _target_: irlvla.evaluation.navsim_agent.IrlVlaAgent
    _convert_: 'all'
    checkpoint: /path/of/a/policy
    device: cuda
    trajectory_sampling:
      _target_: nuplan.planning.simulation.trajectory.trajectory_sampling.TrajectorySampling
      _convert_: 'all'
      time_horizon: 4
      interval_length: 0.5

and any script takes it: ``python .../run_pdm_score.py agent=irlvla_agent train_test_split=navtest ...``.
"""

from pathlib import Path
from typing import Any

import numpy as np

from irlvla.errors import InputError
from irlvla.evaluation.agents import PICTURE, network_of
from irlvla.evaluation.navsim_inputs import inputs_of
from irlvla.model.diffusion import INTERVAL, POINTS
from irlvla.scene import CameraRig
from irlvla.sources.navsim.frames import HISTORY

try:
    from navsim.agents.abstract_agent import AbstractAgent  # type: ignore[import-not-found]
    from navsim.common.dataclasses import AgentInput, SensorConfig, Trajectory  # type: ignore[import-not-found]
    from nuplan.planning.simulation.trajectory.trajectory_sampling import TrajectorySampling  # type: ignore[import-not-found]
except ImportError as error:
    _mend = "install it and nuPlan's devkit from their repositories (the package navsim on PyPI is something else)"
    raise InputError("NAVSIM's devkit", f"cannot be imported ({error})", _mend) from error


class IrlVlaAgent(AbstractAgent):  # type: ignore[misc]
    """A policy, or an ego-status MLP, that drives where the devkit's scripts put it.

    Args:
        checkpoint: the folder of a policy or the file of an ego-status MLP.
        device: where it computes.
        trajectory_sampling: of its plans; there is but one, 8 poses 0.5 s apart.
        width, height: of the pictures it sees [pixels]; those it was trained with.

    Raises:
        InputError: if another sampling is asked for.
    """

    def __init__(
        self,
        checkpoint: str,
        device: str = "cpu",
        trajectory_sampling: TrajectorySampling = TrajectorySampling(  # noqa: B008 (never changed)
            time_horizon=POINTS * INTERVAL, interval_length=INTERVAL
        ),
        width: int = PICTURE[0],
        height: int = PICTURE[1],
    ) -> None:
        super().__init__(trajectory_sampling, requires_scene=False)
        asked = (trajectory_sampling.num_poses, trajectory_sampling.interval_length)
        if asked != (POINTS, INTERVAL):
            what = f"is {asked[0]} poses {asked[1]} s apart"
            raise InputError("trajectory_sampling", what, "ask for time_horizon 4 and interval_length 0.5")
        self._checkpoint, self._device = Path(checkpoint), device
        self._rig = CameraRig.navsim(width, height)
        self._network: Any = None

    def name(self) -> str:
        """As the devkit's tables call it."""
        return type(self).__name__

    def get_sensor_config(self) -> SensorConfig:
        """The cameras of the rig now, no earlier pictures, no lidar."""
        now = {name.lower(): [HISTORY - 1] for name in self._rig.names}
        return SensorConfig(**now, lidar_pc=False)

    def initialize(self) -> None:
        """Read the network; the devkit calls it once in each of its workers.

        Raises:
            InputError: if the checkpoint is none.
        """
        self._network = network_of(self._checkpoint, self._device)

    def compute_trajectory(self, agent_input: AgentInput) -> Trajectory:
        """The plan of one scene."""
        if self._network is None:
            raise InputError("the agent", "has read no network yet", "call initialize() first")
        plan = self._network.plan(inputs_of(agent_input, self._rig).to(self._device))
        return Trajectory(plan[0].cpu().numpy().astype(np.float32), self._trajectory_sampling)
