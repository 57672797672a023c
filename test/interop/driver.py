"""Drives the Detector of one published pyzm, as the hook does.

Started with the pyzm to be driven first on the module path. Writes the versions of everything as its first line, then
answers each line of standard input, a job, with one line: the outcomes of its calls.

    {"detector": {...}, "calls": [{"do": "detect" | "list" | "event" | "encode", ...}, ...]}

All calls of a job go to one Detector, because that is what keeps a token.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import logging
import platform
import sys
import time
from types import SimpleNamespace
from typing import Any

import cv2

import pyzm
from pyzm.ml.detector import Detector
from pyzm.models.config import DetectorConfig, ModelConfig, StreamConfig
from pyzm.models.detection import DetectionResult
from pyzm.models.zm import Zone

Json = dict[str, Any]


class Event:
    """What the Detector asks of an event: its monitor, and its frames for image mode."""

    monitor_id = 1

    def __init__(self, call: Json) -> None:
        self._frames = call.get("frames", [])
        self._width = call.get("resize")

    def extract_frames(self, stream_config: StreamConfig) -> tuple[list[Any], Json]:
        original: tuple[int, int] | None = None
        frames = []
        for frame_id, path in self._frames:
            image = cv2.imread(path)
            original = original or image.shape[:2]
            if self._width is not None:
                height = round(image.shape[0] * self._width / image.shape[1])
                image = cv2.resize(image, (self._width, height))
            frames.append((frame_id, image))
        return frames, {"original": original, "resized": None}


def zoneminder(call: Json) -> SimpleNamespace:
    """Stands in for ZMClient: all that a Detector with a gateway looks at."""
    width, height = call.get("monitor", (0, 0))
    api = SimpleNamespace(
        portal_url=call.get("portal", ""),
        auth=SimpleNamespace(get_auth_string=lambda: call.get("auth", "")),
        config=SimpleNamespace(verify_ssl=call.get("verify_ssl", True)),
    )
    return SimpleNamespace(
        api=api,
        event=lambda event_id: Event(call),
        monitor=lambda monitor_id: SimpleNamespace(width=width, height=height),
    )


def detector_of(options: Json) -> Detector:
    if "ml_options" in options:
        return Detector.from_dict(options["ml_options"])
    config = dict(options.get("config", {}))
    models = [ModelConfig(**model) for model in config.pop("models", [{"name": "yolov8n"}])]
    gateway = {key: value for key, value in options.items() if key.startswith("gateway")}
    return Detector(config=DetectorConfig(models=models, **config), **gateway)


def zones_of(call: Json) -> list[Zone] | None:
    zones = call.get("zones")
    if zones is None:
        return None
    return [Zone(**{**zone, "points": [tuple(point) for point in zone["points"]]}) for zone in zones]


def encoded(call: Json) -> Json:
    """The bytes that this client makes of a picture before it uploads them."""
    image = cv2.imread(call["path"])
    if "resize" in call:
        image = cv2.resize(image, (call["resize"], round(image.shape[0] * call["resize"] / image.shape[1])))
    _, buffer = cv2.imencode(call["format"], image)
    return {"bytes": base64.b64encode(buffer.tobytes()).decode()}


def detected(result: DetectionResult) -> Json:
    fields = result.to_dict()
    del fields["image"]
    return fields


def perform(detector: Detector, call: Json) -> Json:
    match call["do"]:
        case "encode":
            return encoded(call)
        case "detect":
            source = call["path"] if call.get("as") == "path" else cv2.imread(call["path"])
            return detected(detector.detect(source, zones=zones_of(call)))
        case "list":
            frames = [(frame_id, cv2.imread(path)) for frame_id, path in call["frames"]]
            return detected(detector.detect(frames, zones=zones_of(call)))
        case "event":
            stream = StreamConfig(**call.get("stream", {}))
            event_id = call.get("event", 7)
            return detected(detector.detect_event(zoneminder(call), event_id, zones_of(call), stream))
        case unknown:
            raise ValueError(f"no such call: {unknown}")


def outcome(detector: Detector, call: Json) -> Json:
    time.sleep(call.get("after", 0))
    try:
        return {"ok": True, "value": perform(detector, call)}
    except Exception as error:  # whatever a client throws is what is looked at
        return {"ok": False, "error": type(error).__name__, "message": str(error)}


def versions() -> Json:
    packages = ("opencv-python-headless", "requests", "pydantic", "numpy", "shapely", "fastapi", "uvicorn", "starlette")
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"pyzm": pyzm.__version__, "python": platform.python_version(), **found}


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    print(json.dumps(versions()), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        detector = detector_of(job["detector"])
        print(json.dumps([outcome(detector, call) for call in job["calls"]]), flush=True)


if __name__ == "__main__":
    main()
