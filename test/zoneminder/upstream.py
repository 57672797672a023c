"""Upstream's client on events of a real ZoneMinder: prints the lines that upstream's hook would.

    upstream.py JSON    a list of {"api", "portal", "user", "password", "event", "gateway", "mode", "frames"}

One line for each, empty where nothing was found. The hook itself is no PyPI package. It is ZMClient and Detector of pyzm, which run here, and the text that it makes of
their result, which is put together here as the contract (9.7) says.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyzm import Detector, ZMClient
from pyzm.models.config import StreamConfig


def line(found: dict[str, Any]) -> str:
    """`[s] detected:person:97% car:80% --SPLIT--{...}`: each label once, with its first confidence."""
    kind = {"snapshot": "s", "alarm": "a"}.get(found["frame_id"], "x")
    first: dict[str, float] = {}
    for label, confidence in zip(found["labels"], found["confidences"]):
        first.setdefault(label, confidence)
    words = "".join(f"{label}:{confidence:.0%} " for label, confidence in first.items())
    keys = ("labels", "boxes", "frame_id", "confidences", "image_dimensions")
    return f"[{kind}] detected:{words}--SPLIT--{json.dumps({key: found[key] for key in keys})}"


def detect(job: dict[str, Any]) -> str:
    zm = ZMClient(job["api"], user=job["user"], password=job["password"], portal_url=job["portal"])
    sequence = {
        "object": {
            "general": {"pattern": ".*"},
            "sequence": [{"name": "yolov8n", "object_framework": "opencv", "object_min_confidence": 0.3}],
        },
        "general": {
            "model_sequence": "object",
            "frame_strategy": "most_models",
            "ml_gateway": job["gateway"],
            "ml_gateway_mode": job["mode"],
        },
    }
    detector = Detector.from_dict(sequence)
    # As upstream's example file has it; the older of these clients would otherwise ask for the snapshot by its number.
    stream = StreamConfig.from_dict({"frame_set": job["frames"], "resize": "no", "convert_snapshot_to_fid": "no"})
    found = detector.detect_event(zm, job["event"], stream_config=stream).to_dict()
    return line(found) if found["labels"] else ""


if __name__ == "__main__":
    for job in json.loads(sys.argv[1]):
        print(detect(job))
