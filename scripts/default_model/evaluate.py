"""Mean average precision on held-out scenes, through the pre- and post-processing that the daemon uses."""
from dataclasses import dataclass

import numpy as np
import torch

from dataset import picture
from letterbox import PIXEL, decode, iou, letterbox, to_picture
from shapes import CLASSES


def torch_runner(net):
    """float32 [1, 3, 320, 320] -> float32 [4 + classes, 2100]."""
    def run(tensor):
        with torch.no_grad():
            return net(torch.from_numpy(tensor))[0].numpy()
    return run


def detect(run, image, threshold=0.3):
    """RGB picture -> (boxes [n, 4] (x1, y1, x2, y2) picture px, scores [n], classes [n])."""
    pixels = letterbox(image).transpose(2, 0, 1)[None].astype(np.float32) * np.float32(PIXEL)
    boxes, scores, kinds = decode(run(np.ascontiguousarray(pixels)), threshold)
    return to_picture(boxes, *image.size), scores, kinds


def average_precision(hits, truths):
    """Area under the precision envelope over recall (Everingham et al. 2010, all-point form).

    hits: bool [n], detections by falling score; truths: number of objects.
    """
    if not truths or not len(hits):
        return 0.0
    found = np.cumsum(hits)
    recall = found / truths
    precision = np.maximum.accumulate((found / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


@dataclass
class Result:
    pictures: int
    truths: list    # objects of each class
    ap50: list      # average precision of each class at IoU 0.5
    precision: float  # over all classes at score 0.3
    recall: float
    mean_iou: float  # of the right detections

    @property
    def map50(self):
        return sum(self.ap50) / len(self.ap50)


def evaluate(run, purpose, count):
    """Measures `run` on pictures 0..count-1 of a set; a detection is right at IoU >= 0.5 with an unclaimed object."""
    found = [[] for _ in CLASSES]  # (score, right) of each class
    truths, overlaps = [0] * len(CLASSES), []
    for index in range(count):
        drawn = picture(purpose, index)
        # The low threshold gives the whole precision-recall curve; the daemon's 0.3 is applied below.
        boxes, scores, kinds = detect(run, drawn.image, threshold=0.01)
        for kind in range(len(CLASSES)):
            truth = np.array([b for k, b in drawn.objects if k == kind], float).reshape(-1, 4)
            truths[kind] += len(truth)
            free = np.ones(len(truth), bool)
            for box, score in zip(boxes[kinds == kind], scores[kinds == kind]):
                overlap = iou(box, truth) * free
                best = overlap.argmax() if len(overlap) else None
                right = best is not None and overlap[best] >= 0.5
                if right:
                    free[best] = False
                    overlaps.append(overlap[best])
                found[kind].append((score, right))
    ap50 = []
    for kind, rows in enumerate(found):
        rows.sort(key=lambda row: -row[0])
        ap50.append(average_precision(np.array([right for _, right in rows]), truths[kind]))
    shown = [right for rows in found for score, right in rows if score >= 0.3]
    return Result(count, truths, ap50, sum(shown) / max(1, len(shown)), sum(shown) / max(1, sum(truths)),
                  float(np.mean(overlaps)) if overlaps else 0.0)


def table(results):
    """Markdown table; results: {set name: Result}."""
    rows = ["| set | pictures | objects | mAP50 | " + " | ".join(CLASSES) + " | precision | recall | mean IoU |",
            "| --- |" + " ---: |" * (len(CLASSES) + 6)]
    for name, r in results.items():
        cells = [name, r.pictures, sum(r.truths), f"{r.map50:.3f}", *(f"{v:.3f}" for v in r.ap50),
                 f"{r.precision:.3f}", f"{r.recall:.3f}", f"{r.mean_iou:.3f}"]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)
