"""The networks: what a policy sees becomes tokens; one cascade plans trajectories under them, another judges them."""

from irlvla.model.auxiliary import AuxiliaryTargets, auxiliary_loss
from irlvla.model.backbone import CameraTrunk, load_imagenet
from irlvla.model.bev import BEVRegion
from irlvla.model.config import ModelConfig
from irlvla.model.ego_mlp import EgoMLP
from irlvla.model.encoder import Auxiliary, SceneEncoder, SceneTokens
from irlvla.model.perception import Area, MapLine
from irlvla.model.policy import Denoised, Policy, Proposals
from irlvla.model.reward_loss import reward_loss
from irlvla.model.reward_model import RewardLogits, RewardWorldModel

__all__ = [
    "Area",
    "Auxiliary",
    "AuxiliaryTargets",
    "BEVRegion",
    "CameraTrunk",
    "Denoised",
    "EgoMLP",
    "MapLine",
    "ModelConfig",
    "Policy",
    "Proposals",
    "RewardLogits",
    "RewardWorldModel",
    "SceneEncoder",
    "SceneTokens",
    "auxiliary_loss",
    "load_imagenet",
    "reward_loss",
]
