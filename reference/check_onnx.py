"""Holds ONNX files against ONNX's own checker, strict shape inference and ONNX Runtime.

    python reference/check_onnx.py FILE... [--like ORIGINAL] [--no-run]

For every FILE: the checker with full checks; strict shape inference with types and data; every declared value is a
value of the graph, and every output has a type; a card FILE.toml beside it names values of the graph; ONNX Runtime loads
it, runs one picture of noise and gives the same at two optimisation settings, in the types and shapes that it declares.
With --like the file also has the inputs, outputs, names, metadata, operator sets and version of ORIGINAL; only the number of
classes may differ.

Prints one line a file and ends with 1 where one failed. Versions: see requirements.txt.
"""
import argparse
import pathlib
import sys
import tomllib

import numpy as np
import onnx
import onnx.shape_inference

# Above it a message can't be held in memory as bytes; the path is checked instead.
MESSAGE = 2**31 - 1
# Largest difference between two optimisation settings, as a share of the largest value.
SAME = 1e-4


def described(value):
    """Name, element type and dimensions of a declared value."""
    tensor = value.type.tensor_type
    dims = [d.dim_value if d.HasField("dim_value") else d.dim_param for d in tensor.shape.dim]
    return value.name, tensor.elem_type, dims, tensor.HasField("shape")


def fed(graph):
    """Inputs that a run has to give."""
    stored = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in stored]


def inner(graph):
    """Names of all values of a graph."""
    names = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    names |= {tensor.values.name for tensor in graph.sparse_initializer}
    for node in graph.node:
        names |= {name for name in node.output if name}
    return names


def check_declarations(model):
    names = inner(model.graph)
    for value in model.graph.value_info:
        if value.name not in names:
            raise ValueError(f"'{value.name}' is declared, but no value of the graph")
    for value in model.graph.output:
        _, kind, _, shaped = described(value)
        if not kind or not shaped:
            raise ValueError(f"output '{value.name}' has no type or no shape")
    used = {name for node in model.graph.node for name in node.input}
    used |= {value.name for value in model.graph.output}
    captured = {name for node in model.graph.node for name in captures(node)}
    for tensor in model.graph.initializer:
        if tensor.name not in used | captured:
            raise ValueError(f"weight '{tensor.name}' is stored, but nothing reads it")


def captures(node):
    """Names that graphs inside a node read, all of them."""
    for attribute in node.attribute:
        for graph in [attribute.g, *attribute.graphs]:
            for below in graph.node:
                yield from below.input
                yield from captures(below)
            for value in graph.output:
                yield value.name


def check_card(model, path):
    card_file = path.with_suffix(".toml")
    if not card_file.is_file():
        return
    card = tomllib.loads(card_file.read_text(encoding="utf-8"))
    names = inner(model.graph)
    for key in ["input", "logits", "cam_layer", "feature_layer"]:
        if key in card and card[key] not in names:
            raise ValueError(f"{card_file.name}: {key} = '{card[key]}' is no value of the graph")
    if "input" in card and [value.name for value in fed(model.graph)] != [card["input"]]:
        raise ValueError(f"{card_file.name}: input = '{card['input']}' is not the graph's only one")
    # The card's output may lie inside the graph (before a softmax), but nothing was added for it.
    if "labels" in card and not (path.parent / card["labels"]).is_file():
        raise ValueError(f"{card_file.name}: labels = '{card['labels']}' is not there")


def check_like(model, original):
    for what, values in [("inputs", lambda m: [described(v) for v in fed(m.graph)])]:
        if values(model) != values(original):
            raise ValueError(f"{what}: {values(model)}, the original has {values(original)}")
    ours, theirs = list(model.graph.output), list(original.graph.output)
    if [v.name for v in ours] != [v.name for v in theirs]:
        raise ValueError(f"outputs: {[v.name for v in ours]}, the original has {[v.name for v in theirs]}")
    for value, old in zip(ours, theirs):
        (name, kind, dims, _), (_, old_kind, old_dims, _) = described(value), described(old)
        if kind != old_kind or len(dims) != len(old_dims):
            raise ValueError(f"output '{name}' is {kind} {dims}, the original's {old_kind} {old_dims}")
        differ = [(a, b) for a, b in zip(dims, old_dims) if a != b]
        # The number of classes may be another one, wherever it stands.
        if len(set(differ)) > 1 or any(isinstance(b, str) and b for _, b in differ):
            raise ValueError(f"output '{name}' has the dimensions {dims}, the original's {old_dims}")
    for what, value in {
        "operator sets": lambda m: sorted((s.domain, s.version) for s in m.opset_import),
        "version of the representation": lambda m: m.ir_version,
        "metadata": lambda m: sorted((p.key, p.value) for p in m.metadata_props),
        "metadata of the graph": lambda m: sorted((p.key, p.value) for p in m.graph.metadata_props),
        "name of the graph": lambda m: m.graph.name,
        "text": lambda m: (m.doc_string, m.graph.doc_string),
        "producer": lambda m: (m.producer_name, m.producer_version, m.domain, m.model_version),
    }.items():
        if value(model) != value(original):
            raise ValueError(f"{what}: {value(model)}, the original has {value(original)}")


