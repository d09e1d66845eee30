"""The embedded world: roads, traffic, an expert, scenes, and the closed loop."""
