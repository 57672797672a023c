"""The pictures that are shipped: one sample beside the model, and the test fixtures."""
import io
import json

import numpy as np

from evaluate import detect
from letterbox import iou
from render import scene

SAMPLE, FIXTURE = 4, 5  # purposes, as in dataset.py: seeds that training never sees
SAMPLE_INDEX = 105  # see models/default-card.md
SAMPLE_SIZE = (1280, 720)
FIXTURE_SIZES = ((640, 480), (1280, 720), (320, 240), (720, 1280), (801, 601), (1920, 1080),
                 (640, 360), (480, 640), (500, 500), (1024, 768), (352, 288), (333, 777))


def sample_scene(index):
    """A clear picture with six objects from a fifth to most of the height of the frame, fully inside it."""
    return scene(np.random.default_rng([SAMPLE, index]), *SAMPLE_SIZE, hardness=0.3, count=6, sizes=(22, 100),
                 truncate=False)


def fixture_scene(index):
    rng = np.random.default_rng([FIXTURE, index])
    return scene(rng, *FIXTURE_SIZES[index], hardness=rng.uniform(0.1, 0.5), count=int(rng.integers(2, 7)),
                 sizes=(18, 120), truncate=False)


def jpeg(image, limit):
    """JPEG bytes of at most `limit`, at the best quality that fits."""
    for quality in range(92, 20, -4):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= limit:
            break
    return buffer.getvalue()


def agreement(run, image, objects, sure=0.5, threshold=0.3):
    """(objects found with a score above `sure` at IoU >= 0.5, detections above `threshold` that are no object)."""
    boxes, scores, kinds = detect(run, image, threshold)
    found, wrong = set(), 0
    for box, score, kind in zip(boxes, scores, kinds):
        overlap = iou(box, np.array([b for _, b in objects], float))
        best = int(overlap.argmax())
        if overlap[best] >= 0.5 and objects[best][0] == kind:
            found |= {best} if score > sure else set()
        else:
            wrong += 1
    return len(found), wrong


def _dump(value, path):
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_sample(folder, index):
    drawn = sample_scene(index)
    (folder / "sample.jpg").write_bytes(jpeg(drawn.image, 200_000))
    _dump(drawn.truth(), folder / "sample.json")


def write_fixtures(folder):
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for index, (width, height) in enumerate(FIXTURE_SIZES):
        drawn = fixture_scene(index)
        name = f"shapes-{index + 1:02d}-{width}x{height}.jpg"
        (folder / name).write_bytes(jpeg(drawn.image, 60_000))
        truth[name] = {"width": width, "height": height, "objects": drawn.truth()}
    _dump(truth, folder / "truth.json")
