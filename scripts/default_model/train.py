"""The training loop: AdamW, warm-up and cosine decay, averaged weights."""
import copy
import math
import time

import numpy as np
import torch

from dataset import batch
from loss import detection_loss

BATCH = 16
PEAK_RATE = 1e-2
WARM_UP = 200  # steps


def _rate(step, steps):
    warm = min(WARM_UP, steps // 4 + 1)
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


@torch.no_grad()
def _average(mean, net, step):
    """Exponential moving average of the weights; it forgets faster at the start, when the weights are poor."""
    keep = 0.998 * (1 - math.exp(-(step + 1) / 300))
    for slow, fast in zip(mean.state_dict().values(), net.state_dict().values()):
        if slow.dtype.is_floating_point:
            slow.mul_(keep).add_(fast, alpha=1 - keep)
        else:
            slow.copy_(fast)


def train(net, pictures, labels, steps, seed):
    """Trains `net` on the rows of dataset.render_set for `steps` batches; returns the averaged network in eval mode."""
    rng = np.random.default_rng(seed)
    decay = [p for p in net.parameters() if p.dim() > 1]
    plain = [p for p in net.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
                                  lr=PEAK_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    net = net.to(memory_format=torch.channels_last)  # half as fast again as planes, with few channels on a CPU
    mean = copy.deepcopy(net).eval()
    net.train()
    order, began, running = np.empty(0, int), time.monotonic(), np.zeros(2)
    for step in range(steps):
        while len(order) < BATCH:
            order = np.concatenate([order, rng.permutation(len(pictures))])
        chosen, order = order[:BATCH], order[BATCH:]
        images, truth = (torch.from_numpy(a) for a in batch(pictures, labels, chosen, rng))
        loss, parts = detection_loss(net, net.raw(images.contiguous(memory_format=torch.channels_last)), truth)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimizer.step()
        schedule.step()
        _average(mean, net, step)
        running = running * 0.95 + np.array(parts) * 0.05 if step else np.array(parts)
        if (step + 1) % 100 == 0 or step + 1 == steps:
            spent = time.monotonic() - began
            print(f"  step {step + 1} of {steps}  box {running[0]:.3f}  class {running[1]:.3f}  "
                  f"{spent:.0f} s, {spent / (step + 1) * (steps - step - 1):.0f} s to go", flush=True)
    return mean
