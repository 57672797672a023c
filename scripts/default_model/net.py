"""The network: a small residual backbone, a top-down pyramid, and one anchor-free head for each stride."""
import math

import torch
from torch import nn
from torch.nn import functional as F

from render import INPUT

STRIDES = (8, 16, 32)
REACH = 16  # a side of a box lies at most this many strides away from its anchor point


class Conv(nn.Module):
    """Convolution, batch norm (until fused), ReLU."""

    def __init__(self, inputs, outputs, kernel=3, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))

    def fuse(self):
        """Folds the norm into the convolution: w' = w * g / sqrt(var + eps), b' = beta - mean * g / sqrt(var + eps)."""
        norm, conv = self.norm, self.conv
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        fused = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding)
        fused.weight.data = conv.weight.data * gain.data[:, None, None, None]
        fused.bias.data = norm.bias.data - norm.running_mean * gain.data
        self.conv, self.norm = fused, nn.Identity()


class Block(nn.Module):
    """Residual bottleneck: two 3x3 convolutions through half the channels."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(Conv(channels, channels // 2), Conv(channels // 2, channels))

    def forward(self, x):
        return x + self.body(x)


class PoolPyramid(nn.Module):
    """Three chained 5x5 max-pools side by side (the SPPF idea): the coarsest level then sees the whole picture."""

    def __init__(self, channels):
        super().__init__()
        self.shrink = Conv(channels, channels // 2, 1)
        self.mix = Conv(channels * 2, channels, 1)

    def forward(self, x):
        parts = [self.shrink(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.mix(torch.cat(parts, 1))


class Head(nn.Module):
    """Box distances [B, 4, H, W] and class logits [B, classes, H, W] of one stride."""

    def __init__(self, channels, classes):
        super().__init__()
        self.box = nn.Sequential(Conv(channels, 24), nn.Conv2d(24, 4, 1))
        self.kind = nn.Sequential(Conv(channels, channels), nn.Conv2d(channels, classes, 1))
        nn.init.constant_(self.box[-1].bias, -1.0)
        # Start at a score of 0.01 everywhere, so that the many empty anchors do not drown the first steps
        # (Lin et al. 2017, "Focal Loss for Dense Object Detection", section 3.3).
        nn.init.constant_(self.kind[-1].bias, -math.log(99))

    def forward(self, x):
        return torch.cat([self.box(x), self.kind(x)], 1)


def anchor_points():
    """(points [2100, 2] (x, y) px: the centres of the cells, strides [2100, 1] px), in the order of the output."""
    points, strides = [], []
    for stride in STRIDES:
        cells = INPUT // stride
        at = (torch.arange(cells, dtype=torch.float32) + 0.5) * stride
        y, x = torch.meshgrid(at, at, indexing="ij")
        points.append(torch.stack([x.reshape(-1), y.reshape(-1)], 1))
        strides.append(torch.full((cells * cells, 1), float(stride)))
    return torch.cat(points), torch.cat(strides)


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.outputs = 4 + classes
        self.to8 = nn.Sequential(Conv(3, 8, 3, 2), Conv(8, 16, 3, 2), Block(16),
                                 Conv(16, 32, 3, 2), Block(32), Block(32))
        self.to16 = nn.Sequential(Conv(32, 64, 3, 2), Block(64))
        self.to32 = nn.Sequential(Conv(64, 64, 3, 2), Block(64), PoolPyramid(64))
        self.side = nn.ModuleList(Conv(channels, 32, 1) for channels in (32, 64, 64))
        self.smooth = nn.ModuleList((Conv(32, 32), Conv(32, 32)))
        self.heads = nn.ModuleList(Head(32, classes) for _ in STRIDES)
        points, strides = anchor_points()
        self.register_buffer("points", points.T[None].contiguous(), persistent=False)    # [1, 2, 2100]
        self.register_buffer("strides", strides.T[None].contiguous(), persistent=False)  # [1, 1, 2100]

    def raw(self, x):
        """Images [B, 3, 320, 320] -> [B, 4 + classes, 2100]: box activations and class logits, not decoded."""
        level8 = self.to8(x)
        level16 = self.to16(level8)
        level32 = self.side[2](self.to32(level16))
        level16 = self.smooth[1](self.side[1](level16) + F.interpolate(level32, scale_factor=2.0, mode="nearest"))
        level8 = self.smooth[0](self.side[0](level8) + F.interpolate(level16, scale_factor=2.0, mode="nearest"))
        levels = [head(level) for head, level in zip(self.heads, (level8, level16, level32))]
        # Constant sizes with -1 for the batch: the exported graph then reshapes without computing any shape.
        flat = [level.reshape(-1, self.outputs, (INPUT // stride) ** 2) for level, stride in zip(levels, STRIDES)]
        return torch.cat(flat, 2)

    def sides(self, raw):
        """Box activations -> boxes [B, 4, anchors] (x1, y1, x2, y2) input px.

        Distance to each side = 16 * sigmoid(v)^2 strides: bounded, always positive, and fine-grained near zero.
        """
        gate = torch.sigmoid(raw[:, :4])
        reach = gate * gate * (REACH * self.strides)
        return torch.cat([self.points - reach[:, :2], self.points + reach[:, 2:]], 1)

    def forward(self, x):
        """Images [B, 3, 320, 320] RGB 0..1 -> [B, 4 + classes, 2100]: cx, cy, w, h in input px, then scores 0..1."""
        raw = self.raw(x)
        box = self.sides(raw)
        first, second = box[:, :2], box[:, 2:]
        return torch.cat([(first + second) * 0.5, second - first, torch.sigmoid(raw[:, 4:])], 1)

    def fuse(self):
        for module in self.modules():
            if isinstance(module, Conv):
                module.fuse()
        return self


def cost(net):
    """(parameters, multiply-adds of the convolutions for one picture); one multiply-add is two FLOPs."""
    total = [0]

    def count(conv, _, output):
        total[0] += output[0].numel() * conv.weight[0].numel()

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        net(torch.zeros(1, 3, INPUT, INPUT))
    for hook in hooks:
        hook.remove()
    return sum(p.numel() for p in net.parameters()), total[0]
