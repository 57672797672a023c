"""Scene renderer: objects of the five classes among clutter, then light, lens and camera faults.

A scene is a pure function of (generator, size, hardness). `hardness` 0..1 scales what makes a picture difficult: less
contrast, more clutter, noise, blur, occlusion and stronger JPEG. Sizes of objects are chosen in pixels of the model's
320 px input, so a scene is equally legible at every picture size.
"""
import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from canvas import gradient, mask_box, place, polygon_mask, shadow
from shapes import CLASSES, DISTRACTORS, OUTLINES

INPUT = 320  # side of the model's input, px


@dataclass
class Scene:
    image: Image.Image  # RGB
    objects: list       # [(class index, (x1, y1, x2, y2))], pixel corners of the part inside the picture

    def truth(self):
        return [{"label": CLASSES[kind], "box": list(box)} for kind, box in self.objects]


def _colour(rng):
    return rng.uniform(0, 255, 3)


def _tuple(colour):
    return tuple(int(v) for v in np.clip(colour, 0, 255))


def _smooth(rng, width, height, cells, low, high):
    """Low-frequency RGB noise: `cells` random values across, interpolated to the picture's size."""
    rows = max(2, round(cells * height / width))
    values = rng.uniform(low, high, (rows, cells, 3))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).resize((width, height), Image.BICUBIC)


def background(rng, width, height, hardness):
    """Flat, graded, blotchy or tiled ground."""
    kind = rng.choice(["flat", "gradient", "blotches", "tiles"], p=[0.2, 0.3, 0.3, 0.2])
    base = _colour(rng)
    if kind == "flat":
        grey = rng.choice([0, 0, 114, 128, 255, 255])
        return Image.new("RGB", (width, height), _tuple(base if rng.random() < 0.6 else np.full(3, grey)))
    spread = 30 + 60 * hardness
    if kind == "gradient":
        return gradient((width, height), np.clip(base + rng.normal(0, spread, 3), 0, 255), base,
                        rng.uniform(0, 2 * math.pi))
    picture = _smooth(rng, width, height, int(rng.integers(2, 12)), base - spread, base + spread)
    if kind == "tiles":
        draw = ImageDraw.Draw(picture)
        step = max(6, int(rng.uniform(0.05, 0.3) * width))
        line = max(1, int(step * rng.uniform(0.02, 0.15)))
        ink = _tuple(base + rng.normal(0, 20 + 30 * hardness, 3))
        for x in range(int(rng.integers(step)), width, step):
            draw.line((x, 0, x, height), fill=ink, width=line)
        if rng.random() < 0.6:
            for y in range(int(rng.integers(step)), height, step):
                draw.line((0, y, width, y), fill=ink, width=line)
    return picture


def _strokes(rng, draw, width, height, unit):
    """A word of random glyph-like strokes."""
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    size, ink = unit * rng.uniform(4, 12), _tuple(_colour(rng))
    for _ in range(int(rng.integers(3, 12))):
        points = rng.uniform(0, 1, (int(rng.integers(2, 5)), 2)) * [0.6 * size, size] + [x, y]
        draw.line([tuple(p) for p in points], fill=ink, width=max(1, int(size * 0.12)))
        x += size * 0.8


def clutter(rng, picture, hardness):
    """Long lines, arcs, words and polygons of no class."""
    width, height = picture.size
    unit = max(width, height) / INPUT
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.poisson(1 + 4 * hardness)):
        points = rng.uniform(-0.1, 1.1, (int(rng.integers(2, 4)), 2)) * [width, height]
        draw.line([tuple(p) for p in points], fill=_tuple(_colour(rng)), width=max(1, int(unit * rng.uniform(0.5, 5))))
    for _ in range(rng.poisson(1 * hardness)):
        reach, start = unit * rng.uniform(15, 60), rng.uniform(0, 360)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        draw.arc((x - reach, y - reach, x + reach, y + reach), start, start + rng.uniform(30, 140),
                 fill=_tuple(_colour(rng)), width=max(1, int(unit * rng.uniform(1, 4))))
    for _ in range(rng.poisson(0.5 + 1.5 * hardness)):
        _strokes(rng, draw, width, height, unit)
    for _ in range(rng.poisson(1 + 4 * hardness)):
        outline = DISTRACTORS[rng.integers(len(DISTRACTORS))](rng)
        radius = unit * math.exp(rng.uniform(math.log(6), math.log(60)))
        centre = rng.uniform(0, 1, 2) * [width, height]
        line = 0.0 if rng.random() < 0.65 else max(1.2, radius * rng.uniform(0.06, 0.2))
        drawn = polygon_mask(place(outline, centre, radius, rng.uniform(0, 2 * math.pi), 1.0), width, height, line)
        if drawn:
            mask, left, top = drawn
            picture.paste(_tuple(_colour(rng)), (left, top), mask)


def _overlap(box, other):
    """Shared area over the smaller box's area."""
    w = min(box[2], other[2]) - max(box[0], other[0])
    h = min(box[3], other[3]) - max(box[1], other[1])
    area = min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
    return max(0, w) * max(0, h) / area if area else 1.0


def _contrasting(rng, ground, distance):
    """A colour at least `distance` (euclidean, RGB) from the mean ground colour."""
    for _ in range(50):
        colour = _colour(rng)
        if np.linalg.norm(colour - ground) >= distance:
            return colour
    return 255.0 - ground


