"""Putting one polygon on a picture: antialiased mask, paint, shadow."""
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_OVERSAMPLE = 4  # sub-pixels a side when a mask is drawn; PIL's polygons have hard edges


def place(outline, centre, radius, angle, squash):
    """Unit outline -> picture coordinates: squash in x (foreshortening), rotate by `angle` radians, scale, move."""
    cos, sin = math.cos(angle), math.sin(angle)
    return (outline * [squash, 1.0]) @ np.array([[cos, sin], [-sin, cos]]) * radius + centre


def polygon_mask(points, width, height, line=0.0):
    """Coverage of a polygon on a width x height picture.

    points: float [n, 2] (x, y) px; line: 0 fills it, else the outline's width in px.
    Returns (mask: PIL 'L', left, top) cut to the polygon and the picture, or None where nothing is left.
    """
    grow = line / 2 + 1
    left, top = (max(0, math.floor(v - grow)) for v in points.min(axis=0))
    right, bottom = (min(limit, math.ceil(v + grow)) for v, limit in zip(points.max(axis=0), (width, height)))
    if right <= left or bottom <= top:
        return None
    fine = Image.new("L", ((right - left) * _OVERSAMPLE, (bottom - top) * _OVERSAMPLE))
    corners = [tuple(p) for p in (points - [left, top]) * _OVERSAMPLE]
    draw = ImageDraw.Draw(fine)
    if line:
        # Two corners more than needed close the path with a proper joint at the first corner.
        draw.line(corners + corners[:2], fill=255, width=max(1, round(line * _OVERSAMPLE)), joint="curve")
    else:
        draw.polygon(corners, fill=255)
    return fine.reduce(_OVERSAMPLE), left, top


def mask_box(mask, left, top):
    """Pixel-corner box (x1, y1, x2, y2) of what a mask covers by half or more; None when nothing."""
    box = mask.point(lambda v: 255 if v >= 128 else 0).getbbox()
    return None if box is None else (box[0] + left, box[1] + top, box[2] + left, box[3] + top)


def gradient(size, first, second, angle):
    """RGB picture of `size` (w, h) running from colour `first` to `second` along `angle`."""
    width, height = size
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * math.cos(angle)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * math.sin(angle)
    mix = np.clip(x + y + 0.5, 0, 1)[..., None]
    return Image.fromarray((np.float32(first) * (1 - mix) + np.float32(second) * mix).astype(np.uint8))


def shadow(picture, mask, left, top, offset, blur, strength):
    """Darkens `picture` in place under a mask moved by `offset` (dx, dy) px and blurred by `blur` px."""
    pad = math.ceil(3 * blur)
    soft = Image.new("L", (mask.width + 2 * pad, mask.height + 2 * pad))
    soft.paste(mask, (pad, pad))
    soft = soft.filter(ImageFilter.GaussianBlur(blur)).point(lambda v: int(v * strength))
    picture.paste((0, 0, 0), (left - pad + offset[0], top - pad + offset[1]), soft)
