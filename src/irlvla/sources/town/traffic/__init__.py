"""Compiled traffic: who drives, walks and waits, one step of a tenth of a second after another."""

from irlvla.sources.town.traffic.record import Track, run, settle_in
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, STEP, Lights, People, Roads, Vehicles

__all__ = ["AHEAD", "NOBODY", "STEP", "Lights", "People", "Roads", "Track", "Vehicles", "run", "settle_in"]