def noise(value, sizes):
    """A picture of noise in the type of an input; open dimensions take a size each."""
    _, kind, dims, _ = described(value)
    shape = [d if isinstance(d, int) and d > 0 else sizes(at, len(dims)) for at, d in enumerate(dims)]
    kind = onnx.helper.tensor_dtype_to_np_dtype(kind)
    values = np.random.default_rng(0).uniform(0, 1, shape)
    return values.astype(kind) if np.issubdtype(kind, np.floating) else (values * 4).astype(kind)


def sides(path):
    """Sides of a picture that may fit: the card's, then usual ones."""
    card_file = path.with_suffix(".toml")
    card = tomllib.loads(card_file.read_text(encoding="utf-8")) if card_file.is_file() else {}
    preprocess = card.get("preprocess", {})
    size = preprocess.get("crop") or preprocess.get("resize", {}).get("exact")
    own = [size if isinstance(size, list) else [size, size]] if size else []
    return own + [[side, side] for side in [32, 224, 16, 64]]


def run(model, path, level):
    """Outputs of a run; open dimensions take the first sizes that the model runs with."""
    import onnxruntime

    # Sizes that do not fit are reported as errors of nodes.
    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = fed(model.graph)
    failed = None
    for tokens in [8, 4, 1]:
        for side in sides(path):

            def size(at, rank):
                return 1 if at == 0 else (side[at % 2] if rank == 4 else tokens)

            try:
                return session.run(None, {v.name: noise(v, size) for v in given})
            except Exception as error:  # another size may fit
                failed = error
    raise failed


def check_run(model, path):
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    found = [run(model, path, level) for level in [levels.ORT_DISABLE_ALL, levels.ORT_ENABLE_BASIC]]
    for value, plain, fast in zip(model.graph.output, *found):
        name, kind, dims, _ = described(value)
        if onnx.helper.tensor_dtype_to_np_dtype(kind) != plain.dtype or len(dims) != plain.ndim:
            raise ValueError(f"output '{name}' came as {plain.dtype} {plain.shape}, declared is {kind} {dims}")
        for size, dim in zip(plain.shape, dims):
            if isinstance(dim, int) and dim > 0 and dim != size:
                raise ValueError(f"output '{name}' came as {plain.shape}, declared is {dims}")
        plain, fast = plain.astype(np.float64), fast.astype(np.float64)
        if not np.isfinite(plain).all():
            raise ValueError(f"output '{name}' is not finite")
        largest = np.abs(plain).max(initial=0)
        if np.abs(plain - fast).max(initial=0) > SAME * max(largest, 1e-6):
            raise ValueError(f"output '{name}' differs between optimisation settings")


def check(path, original, runs):
    model = onnx.load(path)
    onnx.checker.check_model(str(path), full_check=True)
    if model.ByteSize() < MESSAGE:
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    check_declarations(model)
    check_card(model, path)
    if original is not None:
        check_like(model, original)
    if runs:
        check_run(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--like", type=pathlib.Path, metavar="ORIGINAL")
    parser.add_argument("--no-run", action="store_true", help="without ONNX Runtime")
    arguments = parser.parse_args()
    original = onnx.load(arguments.like, load_external_data=False) if arguments.like else None
    failed = 0
    for path in arguments.files:
        try:
            check(path, original, not arguments.no_run)
            print(f"valid: {path}")
        except Exception as error:  # every way of being wrong is one line
            failed += 1
            print(f"WRONG: {path}: {' '.join(str(error).split())}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
