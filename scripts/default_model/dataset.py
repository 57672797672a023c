"""Rendered pictures as arrays: made once by worker processes, kept in a temporary folder, varied at every use."""
import multiprocessing

import numpy as np

from letterbox import letterbox, to_input
from render import INPUT, scene

MAX_OBJECTS = 12
# One seed a purpose: a picture's generator is seeded with [purpose, index], so no picture is in two sets.
TRAIN, NORMAL, HARD = 1, 2, 3
_ASPECTS = ((16, 9), (4, 3), (1, 1), (9, 16), (3, 4), (3, 2), (21, 9))
_HARDNESS = {TRAIN: (0.0, 0.9), NORMAL: (0.0, 0.6), HARD: (0.6, 1.0)}


def picture(purpose, index):
    """Scene number `index` of a set: its size, too, comes from its own generator."""
    rng = np.random.default_rng([purpose, index])
    long_side = int(np.exp(rng.uniform(np.log(320), np.log(720 if purpose == TRAIN else 1280))))
    across, down = _ASPECTS[rng.integers(len(_ASPECTS))]
    width, height = (round(long_side * side / max(across, down)) for side in (across, down))
    return scene(rng, width, height, rng.uniform(*_HARDNESS[purpose]))


def _arrays(job):
    purpose, index = job
    drawn = picture(purpose, index)
    labels = np.full((MAX_OBJECTS, 5), -1, np.float32)
    boxes = to_input(np.array([box for _, box in drawn.objects], np.float32).reshape(-1, 4), *drawn.image.size)
    labels[:len(boxes), 0] = [kind for kind, _ in drawn.objects]
    labels[:len(boxes), 1:] = boxes
    return letterbox(drawn.image), labels


def render_set(purpose, count, path, workers):
    """Renders pictures 0..count-1 of a set.

    Returns (uint8 [count, 320, 320, 3] RGB, mapped from the file `path`; float32 [count, 12, 5] of (class or -1, x1,
    y1, x2, y2) in input px).
    """
    pictures = np.lib.format.open_memmap(path, "w+", np.uint8, (count, INPUT, INPUT, 3))
    labels = np.empty((count, MAX_OBJECTS, 5), np.float32)
    with multiprocessing.Pool(workers) as pool:
        jobs = ((purpose, index) for index in range(count))
        for index, (pixels, boxes) in enumerate(pool.imap(_arrays, jobs, chunksize=16)):
            pictures[index], labels[index] = pixels, boxes
            if (index + 1) % 1000 == 0:
                print(f"  rendered {index + 1} of {count} pictures", flush=True)
    return pictures, labels


def vary(pixels, labels, rng):
    """One of the eight flips and quarter turns, a shuffle of the colour channels, sometimes the negative.

    None of these changes a class. Works on copies; the shapes are those of one row of render_set.
    """
    labels = labels.copy()
    boxes = labels[labels[:, 0] >= 0, 1:]
    if rng.random() < 0.5:
        pixels, boxes = pixels.transpose(1, 0, 2), boxes[:, [1, 0, 3, 2]]
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
        boxes = np.stack([INPUT - boxes[:, 2], boxes[:, 1], INPUT - boxes[:, 0], boxes[:, 3]], 1)
    if rng.random() < 0.5:
        pixels = pixels[::-1]
        boxes = np.stack([boxes[:, 0], INPUT - boxes[:, 3], boxes[:, 2], INPUT - boxes[:, 1]], 1)
    labels[labels[:, 0] >= 0, 1:] = boxes
    pixels = pixels[..., rng.permutation(3)]
    return (255 - pixels if rng.random() < 0.1 else pixels), labels


def batch(pictures, labels, chosen, rng):
    """(float32 [n, 3, 320, 320] RGB 0..1, float32 [n, 12, 5]) of the rows `chosen`, varied."""
    varied = [vary(pictures[i], labels[i], rng) for i in chosen]
    pixels = np.stack([p for p, _ in varied]).transpose(0, 3, 1, 2)
    return pixels.astype(np.float32) * np.float32(1 / 255), np.stack([boxes for _, boxes in varied])
