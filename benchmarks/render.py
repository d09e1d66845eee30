"""Pictures per second of the camera renderer on a made-up crossing; prints JSON. Usage: python benchmarks/render.py."""

import json

from irlvla.sources.render.bench import bench

if __name__ == "__main__":
    print(json.dumps(bench()))
