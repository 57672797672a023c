"""Renders, trains, exports and measures the embedded default model; see --help."""
import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from card import write_card
from dataset import HARD, NORMAL, TRAIN, render_set
from evaluate import evaluate, table, torch_runner
from export import export
from net import Net, cost
from samples import FIXTURE_SIZES, SAMPLE_INDEX, agreement, fixture_scene, sample_scene, write_fixtures, write_sample
from shapes import CLASSES
from train import BATCH, train

ROOT = Path(__file__).resolve().parents[2]
SEED = 20


def arguments():
    parser = argparse.ArgumentParser(prog="train-default-model", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few steps only, to prove the path; needs --out")
    parser.add_argument("--out", type=Path, help="folder for all results (default: models/ and test/fixtures/shapes/)")
    parser.add_argument("--pictures", type=int, default=8000, help="training pictures to render (%(default)s)")
    parser.add_argument("--steps", type=int, default=4000, help=f"training steps of {BATCH} pictures (%(default)s)")
    parser.add_argument("--held-out", type=int, default=600, help="pictures in the normal test set (%(default)s)")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="CPU threads (%(default)s)")
    options = parser.parse_args()
    for name in ("pictures", "steps", "held_out", "threads"):
        if getattr(options, name) < 1:
            flag = name.replace("_", "-")
            parser.error(f"expected a whole number above 0 for --{flag}, got {getattr(options, name)}")
    if options.quick:
        if not options.out:
            parser.error("expected a folder for --out with --quick, got none: the shipped model is not overwritten")
        options.pictures, options.steps, options.held_out = 64, 6, 20
    return options


def check_shipped(run):
    """Prints how the model does on the sample and the fixtures; True when the sample is faultless."""
    drawn = sample_scene(SAMPLE_INDEX)
    found, wrong = agreement(run, drawn.image, drawn.objects)
    print(f"sample.jpg: {found} of {len(drawn.objects)} objects above 0.5, {wrong} false above 0.3")
    scenes = [fixture_scene(index) for index in range(len(FIXTURE_SIZES))]
    each = [agreement(run, s.image, s.objects) for s in scenes]
    print(f"fixtures: {sum(f for f, _ in each)} of {sum(len(s.objects) for s in scenes)} objects above 0.5, "
          f"{sum(w for _, w in each)} false above 0.3")
    return found == len(drawn.objects) and not wrong


def main():
    options = arguments()
    models = options.out or ROOT / "models"
    fixtures = options.out / "shapes" if options.out else ROOT / "test" / "fixtures" / "shapes"
    models.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True, warn_only=True)

    net = Net(len(CLASSES))
    parameters, multiply_adds = cost(net)
    print(f"network: {parameters} parameters, {2 * multiply_adds / 1e9:.2f} GFLOP a picture")

    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="zmdetect-train-") as scratch:
        print(f"rendering {options.pictures} training pictures")
        pictures, labels = render_set(TRAIN, options.pictures, Path(scratch) / "pictures.npy", options.threads)
        rendered = time.monotonic()
        print(f"training {options.steps} steps of {BATCH}")
        net = train(net, pictures, labels, options.steps, np.random.SeedSequence([SEED]))
        trained = time.monotonic()
        del pictures

    model = models / "default.onnx"
    export(net, model)
    (models / "default.names").write_text("".join(f"{name}\n" for name in CLASSES))
    write_sample(models, SAMPLE_INDEX)
    write_fixtures(fixtures)

    print("measuring on held-out pictures")
    run = torch_runner(net)
    results = {"normal": evaluate(run, NORMAL, options.held_out), "hard": evaluate(run, HARD, options.held_out // 2)}
    faultless = check_shipped(run)
    write_card(models / "default-card.md", results=results, parameters=parameters, multiply_adds=multiply_adds,
               size=model.stat().st_size, pictures=options.pictures, steps=options.steps, threads=options.threads,
               render_seconds=rendered - began, train_seconds=trained - rendered, seed=SEED)
    print(f"\n{table(results)}\n\n{model}: {model.stat().st_size} bytes")
    if not options.quick and (results["normal"].map50 < 0.9 or not faultless):
        sys.exit("train-default-model: this model is not good enough to ship (mAP50 below 0.90 or a faulty sample)")


if __name__ == "__main__":
    main()
