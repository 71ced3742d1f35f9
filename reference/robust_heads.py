#!/usr/bin/env python3
"""PyTorch's and scikit-learn's side of the heads that serve every group (rightly-model's `heads::robust`).

    python reference/robust_heads.py --out crates/model/tests/golden/robust.json

writes a small made-up problem with groups, soft labels and object parts, and what comes out of GroupDRO (hard and soft: the
groups' weights after each step), the weights that rows are drawn by, domain heads mixed by soft labels, training twice, the
penalty on class activation maps off the object, and L1 logistic regression. Gradients are autograd's, in double precision.
Needs torch, numpy and scikit-learn.
"""

import argparse
import json
import pathlib
import warnings

import numpy as np
import sklearn
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

SEED = 21
ROWS, FEATURES, CLASSES, GROUPS, PARTS, POSITIONS = 240, 5, 3, 4, 5, 6
EPOCHS, BATCH, RATE = 2, 64, 0.1
STRENGTHS = (1.0, 0.1, 0.02)


def grid(values, steps=64):
    """Values on a grid: exact in single precision and short in the file."""
    return np.round(values * steps) / steps


def numbers(array):
    return [float(f"{value:.9g}") for value in np.asarray(array).flatten().tolist()]


def problem(rng):
    labels = rng.integers(0, CLASSES, ROWS)
    # The last group is rare and harder, and one group has no row of the first class.
    groups = rng.choice(GROUPS, ROWS, p=[0.5, 0.3, 0.15, 0.05])
    groups[(labels == 0) & (groups == 2)] = 0
    centres = rng.normal(size=(CLASSES, FEATURES))
    shift = rng.normal(size=(GROUPS, FEATURES))
    # Features that are pooled from positions.
    maps = grid(
        (centres[labels] + 0.7 * shift[groups])[:, :, None] + 1.5 * rng.normal(size=(ROWS, FEATURES, POSITIONS)), 16
    )
    objects = grid(rng.uniform(0, 1, (ROWS, POSITIONS)) * (rng.uniform(size=(ROWS, POSITIONS)) < 0.7), 4)
    objects[:3] = 0  # pictures without an object
    soft = grid(rng.dirichlet(np.full(PARTS, 0.7), ROWS), 16)
    soft[soft.sum(1) == 0, 0] = 1
    return maps, objects, labels, groups, soft


class Dro:
    """The weights of the groups and the loss of a step, as in the reference implementation of GroupDRO."""

    def __init__(self, shares, eta, adjustment):
        self.shares, self.eta = shares, eta
        sizes = shares.sum(0)
        self.adjustment = adjustment / sizes.sqrt()
        self.q = torch.ones(shares.shape[1], dtype=torch.float64) / shares.shape[1]

    def loss(self, losses, rows):
        shares = self.shares[rows]
        mass = shares.sum(0)
        # A group that is absent counts 0.
        group = (shares * losses[:, None]).sum(0) / (mass + (mass == 0))
        self.q = self.q * torch.exp(self.eta * (group.detach() + self.adjustment))
        self.q = self.q / self.q.sum()
        return (self.q * group).sum()


def steps(weight, bias, orders, loss_of, record=lambda: None):
    """SGD with momentum .9 and weight decay .01 over batches."""
    parameters = [torch.from_numpy(array.copy()).requires_grad_() for array in (weight, bias)]
    rule = torch.optim.SGD(parameters, lr=RATE, momentum=0.9, weight_decay=0.01)
    losses = []
    for order in orders:
        own = []
        for rows in np.split(order, range(BATCH, len(order), BATCH)) if len(orders) > 1 else [order]:
            rule.zero_grad()
            loss = loss_of(*parameters, torch.from_numpy(rows))
            loss.backward()
            rule.step()
            record()
            own.append(loss.item())
        losses.append(float(np.mean(own)))
    return [parameter.detach().numpy() for parameter in parameters], losses


def dro_case(name, shares, eta, adjustment, values, labels, rng, soft):
    weight, bias = grid(rng.normal(0, 0.4, (CLASSES, FEATURES))), grid(rng.normal(0, 0.4, CLASSES))
    orders = [rng.permutation(ROWS) for _ in range(EPOCHS)]
    dro, q = Dro(shares, eta, adjustment), []

    def loss(weight, bias, rows):
        logits = values[rows] @ weight.T + bias
        return dro.loss(functional.cross_entropy(logits, labels[rows], reduction="none"), rows)

    (end, end_bias), losses = steps(weight, bias, orders, loss, lambda: q.append(numbers(dro.q)))
    return {
        "name": name,
        "soft": soft,
        "eta": eta,
        "adjustment": adjustment,
        "weight": numbers(weight),
        "bias": numbers(bias),
        "orders": [order.tolist() for order in orders],
        "q": q,
        "losses": losses,
        "end": numbers(end),
        "end_bias": numbers(end_bias),
    }


def whole(loss, shape=(CLASSES, FEATURES), epochs=30):
    """Every row in each step, from zeros; the learning rule as everywhere."""
    order = np.arange(ROWS)
    parameters = [torch.zeros(shape, dtype=torch.float64), torch.zeros(shape[0], dtype=torch.float64)]
    for parameter in parameters:
        parameter.requires_grad_()
    rule = torch.optim.SGD(parameters, lr=RATE, momentum=0.9, weight_decay=0.01)
    losses = []
    for _ in range(epochs):
        rule.zero_grad()
        value = loss(*parameters, torch.from_numpy(order))
        value.backward()
        rule.step()
        losses.append(value.item())
    return {
        "epochs": epochs,
        "losses": numbers(losses),
        "end": numbers(parameters[0].detach()),
        "end_bias": numbers(parameters[1].detach()),
    }


