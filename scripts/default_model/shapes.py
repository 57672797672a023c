"""Unit outlines of the five classes and of the distractors that belong to none.

Every function returns float64 [points, 2] (x, y) inside the unit circle, unrotated. One polygon form for all, circles
included, means that one drawing routine and one rule for the box cover everything.
"""
import math

import numpy as np

CLASSES = ("circle", "square", "triangle", "star", "cross")


def _ring(angles, radii):
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1)


def _regular(corners, phase=-math.pi / 2):
    return _ring(phase + 2 * math.pi * np.arange(corners) / corners, np.ones(corners))


def circle(rng):
    return _regular(72)


def square(rng):
    return _regular(4, phase=math.pi / 4)


def triangle(rng):
    """Near enough equilateral: each corner moves up to 10 degrees along the circle."""
    return _ring(-math.pi / 2 + 2 * math.pi * np.arange(3) / 3 + rng.uniform(-0.17, 0.17, 3), np.ones(3))


def star(rng):
    """Five points; the inner radius runs from a slim star to a plump one (0.38 is the regular pentagram)."""
    radii = np.where(np.arange(10) % 2 == 0, 1.0, rng.uniform(0.36, 0.50))
    return _ring(-math.pi / 2 + math.pi * np.arange(10) / 5, radii)


def cross(rng):
    """A plus sign; `arm` is half the width of a bar."""
    arm = rng.uniform(0.22, 0.36)
    quarter = np.array([[1, -arm], [1, arm], [arm, arm]], dtype=float)
    turn = np.array([[0, -1], [1, 0]], dtype=float)  # a quarter turn: (x, y) -> (-y, x)
    points = np.concatenate([quarter @ np.linalg.matrix_power(turn, k).T for k in range(4)])
    return points / math.hypot(1, arm)


OUTLINES = (circle, square, triangle, star, cross)


def _bar(rng):
    return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [0.95, rng.uniform(0.12, 0.45)]


def _ellipse(rng):
    return _regular(48) * [1, rng.uniform(0.2, 0.5)]


def _half_disc(rng):
    return _ring(np.linspace(0, math.pi, 32), np.ones(32)) - [0, 0.4]


def _crescent(rng):
    angle = np.linspace(-1.3, 1.3, 24)
    outer = _ring(angle, np.ones(24))
    inner = _ring(angle[::-1], np.ones(24)) * [rng.uniform(0.2, 0.5), 1]
    return np.concatenate([outer, inner]) - [0.5, 0]


def _angle_iron(rng):
    arm = rng.uniform(0.25, 0.5)
    return np.array([[0, 0], [1.3, 0], [1.3, arm], [arm, arm], [arm, 1.3], [0, 1.3]]) - 0.5


def _arrow(rng):
    half = rng.uniform(0.12, 0.25)
    return np.array([[-0.95, -half], [0.2, -half], [0.2, -0.6], [0.95, 0], [0.2, 0.6], [0.2, half], [-0.95, half]])


def _parallelogram(rng):
    lean = rng.uniform(0.5, 0.8)
    return np.array([[-0.9 + lean, -0.4], [0.9, -0.4], [0.9 - lean, 0.4], [-0.9, 0.4]])


def _tee(rng):
    half = rng.uniform(0.15, 0.25)
    return np.array([[-0.8, -0.8], [0.8, -0.8], [0.8, -0.8 + 2 * half], [half, -0.8 + 2 * half], [half, 0.9],
                     [-half, 0.9], [-half, -0.8 + 2 * half], [-0.8, -0.8 + 2 * half]])


DISTRACTORS = (_bar, _ellipse, _half_disc, _crescent, _angle_iron, _arrow, _parallelogram, _tee)
