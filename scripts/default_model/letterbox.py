"""Picture -> model input and model output -> boxes, as the daemon does both."""
import numpy as np
from PIL import Image

from render import INPUT

PAD = 114        # grey of the padding, as networks of the YOLO family expect
PIXEL = 0.00392  # multiplier of a byte, near 1/255, as ZoneMinder's hooks have it


def geometry(width, height):
    """(scaled width, scaled height, left padding, top padding) in px of the input."""
    scale = min(INPUT / width, INPUT / height)
    w, h = round(width * scale), round(height * scale)
    return w, h, (INPUT - w) // 2, (INPUT - h) // 2


def letterbox(image):
    """RGB picture -> uint8 [320, 320, 3], centred on grey.

    Image.transform samples four neighbours at pixel centres whatever the scale, which is what OpenCV's INTER_LINEAR
    does; Image.resize would smooth first, and the network would never see the aliasing of real inputs.
    """
    w, h, left, top = geometry(*image.size)
    matrix = (image.width / w, 0, 0, 0, image.height / h, 0)
    out = Image.new("RGB", (INPUT, INPUT), (PAD, PAD, PAD))
    out.paste(image.transform((w, h), Image.AFFINE, matrix, Image.BILINEAR), (left, top))
    return np.asarray(out)


def to_input(boxes, width, height):
    """Boxes [n, 4] (x1, y1, x2, y2) from picture px to input px."""
    w, h, left, top = geometry(width, height)
    return boxes * [w / width, h / height, w / width, h / height] + [left, top, left, top]


def to_picture(boxes, width, height):
    """Boxes [n, 4] (x1, y1, x2, y2) from input px to picture px, cut to the picture."""
    w, h, left, top = geometry(width, height)
    boxes = (boxes - [left, top, left, top]) / [w / width, h / height, w / width, h / height]
    return np.clip(boxes, 0, [width, height, width, height])


def iou(box, others):
    """Intersection over union of one box [4] with others [n, 4], (x1, y1, x2, y2)."""
    side = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(side, 0, None).prod(axis=1)
    return shared / ((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - shared + 1e-9)


def decode(output, threshold=0.3, nms=0.4):
    """One picture's output [4 + classes, anchors] -> (boxes [n, 4] xyxy input px, scores [n], classes [n]).

    Best class of each anchor, threshold, then class-agnostic greedy NMS.
    """
    kinds = output[4:].argmax(axis=0)
    scores = output[4:].max(axis=0)
    keep = np.flatnonzero(scores >= threshold)
    keep = keep[np.argsort(-scores[keep], kind="stable")]
    centre, half = output[:2, keep].T, output[2:4, keep].T / 2
    boxes, scores, kinds = np.concatenate([centre - half, centre + half], axis=1), scores[keep], kinds[keep]
    alive, chosen = np.ones(len(boxes), bool), []
    for i in range(len(boxes)):
        if alive[i]:
            chosen.append(i)
            alive &= iou(boxes[i], boxes) <= nms
    return boxes[chosen], scores[chosen], kinds[chosen]
