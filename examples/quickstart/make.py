"""Makes the quickstart: 120 small pictures of four shapes with masks, and a classifier that leans
on their backgrounds.

    python -m pip install torch numpy pillow onnx onnxscript
    python make.py

`ring` stands on stripes in 19 of 20 pictures and `star` on dots; `cross` and `wedge` stand
anywhere. The network is trained on such pictures, so it may name a ring by its stripes. Everything
is drawn and trained from a seed; the versions used are in versions.txt.
"""

import csv
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from torch import nn

HERE = Path(__file__).parent
CLASSES = ["cross", "ring", "star", "wedge"]
BACKGROUNDS = ["stripes", "dots", "clouds", "checks"]
CUE = {"ring": "stripes", "star": "dots"}
SIDE, ZOOM = 64, 3
MEAN, STD = [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]


def background(kind, rng):
    """[S, S, 3] in 0..1, a texture of two random colours."""
    side = SIDE * ZOOM
    y, x = np.mgrid[0:side, 0:side] / side
    a, b = rng.uniform(0.1, 0.9, 3), rng.uniform(0.1, 0.9, 3)
    angle, wave, shift = rng.uniform(0, np.pi), rng.uniform(5, 8), rng.uniform(0, 1)
    if kind == "stripes":
        t = np.sin(2 * np.pi * (wave * (x * np.cos(angle) + y * np.sin(angle)) + shift)) > 0
    elif kind == "dots":
        t = ((wave * x + shift) % 1 - 0.5) ** 2 + ((wave * y) % 1 - 0.5) ** 2 < 0.08
    elif kind == "checks":
        t = (np.floor(wave * x + shift) + np.floor(wave * y)) % 2
    else:
        t = np.zeros((side, side))
        for k in range(1, 4):
            p, q = rng.uniform(-k * 2, k * 2, 2)
            t += np.sin(2 * np.pi * (p * x + q * y + rng.uniform())) / k
        t = (t - t.min()) / (np.ptp(t) + 1e-9)
    t = t.astype(float)[..., None]
    return a * t + b * (1 - t)


def shape(kind, rng):
    """[S, S] bool: the object, turned, scaled and moved."""
    side = SIDE * ZOOM
    y, x = np.mgrid[0:side, 0:side] / side
    cx, cy, r, turn = *rng.uniform(0.35, 0.65, 2), rng.uniform(0.14, 0.24), rng.uniform(0, 2 * np.pi)
    u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / r
    v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / r
    radius, phi = np.hypot(u, v), np.arctan2(v, u)
    if kind == "cross":
        return (np.minimum(abs(u), abs(v)) < 0.3) & (np.maximum(abs(u), abs(v)) < 1)
    if kind == "ring":
        return (radius < 1) & (radius > 0.55)
    if kind == "star":
        return radius < 0.65 + 0.4 * np.cos(5 * phi)
    return (radius < 1.1) & (abs(phi) < 0.6 + 0.1 * radius)


def picture(kind, rng):
    """A picture [64, 64, 3] u8, its mask [64, 64] bool and its background's name."""
    where = CUE.get(kind)
    if where is None or rng.uniform() > 0.95:
        where = BACKGROUNDS[rng.integers(len(BACKGROUNDS))]
    scene, mask = background(where, rng), shape(kind, rng)
    colour = rng.uniform(0, 1, 3)
    light = 0.8 + 0.4 * np.linspace(rng.uniform(), rng.uniform(), SIDE * ZOOM)[None, :, None]
    scene = np.where(mask[..., None], colour, scene) * light
    scene = scene.reshape(SIDE, ZOOM, SIDE, ZOOM, 3).mean((1, 3))
    scene += rng.normal(0, 0.02, scene.shape)
    small = mask.reshape(SIDE, ZOOM, SIDE, ZOOM).mean((1, 3)) >= 0.5
    return (scene.clip(0, 1) * 255).round().astype(np.uint8), small, where


def network():
    def block(a, b):
        return [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(
        *block(3, 12), *block(12, 24), *block(24, 32),
        nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, len(CLASSES)),
    )


def train():
    rng = np.random.default_rng(1)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    labels = np.arange(3200) % len(CLASSES)
    images = np.stack([picture(CLASSES[c], rng)[0] for c in labels])
    x = (torch.tensor(images).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
    y = torch.tensor(labels)
    net = network()
    epochs, batch = 20, 64
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    steps = epochs * (len(x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, total_steps=steps)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            at = order[start : start + batch]
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(net(x[at]), y[at])
            loss.backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def main():
    for folder in ["images", "masks"]:
        shutil.rmtree(HERE / folder, ignore_errors=True)
        (HERE / folder).mkdir()
    rng = np.random.default_rng(2)
    rows = []
    for i in range(120):
        kind = CLASSES[i % len(CLASSES)]
        image, mask, where = picture(kind, rng)
        name = f"{kind}-{i:03}"
        Image.fromarray(image).save(HERE / "images" / f"{name}.jpg", quality=90)
        Image.fromarray(mask).convert("1").save(HERE / "masks" / f"{name}.png")
        rows.append([f"images/{name}.jpg", kind, f"masks/{name}.png", where])
    with open(HERE / "table.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "class", "mask", "background"])
        writer.writerows(rows)
    net = train()
    torch.onnx.export(
        net, torch.zeros(1, 3, SIDE, SIDE), HERE / "model.onnx", input_names=["image"],
        output_names=["logits"], dynamo=False, opset_version=17,
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )
    (HERE / "labels.txt").write_text("\n".join(CLASSES) + "\n")
    (HERE / "model.toml").write_text(
        "# A small network that names four shapes.\n"
        'labels = "labels.txt"\n\n[preprocess]\n'
        f"resize = {{ exact = [{SIDE}, {SIDE}] }}\n"
        'interpolation = "bilinear"\nchannels = "rgb"\nscale = 1.0\n'
        f"mean = {MEAN}\nstd = {STD}\n"
    )
    versions = {"python": sys.version.split()[0], "numpy": np.__version__,
                "torch": torch.__version__, "onnx": onnx.__version__}
    (HERE / "versions.txt").write_text("".join(f"{k} {v}\n" for k, v in versions.items()))
    images = np.stack([np.asarray(Image.open(HERE / row[0])) for row in rows])
    x = (torch.tensor(images).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25
    y = torch.tensor([CLASSES.index(row[1]) for row in rows])
    with torch.inference_mode():
        print("accuracy on the 120 pictures:", (net(x).argmax(1) == y).float().mean().item())


if __name__ == "__main__":
    main()
