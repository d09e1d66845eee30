"""Rates of the town: scenes and environment steps a second; prints JSON. Usage: python -m benchmarks.town."""

import json

from irlvla.sources.town.bench import bench

if __name__ == "__main__":
    print(json.dumps(bench(scenes=1000)))
