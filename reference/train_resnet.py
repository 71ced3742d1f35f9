#!/usr/bin/env python3
"""PyTorch's side of a training: the same network, initial weights, images, order and schedule as rightly's.

    cargo run --release -p rightly-train --example train_reference -- export DIR [options]
    python reference/train_resnet.py DIR [--out losses.json] [--steps N] [--threads T]

reads what the first command wrote, trains and writes the losses of the first steps and, after each epoch, the accuracy
on the validation images. Needs torch, safetensors and numpy.
"""

import argparse
import json
import math
import pathlib
import time

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

KEPT_LOSSES = 100


class Unit(nn.Module):
    """A convolution and its batch norm."""

    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))


class Block(nn.Module):
    """Two convolutions and a shortcut, projected (option B) where its size changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = Unit(inputs, outputs, 3, stride)
        self.conv2 = Unit(outputs, outputs, 3, 1)
        self.shortcut = Unit(inputs, outputs, 1, stride) if inputs != outputs or stride != 1 else None

    def forward(self, x):
        inner = self.conv2(functional.relu(self.conv1(x)))
        return functional.relu(inner + (self.shortcut(x) if self.shortcut is not None else x))


class Network(nn.Module):
    """resnet8, resnet20 (He's CIFAR networks) and resnet18 (torchvision's layout)."""

    LAYOUTS = {
        "resnet8": (16, 3, 1, False, (16, 32, 64), 1),
        "resnet20": (16, 3, 1, False, (16, 32, 64), 3),
        "resnet18": (64, 7, 2, True, (64, 128, 256, 512), 2),
    }

    def __init__(self, arch, classes):
        super().__init__()
        first, kernel, stride, self.pool, widths, depth = self.LAYOUTS[arch]
        self.stem = Unit(3, first, kernel, stride)
        self.blocks = []
        inputs = first
        for stage, width in enumerate(widths, 1):
            for place in range(1, depth + 1):
                name = f"stage{stage}_block{place}"
                setattr(self, name, Block(inputs, width, 2 if stage > 1 and place == 1 else 1))
                self.blocks.append(name)
                inputs = width
        self.head = nn.Linear(inputs, classes)

    def forward(self, x):
        x = functional.relu(self.stem(x))
        if self.pool:
            x = functional.max_pool2d(x, 3, 2, 1)
        for name in self.blocks:
            x = getattr(self, name)(x)
        return self.head(x.mean((2, 3)))


def values(pixels, preprocess):
    """Pixels to the network's input, as rightly computes it."""
    mean = torch.tensor(preprocess["mean"]).reshape(1, 3, 1, 1)
    std = torch.tensor(preprocess["std"]).reshape(1, 3, 1, 1)
    return (pixels.float() / 255 * preprocess.get("scale", 1.0) - mean) / std


def rate(options, step, in_epoch):
    """Learning rate of a step: a linear rise during the warm-up, then constant or half a cosine to the end."""
    warm = math.floor(options["warmup"] * in_epoch + 0.5)
    if step < warm:
        return options["rate"] * (step + 1) / warm
    if options["schedule"]["name"] == "constant":
        return options["rate"]
    share = (step - warm) / max(1, options["epochs"] * in_epoch - warm)
    return options["rate"] * 0.5 * (1 + math.cos(math.pi * share))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="where the result goes (default: printed)")
    parser.add_argument("--steps", type=int, help="stop after so many steps")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--double", action="store_true", help="in double precision, to tell rounding from differences")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    options = json.loads((arguments.folder / "options.json").read_text())
    if options["schedule"]["name"] not in ("constant", "cosine") or options["optimizer"]["name"] != "sgd":
        parser.error("only SGD at a constant rate or on a cosine is written out here")
    network = Network(options["arch"], len(options["classes"]))
    missing, unexpected = network.load_state_dict(load_file(arguments.folder / "weights.safetensors"), strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing), (missing, unexpected)
    kind = torch.float64 if arguments.double else torch.float32
    network.to(kind)
    rule = torch.optim.SGD(
        network.parameters(),
        lr=options["rate"],
        momentum=options["optimizer"]["momentum"],
        weight_decay=options["optimizer"]["weight_decay"],
    )
    val = load_file(arguments.folder / "val.safetensors")
    losses, history = [], []
    steps = 0
    for epoch in range(options["epochs"]):
        data = load_file(arguments.folder / f"epoch-{epoch}.safetensors")
        network.train()
        in_epoch = len(data["batches"])
        start, total, first = time.perf_counter(), 0.0, 0
        for count in data["batches"].tolist():
            images = values(data["pixels"][first : first + count], options["preprocess"]).to(kind)
            loss = functional.cross_entropy(network(images), data["labels"][first : first + count])
            rule.param_groups[0]["lr"] = rate(options, steps, in_epoch)
            rule.zero_grad()
            loss.backward()
            if options["clip"]:
                nn.utils.clip_grad_norm_(network.parameters(), options["clip"])
            rule.step()
            first += count
            total += loss.item()
            if len(losses) < KEPT_LOSSES:
                losses.append(loss.item())
            steps += 1
            if steps == arguments.steps:
                break
        seconds = time.perf_counter() - start
        network.eval()
        with torch.no_grad():
            parts = val["pixels"].split(256)
            logits = torch.cat([network(values(part, options["preprocess"]).to(kind)) for part in parts])
        accuracy = (logits.argmax(1) == val["labels"]).double().mean().item()
        history.append(
            {
                "epoch": epoch,
                "train_loss": total / len(data["batches"]),
                "val_loss": functional.cross_entropy(logits.double(), val["labels"]).item(),
                "val_accuracy": accuracy,
                "seconds": seconds,
            }
        )
        if steps == arguments.steps:
            break
    result = {"torch": torch.__version__, "first_losses": losses, "history": history}
    text = json.dumps(result, indent=2) + "\n"
    if arguments.out:
        arguments.out.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
