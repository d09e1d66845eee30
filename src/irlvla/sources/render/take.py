"""All cameras of a rig in one compiled loop; called from Python one by one they take a fifth longer."""

import numpy as np

from irlvla.sources.render.camera import SAMPLES, draw_quads
from irlvla.sources.render.compiled import compiled
from irlvla.sources.render.develop import NOTHING, develop, faces_in_picture
from irlvla.sources.render.paint import paint


@compiled
def take(pictures, to_picture, rays, positions, base, ground, quads, facades, air):  # type: ignore[no-untyped-def]
    """Make the pictures of ``C`` cameras.

    Args:
        pictures: ``[C, H, W, 3]`` uint8, written.
        to_picture: ``[C, 3, 4]`` takes ``(x, y, z, 1)`` in the ego frame to ``depth * (u, v, 1)`` in pixels.
        rays: ``[C, 3, 3]``, ``rays @ (u, v, 1)`` is the ray of a pixel place in the ego frame, 1 m deep along the view.
        positions: ``[C, 3]`` of the cameras, ego frame.
        base: colour of the ground where nothing is painted.
        ground: points, rings, areas, circles and colours of :func:`~irlvla.sources.render.paint.paint`.
        quads: corners, normals, words, groups and balls of :func:`~irlvla.sources.render.camera.draw_quads`.
        facades: walls of :func:`~irlvla.sources.render.develop.faces_in_picture`, styles and paints.
        air: horizon, zenith, visibility and wetness of :func:`~irlvla.sources.render.develop.develop`.
    """
    count, height, width = pictures.shape[:3]
    canvas = np.empty((height, width), np.uint32)
    cover, touched = np.zeros((height, width + 2)), np.empty((height, 2), np.int64)
    pairs = np.full((SAMPLES * height, width), NOTHING, np.int64)
    samples = pairs.view(np.uint32)
    nearness, drawn = np.zeros(samples.shape, np.float32), np.empty((height, 2), np.int64)
    touched[:, 0], touched[:, 1], drawn[:, 0], drawn[:, 1] = width, 0, width, 0
    points, rings, areas, circles, colours = ground
    corners, normals, words, groups, balls = quads
    walls, styles, paints = facades
    horizon, zenith, visibility, wet = air
    on_ground = np.empty((3, 3))
    for c in range(count):
        on_ground[:, 0], on_ground[:, 1] = to_picture[c, :, 0], to_picture[c, :, 1]
        on_ground[:, 2] = to_picture[c, :, 3]
        canvas[:] = base
        paint(canvas, cover, touched, on_ground, points, rings, areas, circles, colours)
        draw_quads(
            samples, nearness, drawn, corners, normals, words, groups, balls, to_picture[c], rays[c], positions[c]
        )
        faces = faces_in_picture(walls, rays[c], positions[c])
        over = positions[c, 2]
        develop(pictures[c], canvas, pairs, nearness, drawn, rays[c], over, faces, styles, paints, horizon, zenith,
                visibility, wet)  # fmt: skip
