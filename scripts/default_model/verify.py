"""Checks a finished model with OpenCV and ONNX Runtime only, none of the code that trained it: what users will run.

    python3 scripts/default_model/verify.py [MODEL [FOLDER]]

FOLDER holds truth.json and its pictures. Needs the packages onnxruntime and opencv-python-headless.
"""
import ast
import json
import os
import sys
import time
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the runtime is loaded

import cv2
import numpy as np
import onnxruntime

ROOT = Path(__file__).resolve().parents[2]


def letterbox(image, side):
    """BGR picture -> (float32 [3, side, side] RGB, scale x, scale y, left, top)."""
    height, width = image.shape[:2]
    scale = min(side / width, side / height)
    w, h = round(width * scale), round(height * scale)
    left, top = (side - w) // 2, (side - h) // 2
    canvas = np.full((side, side, 3), 114, np.uint8)
    canvas[top:top + h, left:left + w] = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR)
    return canvas[..., ::-1].transpose(2, 0, 1).astype(np.float32) * 0.00392, w / width, h / height, left, top


def detections(output, geometry, threshold=0.3, nms=0.4):
    """[4 + classes, anchors] -> [(class, score, (x1, y1, x2, y2) picture px)], best first."""
    sx, sy, left, top = geometry
    kinds, scores = output[4:].argmax(0), output[4:].max(0)
    cx, cy, w, h = output[:4]
    corners = np.stack([cx - w / 2, cy - h / 2, w, h], 1)
    keep = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), threshold, nms)
    return [(int(kinds[i]), float(scores[i]),
             ((corners[i, 0] - left) / sx, (corners[i, 1] - top) / sy,
              (corners[i, 0] + w[i] - left) / sx, (corners[i, 1] + h[i] - top) / sy)) for i in np.ravel(keep)]


def iou(a, b):
    w, h = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
    shared = max(0, w) * max(0, h)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def report(name, found, truth, labels):
    """Prints one line for a picture; returns (objects, found, false detections)."""
    overlap = [max((iou(box, t["box"]) for kind, _, box in found if labels[kind] == t["label"]), default=0)
               for t in truth]
    false = [f"{labels[kind]} {score:.2f}" for kind, score, box in found
             if not any(labels[kind] == t["label"] and iou(box, t["box"]) >= 0.5 for t in truth)]
    right = sum(value >= 0.5 for value in overlap)
    print(f"{name:28} {right} of {len(truth)}, lowest score {min((s for _, s, _ in found), default=0):.2f}, "
          f"lowest IoU {min(overlap, default=0):.2f}, false: {', '.join(false) or 'none'}")
    return len(truth), right, len(false)


def main():
    model = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models" / "default.onnx"
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "test" / "fixtures" / "shapes"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    names, side = ast.literal_eval(metadata["names"]), ast.literal_eval(metadata["imgsz"])[0]
    print(session.get_inputs()[0].shape, session.get_outputs()[0].shape, metadata)

    pictures = {model.parent / "sample.jpg": json.loads((model.parent / "sample.json").read_text())}
    for name, entry in json.loads((folder / "truth.json").read_text()).items():
        pictures[folder / name] = entry["objects"]
    inputs, outputs, totals = [], [], []
    for path, truth in pictures.items():
        tensor, *geometry = letterbox(cv2.imread(str(path)), side)
        output = session.run(None, {"images": tensor[None]})[0][0]
        totals.append(report(path.name, detections(output, geometry), truth, names))
        inputs.append(tensor)
        outputs.append(output)
    objects, right, false = (sum(column) for column in zip(*totals))
    print(f"all pictures: {right} of {objects} objects at IoU 0.5, {false} false")

    together = session.run(None, {"images": np.stack(inputs)})[0]
    print(f"one batch of {len(inputs)} against single runs: largest difference {np.abs(together - outputs).max():.2g}")
    importer = cv2.dnn.readNetFromONNX(str(model))
    importer.setInput(inputs[0][None])
    print(f"OpenCV DNN against ONNX Runtime: largest difference {np.abs(importer.forward()[0] - outputs[0]).max():.2g}")
    began = time.monotonic()
    for _ in range(100):
        session.run(None, {"images": inputs[0][None]})
    print(f"one picture, one thread: {(time.monotonic() - began) * 10:.2f} ms")


if __name__ == "__main__":
    main()