def domains_case(values, labels, soft, rng):
    weight, bias = grid(rng.normal(0, 0.4, (CLASSES, FEATURES))), grid(rng.normal(0, 0.4, CLASSES))
    orders = [rng.permutation(ROWS) for _ in range(EPOCHS)]

    def loss(weight, bias, rows):
        logits = torch.einsum("nd,kcd->nkc", values[rows], weight) + bias
        mixed = (soft[rows][:, :, None] * logits).sum(1)
        return functional.cross_entropy(mixed, labels[rows])

    (end, end_bias), losses = steps(np.stack([weight] * PARTS), np.stack([bias] * PARTS), orders, loss)
    return {
        "weight": numbers(weight),
        "bias": numbers(bias),
        "orders": [order.tolist() for order in orders],
        "losses": losses,
        "heads": numbers(end),
        "biases": numbers(end_bias),
        "end": numbers(end.mean(0)),
        "end_bias": numbers(end_bias.mean(0)),
    }


def twice_case(values, labels):
    def mean(weights):
        def loss(weight, bias, rows):
            losses = functional.cross_entropy(values @ weight.T + bias, labels, reduction="none")
            return (losses * weights).sum() / weights.sum()

        return loss

    first = whole(mean(torch.ones(ROWS, dtype=torch.float64)), epochs=3)
    weight = torch.tensor(first["end"], dtype=torch.float64).reshape(CLASSES, FEATURES)
    wrong = (values @ weight.T + torch.tensor(first["end_bias"], dtype=torch.float64)).argmax(1) != labels
    copies = 4
    second = whole(mean(1.0 + copies * wrong.double()))
    return {"first": 3, "copies": copies, "errors": np.flatnonzero(wrong.numpy()).tolist(), **second}


def saliency_case(form, values, labels, maps, objects, strength):
    present = (objects.sum(1) > 0).double()

    def loss(weight, bias, rows):
        mean = functional.cross_entropy(values @ weight.T + bias, labels)
        cam = torch.einsum("nd,ndp->np", weight[labels], maps)
        if form == "maps":
            off = ((1 - objects) * cam.clamp(min=0)).mean(1)
        else:
            off = ((1 - objects) * cam).mean(1).clamp(min=0)
        return mean + strength * (present * off).mean()

    return {"form": form, "strength": strength, **whole(loss)}


def logistic_case(values, labels, strength, classes):
    rows = labels < classes
    x, y = values[rows], labels[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(l1_ratio=1.0, C=strength, solver="saga", tol=1e-12, max_iter=200_000, random_state=0)
        model.fit(x, y)
    weight, bias = model.coef_, model.intercept_
    logits = x @ weight.T + bias
    if classes == 2:
        logits = np.concatenate([np.zeros_like(logits), logits], 1)
    losses = functional.cross_entropy(torch.from_numpy(logits), torch.from_numpy(y), reduction="sum").item()
    return {"strength": strength, "classes": classes, "objective": strength * losses + float(np.abs(weight).sum())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    maps, objects, labels, groups, soft = problem(rng)
    # The mean of positions is rounded as a reader in single precision has it.
    values = maps.mean(2).astype(np.float32).astype(np.float64)
    shares = soft / soft.sum(1, keepdims=True)
    hard = np.eye(GROUPS)[groups]
    within = np.zeros((ROWS, CLASSES * PARTS))
    for row in range(ROWS):
        within[row, labels[row] * PARTS : (labels[row] + 1) * PARTS] = shares[row]
    to = torch.from_numpy
    v, y = to(values), to(labels)
    dro = [
        dro_case("hard", to(hard), 0.1, 0.0, v, y, rng, False),
        dro_case("hard, adjusted", to(hard), 0.1, 2.0, v, y, rng, False),
        dro_case("soft", to(within), 0.01, 0.0, v, y, rng, True),
    ]
    balancing = {
        "hard": numbers((hard * (ROWS / hard.sum(0))).sum(1)),
        "soft": numbers((within * (ROWS / within.sum(0))).sum(1)),
    }
    result = {
        "torch": torch.__version__,
        "sklearn": sklearn.__version__,
        "seed": SEED,
        "features": FEATURES,
        "classes": CLASSES,
        "groups_count": GROUPS,
        "parts": PARTS,
        "positions": POSITIONS,
        "batch": BATCH,
        "rate": RATE,
        "maps": numbers(maps),
        "objects": numbers(objects),
        "labels": labels.tolist(),
        "groups": groups.tolist(),
        "soft": numbers(soft),
        "balancing": balancing,
        "domains": domains_case(v, y, to(shares), rng),
        "twice": twice_case(v, y),
        "dro": dro,
        "saliency": [saliency_case(form, v, y, to(maps), to(objects), 0.5) for form in ("parts", "maps")],
        "logistic": [logistic_case(values, labels, c, classes) for classes in (2, 3) for c in STRENGTHS],
    }
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in result.items()]
    arguments.out.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
