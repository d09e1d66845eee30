"""The smallest networks and shortest stages that still run everything."""

from irlvla.material import TownSizes
from irlvla.model import ModelConfig
from irlvla.quickstart import Preset
from irlvla.training.imitation import ImitationConfig
from irlvla.training.reinforce import ReinforceConfig
from irlvla.training.reward import RewardConfig

TINY = Preset(
    width=64,
    height=36,
    model=ModelConfig(
        dim=32,
        heads=2,
        layers=1,
        anchors=4,
        trunk_blocks=6,
        bev_cells=(8, 6),
        bev_dim=16,
        object_queries=6,
        map_queries=6,
    ),
    trunk="random",
    town=TownSizes(train=8, test=4, followers=1, episodes=1, ride_seconds=3.0, workers=1),
    ego_mlp_steps=30,
    imitation=ImitationConfig(steps=40, batch=8),
    reward=RewardConfig(steps=15, batch=8, candidates=16),
    reinforce=ReinforceConfig(updates=6, batch=8, warmup=1, audit_every=3, audit_scenes=4),
    checkpoint_seconds=0.2,
)
