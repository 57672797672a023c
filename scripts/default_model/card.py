"""The model card, written from what was measured."""
import platform

import torch

from dataset import HARD, NORMAL, TRAIN
from evaluate import table
from export import OPSET
from net import STRIDES
from samples import SAMPLE, SAMPLE_INDEX
from shapes import CLASSES
from train import BATCH

_CARD = """# Embedded default model

A small detector of drawn shapes: {classes}. It proves an installation and
gives the tests a real network whose right answers are known. **It is not for cameras**: it has never seen a photograph.

Written by `scripts/train-default-model`, which makes every file described here from nothing.

## Figures

{table}

IoU threshold 0.5 for AP; precision and recall at score 0.3; mean IoU over all right detections. Letterbox to 320 px
without smoothing, grey 114, bytes times 0.00392, class-agnostic NMS at IoU 0.4. *Normal* scenes have hardness 0 to 0.6,
*hard* ones 0.6 to 1 (contrast, clutter, noise, blur, occlusion and JPEG strength; training draws 0 to 0.9).

| | |
| --- | --- |
| parameters | {parameters:,} |
| work for one picture | {gflop:.2f} GFLOP ({madds:.0f} M multiply-adds) |
| file | {size:,} bytes, ONNX opset {opset}, batch norm folded |
| training | {pictures:,} pictures, {steps:,} steps of {batch} |
| time | {render_minutes:.1f} min rendering, {train_minutes:.1f} min training |
| on | CPU ({machine}), PyTorch {torch}, training threads: {threads} |

## Tensors

- `images`: float32 [batch, 3, 320, 320], RGB, 0..1, any batch.
- `output0`: float32 [batch, {rows}, 2100]: cx, cy, w, h in input pixels, then {count} class scores 0..1. Anchors in the
  order of strides {strides}, each row by row: the Ultralytics v8 layout, boxes decoded inside the graph, no NMS.
- Metadata: `names`, `stride`, `imgsz`, `task`, `author`, `description`, `license`.

## Data

All pictures are drawn by `scripts/default_model/render.py`; nothing was downloaded and no weights were taken over.
Filled and outlined shapes of 16 to 150 px (at 320 px input) at any rotation, on flat, graded, blotchy and tiled
grounds, with lines, words of random strokes and polygons of no class, shadow, uneven light, blur, noise, JPEG, partial
occlusion and truncation. Each picture's generator is seeded with (purpose, index): training is purpose {train}, the
normal test set {normal}, the hard one {hard}, so that no test picture is ever trained on.
Weights and batches: seed {seed}.

## Files

- `default.onnx`, `default.names`: the model and its labels, one a line.
- `sample.jpg`, `sample.json`: a held-out 1280x720 scene and its truth (pixel corners x1, y1, x2, y2). Scene {index} of
  purpose {sample} was chosen because it looks good and the model finds every object with a score above 0.5 and reports
  nothing else above 0.3; the script fails when a new training breaks that. It is no measurement.
- `test/fixtures/shapes/`: twelve more held-out scenes of many sizes with `truth.json`; these were not chosen.

## Limits

Shapes under about 16 px at 320 px input, strongly squashed ones, and regular polygons with more corners than a square
are outside the training data. So is pure noise: a picture of random bytes gives a few false detections, a plain one
none. Weights repeat exactly only on the same PyTorch build, processor kind and number of threads.

## Licence

MIT, like the rest of zmdetect; all data are its own.
"""


def write_card(path, *, results, parameters, multiply_adds, size, pictures, steps, threads, render_seconds,
               train_seconds, seed):
    """results: {set name: evaluate.Result}; size in bytes; multiply_adds of one picture."""
    text = _CARD.format(
        classes=", ".join(CLASSES), table=table(results), parameters=parameters, gflop=2 * multiply_adds / 1e9,
        madds=multiply_adds / 1e6, size=size, opset=OPSET, pictures=pictures, steps=steps, batch=BATCH,
        render_minutes=render_seconds / 60, train_minutes=train_seconds / 60, threads=threads,
        machine=platform.machine(), torch=torch.__version__, rows=4 + len(CLASSES), count=len(CLASSES),
        strides=", ".join(map(str, STRIDES)), train=TRAIN, normal=NORMAL, hard=HARD, seed=seed, sample=SAMPLE,
        index=SAMPLE_INDEX)
    path.write_text(text)
