"""The trained network as an ONNX file that names its own classes."""
import copy
import inspect
import warnings

import onnx
import torch

from net import STRIDES
from render import INPUT
from shapes import CLASSES

OPSET = 12  # the oldest that every runtime of the daemon reads, OpenCV's importer included

METADATA = {
    "description": "zmdetect embedded default model",
    "author": "zmdetect embedded default model",
    "license": "MIT",
    "task": "detect",
    "stride": str(max(STRIDES)),
    "imgsz": str([INPUT, INPUT]),
    "names": str(dict(enumerate(CLASSES))),
}


def export(net, path):
    """Writes `net` to `path`: `images` [batch, 3, 320, 320] -> `output0` [batch, 4 + classes, 2100]."""
    fused = copy.deepcopy(net).eval().fuse()
    options = {}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False  # the tracing exporter: the newer one writes opset 18 and later
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(fused, torch.zeros(1, 3, INPUT, INPUT), str(path), opset_version=OPSET,
                          input_names=["images"], output_names=["output0"],
                          dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}}, **options)
    model = onnx.load(str(path))
    model.doc_string = METADATA["description"]
    for key, value in METADATA.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
