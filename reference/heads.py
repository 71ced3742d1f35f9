#!/usr/bin/env python3
"""PyTorch's side of the small heads of rightly-train: linear and with one hidden layer, by SGD and AdamW.

    python reference/heads.py --out crates/train/tests/golden/heads.json

writes a small made-up problem, and for each case the weights at the start, the order of the rows in each epoch, and
what comes out: the mean loss of each epoch's steps, the weights at the end and the logits of the first rows. Computed
in double precision, so that what a reader in single precision differs by is its own rounding. Needs torch and numpy.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

SEED = 20
# More rows than one block of rightly's sums (256), so that their addition is part of the comparison.
ROWS, FEATURES, HIDDEN, CLASSES = 280, 5, 6, 4
EPOCHS = 3
# 280 = 4 x 64 + 24: the last step of an epoch is a short one.
BATCH = 64
LOGITS = 5

SGD = {"name": "sgd", "momentum": 0.9, "weight_decay": 0.02}
PLAIN = {"name": "sgd", "momentum": 0.0, "weight_decay": 0.0}
ADAMW = {"name": "adamw", "weight_decay": 0.1}
# name, hidden, rule, rate, batch, weights, whether the start is zeros
CASES = [
    ("linear, plain gradient descent", None, PLAIN, 0.5, None, None, True),
    ("linear, SGD, row weights", None, SGD, 0.1, None, "rows", True),
    ("linear, SGD, steps, class weights", None, SGD, 0.05, BATCH, "classes", False),
    ("linear, AdamW, class weights", None, ADAMW, 0.05, None, "classes", True),
    ("linear, AdamW, steps", None, ADAMW, 0.02, BATCH, None, False),
    ("hidden, plain gradient descent", HIDDEN, PLAIN, 0.5, None, None, False),
    ("hidden, SGD, steps, row weights", HIDDEN, SGD, 0.05, BATCH, "rows", False),
    ("hidden, AdamW", HIDDEN, {"name": "adamw", "weight_decay": 0.0}, 0.02, None, "classes", False),
    ("hidden, AdamW, steps, row weights", HIDDEN, ADAMW, 0.02, BATCH, "rows", False),
]


def grid(values, steps=64):
    """Values on a grid: exact in single precision and short in the file."""
    return np.round(values * steps) / steps


def problem(rng):
    labels = rng.integers(0, CLASSES, ROWS)
    centres = rng.normal(size=(CLASSES, FEATURES))
    values = grid(centres[labels] + rng.normal(size=(ROWS, FEATURES)))
    rows = grid(rng.uniform(0, 3, ROWS), 4)
    rows[rng.choice(ROWS, 20, replace=False)] = 0.0  # rows that have no part in it
    return values, labels, rows, grid(rng.uniform(0.5, 3, CLASSES), 4)


def network(hidden):
    if hidden is None:
        return nn.Sequential(nn.Linear(FEATURES, CLASSES)).double()
    return nn.Sequential(nn.Linear(FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, CLASSES)).double()


def parameters(net):
    """Weight [outputs, inputs] and bias of each layer."""
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    numbers = lambda tensor: [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]
    return [{"weight": numbers(layer.weight), "bias": numbers(layer.bias)} for layer in layers]


def loss_of(logits, labels, rows, classes):
    """Weighted mean of cross-entropies. Of class weights it is PyTorch's own reduction."""
    if classes is not None:
        return functional.cross_entropy(logits, labels, weight=classes)
    if rows is not None:
        return (functional.cross_entropy(logits, labels, reduction="none") * rows).sum() / rows.sum()
    return functional.cross_entropy(logits, labels)


def run(case, data, rng):
    name, hidden, rule, rate, batch, weights, zeros = case
    values, labels, rows, classes = (torch.from_numpy(array) for array in data)
    net = network(hidden)
    with torch.no_grad():
        for parameter in net.parameters():
            start = np.zeros(tuple(parameter.shape)) if zeros else grid(rng.normal(0, 0.4, tuple(parameter.shape)))
            parameter.copy_(torch.from_numpy(start))
    initial = parameters(net)
    if rule["name"] == "sgd":
        optimizer = torch.optim.SGD(
            net.parameters(), lr=rate, momentum=rule["momentum"], weight_decay=rule["weight_decay"]
        )
    else:
        optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=rule["weight_decay"])
    orders, losses = [], []
    for _ in range(EPOCHS):
        order = np.arange(ROWS) if batch is None else rng.permutation(ROWS)
        steps = []
        for chosen in np.split(order, range(batch or ROWS, ROWS, batch or ROWS)):
            chosen = torch.from_numpy(chosen)
            optimizer.zero_grad()
            loss = loss_of(
                net(values[chosen]),
                labels[chosen],
                rows[chosen] if weights == "rows" else None,
                classes if weights == "classes" else None,
            )
            loss.backward()
            optimizer.step()
            steps.append(loss.item())
        orders.append(order.tolist() if batch is not None else None)
        losses.append(float(f"{np.mean(steps):.10g}"))
    with torch.no_grad():
        logits = net(values[:LOGITS])
    return {
        "name": name,
        "hidden": hidden,
        "optimizer": rule,
        "rate": rate,
        "batch": batch,
        "weights": weights,
        "initial": initial,
        "orders": orders if batch is not None else None,
        "losses": losses,
        "layers": parameters(net),
        "logits": [float(f"{value:.9g}") for value in logits.flatten().tolist()],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    data = problem(rng)
    values, labels, rows, classes = data
    result = {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "seed": SEED,
        "epochs": EPOCHS,
        "features": FEATURES,
        "classes": CLASSES,
        "values": values.flatten().tolist(),
        "labels": labels.tolist(),
        "row_weights": rows.tolist(),
        "class_weights": classes.tolist(),
    }
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in result.items()]
    cases = ",\n".join(f"    {json.dumps(run(case, data, rng))}" for case in CASES)
    arguments.out.write_text("{\n" + ",\n".join(lines) + ',\n  "cases": [\n' + cases + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
