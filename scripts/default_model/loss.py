"""Which anchor answers for which object, and what its answer costs.

Assignment: task alignment (Feng et al. 2021, "TOOD"): among the anchor points inside an object, the ten with the
highest score^0.5 * IoU^6 learn it; the class target is that alignment, scaled so that an object's best anchor gets the
object's best IoU.
Boxes: complete IoU (Zheng et al. 2020, "Enhancing Geometric Factors", eq. 9-11). Classes: binary cross-entropy.
"""
import math

import torch
from torch.nn import functional as F

TOP = 10
BOX_GAIN, CLASS_GAIN = 7.5, 1.0
_EPS = 1e-7


def pair_iou(a, b):
    """Intersection over union of boxes (x1, y1, x2, y2) along the last axis, broadcast over the others."""
    side = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    shared = side.prod(-1)
    return shared / ((a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared + _EPS)


def complete_iou(a, b):
    """IoU less the normalised distance of the centres and the difference of aspect; boxes [n, 4] -> [n]."""
    overlap = pair_iou(a, b)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) ** 2).sum(1) / 4
    size_a, size_b = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    aspect = torch.atan(size_b[:, 0] / (size_b[:, 1] + _EPS)) - torch.atan(size_a[:, 0] / (size_a[:, 1] + _EPS))
    v = 4 / math.pi ** 2 * aspect ** 2
    with torch.no_grad():
        weight = v / (v - overlap + 1 + _EPS)
    return overlap - apart / ((hull ** 2).sum(1) + _EPS) - weight * v


@torch.no_grad()
def assign(scores, boxes, points, labels):
    """Picks the anchors of each object.

    scores [B, A, classes] 0..1, boxes [B, A, 4] px, points [A, 2] px, labels [B, M, 5] (class or -1, x1, y1, x2, y2).
    Returns (target scores [B, A, classes], target boxes [B, A, 4], positive [B, A] bool).
    """
    real = labels[..., 0] >= 0
    kinds = labels[..., 0].clamp(min=0).long()
    truth = labels[..., 1:]
    inside = ((points > truth[:, :, None, :2]) & (points < truth[:, :, None, 2:])).all(-1)  # [B, M, A]
    inside &= real[..., None]
    overlap = pair_iou(truth[:, :, None], boxes[:, None]) * inside
    score = scores.transpose(1, 2).gather(1, kinds[..., None].expand(-1, -1, scores.shape[1]))
    metric = score.sqrt() * overlap ** 6
    best = torch.zeros_like(inside).scatter_(2, metric.topk(TOP, dim=2).indices, True) & inside
    # An anchor inside two objects serves the one it overlaps most.
    owner = (overlap * best).argmax(1)
    best &= F.one_hot(owner, labels.shape[1]).transpose(1, 2).bool()
    metric = metric * best
    scale = (overlap * best).amax(2, keepdim=True) / (metric.amax(2, keepdim=True) + 1e-9)
    target = (metric * scale).amax(1)
    positive = best.any(1)
    owner = best.float().argmax(1)
    kind = F.one_hot(kinds.gather(1, owner), scores.shape[2])
    return kind * (target * positive)[..., None], truth.gather(1, owner[..., None].expand(-1, -1, 4)), positive


def detection_loss(net, raw, labels):
    """Scalar loss of raw outputs [B, 4 + classes, A] against labels [B, M, 5]; also its (box, class) parts."""
    boxes = net.sides(raw).transpose(1, 2)
    logits = raw[:, 4:].transpose(1, 2)
    scores, truth, positive = assign(logits.detach().sigmoid(), boxes.detach(), net.points[0].T, labels)
    total = scores.sum().clamp(min=1)
    kind = F.binary_cross_entropy_with_logits(logits, scores, reduction="sum") / total
    weight = scores.sum(2)[positive]
    box = ((1 - complete_iou(boxes[positive], truth[positive])) * weight).sum() / total
    return BOX_GAIN * box + CLASS_GAIN * kind, (box.item(), kind.item())