def _paint(rng, picture, mask, left, top, colour, hardness):
    """Fills a mask with a colour that runs a little, as a lit surface does."""
    second = np.clip(colour + rng.normal(0, 8 + 22 * hardness, 3), 0, 255)
    if rng.random() < 0.3:
        picture.paste(_tuple(colour), (left, top), mask)
    else:
        picture.paste(gradient(mask.size, colour, second, rng.uniform(0, 2 * math.pi)), (left, top), mask)


def _occlude(rng, picture, box, hardness):
    """A bar across up to a fifth of the object, from one side to the other."""
    x1, y1, x2, y2 = box
    upright = rng.random() < 0.5
    side = (x2 - x1) if upright else (y2 - y1)
    thick = max(1, int(side * rng.uniform(0.05, 0.1 + 0.1 * hardness)))
    at = int((x1 if upright else y1) + rng.uniform(0.1, 0.8) * side)
    ink = _tuple(_colour(rng))
    reach = int(side * rng.uniform(0.1, 1.0))
    area = (at, y1 - reach, at + thick, y2 + reach) if upright else (x1 - reach, at, x2 + reach, at + thick)
    ImageDraw.Draw(picture).rectangle(area, fill=ink)


def _add_object(rng, picture, kind, taken, hardness, sizes, truncate):
    """Draws one object where it covers no other one; returns its box, or None when no free place was found."""
    width, height = picture.size
    unit = max(width, height) / INPUT
    for _ in range(12):
        side = unit * math.exp(rng.uniform(math.log(sizes[0]), math.log(sizes[1])))
        radius = min(side, 0.85 * min(width, height)) / 2
        margin = radius * (0.75 if truncate and rng.random() < 0.15 else 1.05)
        centre = [rng.uniform(margin, max(margin, limit - margin)) for limit in (width, height)]
        points = place(OUTLINES[kind](rng), centre, radius, rng.uniform(0, 2 * math.pi) if rng.random() < 0.8 else 0.0,
                       rng.uniform(0.85, 1.0))
        outlined = rng.random() < 0.35
        line = max(1.5 * unit, radius * rng.uniform(0.10, 0.26)) if outlined else 0.0
        drawn = polygon_mask(points, width, height, line)
        box = mask_box(*drawn) if drawn else None
        if box and all(_overlap(box, other) < 0.08 for other in taken):
            break
    else:
        return None
    mask, left, top = drawn
    ground = np.asarray(picture.crop(box)).reshape(-1, 3).mean(axis=0)
    colour = _contrasting(rng, ground, 140 - 75 * hardness)
    if rng.random() < 0.35:
        reach = radius * rng.uniform(0.05, 0.25)
        turn = rng.uniform(0, 2 * math.pi)
        shadow(picture, mask, left, top, (int(reach * math.cos(turn)), int(reach * math.sin(turn))),
               max(0.5, reach * rng.uniform(0.3, 0.8)), rng.uniform(0.25, 0.7))
    _paint(rng, picture, mask, left, top, colour, hardness)
    if not outlined and rng.random() < 0.3:
        rim = polygon_mask(points, width, height, max(unit, radius * rng.uniform(0.05, 0.12)))
        picture.paste(_tuple(_contrasting(rng, colour, 80)), rim[1:], rim[0])
        box = mask_box(*rim)
    if rng.random() < 0.3 * hardness:
        _occlude(rng, picture, box, hardness)
    return box


def degrade(rng, picture, hardness):
    """Uneven light, lens blur, sensor noise and JPEG, in the order a camera adds them."""
    width, height = picture.size
    unit = max(width, height) / INPUT
    if rng.random() < 0.4:
        light = np.asarray(_smooth(rng, width, height, int(rng.integers(2, 5)), 200 - 130 * hardness, 255).convert("L"))
        lit = np.asarray(picture).astype(np.uint16) * light[..., None]
        picture = Image.fromarray((lit >> 8).astype(np.uint8))
    if rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(unit * rng.uniform(0.2, 0.4 + 0.9 * hardness)))
    if rng.random() < 0.5:
        sigma = rng.uniform(1, 4 + 18 * hardness)
        noise = rng.standard_normal((height, width, 1 if rng.random() < 0.3 else 3), dtype=np.float32) * sigma
        picture = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
    if rng.random() < 0.6:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.uniform(85 - 60 * hardness, 96)))
        picture = Image.open(buffer).convert("RGB")
    return picture


def scene(rng, width, height, hardness, count=None, sizes=(16, 150), truncate=True):
    """Renders one scene.

    count: number of objects tried, default 0..9; sizes: smallest and largest diameter in px of the 320 px input;
    truncate: objects may leave the picture by up to an eighth of their size.
    """
    picture = background(rng, width, height, hardness)
    clutter(rng, picture, hardness)
    if count is None:
        count = 0 if rng.random() < 0.05 else int(rng.integers(1, 10))
    objects = []
    for _ in range(count):
        kind = int(rng.integers(len(CLASSES)))
        box = _add_object(rng, picture, kind, [b for _, b in objects], hardness, sizes, truncate)
        if box:
            objects.append((kind, box))
    return Scene(degrade(rng, picture, hardness), objects)
