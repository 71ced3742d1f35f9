"""Small models of single operators, with ONNX Runtime's answers, beside ONNX's own tests.

    python reference/engine_models.py --out target/onnx-tests

ONNX's tests have one or two values of an attribute each. These go through the attributes, element types, ranks, old
and new operator sets, missing inputs and edge values of what image classifiers use; quantised networks come from
`quantised_models.py`. What ONNX Runtime does not run is left out. The form is that of `onnx_tests.py`.
"""

import argparse
import itertools
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

EDGES = np.array(
    [-np.inf, -1e10, -300.7, -3.7, -2.5, -1.5, -1.0, -0.5, -0.2, -0.0, 0.0, 1e-6, 0.2, 0.5, 1.0, 1.5, 2.5, 3.7, 300.7, 1e10, np.inf, np.nan],
    np.float32,
)
SMALL = np.array([-3.7, -2.5, -1.5, -1.0, -0.5, -0.2, -0.0, 0.0, 1e-6, 0.2, 0.5, 1.0, 1.5, 2.5, 3.7], np.float32)
KINDS = {
    "float": np.float32,
    "double": np.float64,
    "half": np.float16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "int8": np.int8,
    "bool": np.bool_,
}


# How many models of an operator are written with unknown shapes as well.
HIDDEN = 8


def onnx_type(array):
    return helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype)


class Writer:
    """Runs models in ONNX Runtime and writes those that run."""

    def __init__(self, out):
        self.out = out
        self.written = 0
        self.names = set()
        self.left_out = []
        self.seen = {}

    def write(self, name, model, inputs):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            inputs = {key: np.asarray(value) for key, value in inputs.items()}
            outputs = session.run(None, inputs)
        except Exception as error:
            self.left_out.append(f"{name}: {str(error).splitlines()[0][:150]}")
            return
        while name in self.names:
            name += "+"
        self.names.add(name)
        data = self.out / name / "test_data_set_0"
        data.mkdir(parents=True)
        for value, kind in zip(model.graph.output, session.get_outputs()):
            if not value.type.tensor_type.elem_type:
                value.type.tensor_type.elem_type = onnx_type(outputs[[o.name for o in session.get_outputs()].index(kind.name)])
        onnx.save(model, self.out / name / "model.onnx")
        for place, value in enumerate(model.graph.input):
            tensor = numpy_helper.from_array(np.asarray(inputs[value.name]), value.name)
            (data / f"input_{place}.pb").write_bytes(tensor.SerializeToString())
        for place, (value, array) in enumerate(zip(model.graph.output, outputs)):
            tensor = numpy_helper.from_array(np.asarray(array), value.name)
            (data / f"output_{place}.pb").write_bytes(tensor.SerializeToString())
        self.written += 1

    def case(self, name, nodes, inputs, outputs=("y",), weights=None, opset=17, open_shapes=False):
        """`inputs` and `weights` are arrays by name; nodes are (op, inputs, outputs, attributes)."""
        nodes = [helper.make_node(op, list(i), list(o), name=f"n{at}", **a) for at, (op, i, o, a) in enumerate(nodes)]
        declared = [
            helper.make_tensor_value_info(key, onnx_type(value), [None] * np.ndim(value) if open_shapes else np.shape(value))
            for key, value in inputs.items()
        ]
        graph = helper.make_graph(
            nodes,
            "g",
            declared,
            [onnx.ValueInfoProto(name=output) for output in outputs],
            [numpy_helper.from_array(np.asarray(value), key) for key, value in (weights or {}).items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        self.write(name, model, inputs)

    def hidden(self, name, op, order, inputs, outputs, weights, opset, attributes):
        """The same node where nobody knows a number of axes before a run: what enters it is brought to its shape by numbers
        that are an input. Once its inputs alone, once its weights as well."""
        weights = weights or {}
        floats = {key: value for key, value in weights.items() if np.asarray(value).dtype.kind == "f" and np.size(value)}
        for label, hidden in {"inputs": inputs, "weights": {**inputs, **floats}}.items():
            if label == "weights" and not floats:
                continue
            nodes, given, declared = [], {}, []
            for key, value in hidden.items():
                value = np.asarray(value)
                given |= {f"{key}.flat": value.reshape(-1), f"{key}.shape": np.array(value.shape, np.int64)}
                declared.append(helper.make_tensor_value_info(f"{key}.flat", onnx_type(value), [value.size]))
                declared.append(helper.make_tensor_value_info(f"{key}.shape", TensorProto.INT64, [None]))
                nodes.append(helper.make_node("Reshape", [f"{key}.flat", f"{key}.shape"], [key], name=f"hide.{key}"))
            nodes.append(helper.make_node(op, list(order), list(outputs), name="n", **attributes))
            constants = [numpy_helper.from_array(np.asarray(value), key) for key, value in weights.items() if key not in hidden]
            ends = [onnx.ValueInfoProto(name=output) for output in outputs if output]
            graph = helper.make_graph(nodes, "g", declared, ends, constants)
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
            self.write(f"unknown.{label}.{name}", model, given)

    def one(self, name, op, inputs, weights=None, opset=17, outputs=("y",), order=None, **attributes):
        """One node over its inputs and weights, in this order unless `order` names it."""
        order = order if order is not None else [*inputs, *(weights or {})]
        self.case(f"{op}.{name}", [(op, order, outputs, attributes)], inputs, outputs, weights, opset)
        self.seen[op] = self.seen.get(op, 0) + 1
        # The first ones, and some of the others.
        if self.seen[op] <= HIDDEN or self.seen[op] % 25 == 0:
            self.hidden(f"{op}.{name}", op, order, inputs, outputs, weights, opset, attributes)


def wave(*shape, scale=1.0):
    return (np.sin(0.37 * np.arange(np.prod(shape, dtype=int)) + 0.3).reshape(shape) * scale).astype(np.float32)


def counted(*shape, kind=np.float32):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)


def i64(*values):
    return np.array(values, np.int64)


def elementwise(w):
    for op in "Abs Ceil Floor Round Sign Relu Selu Celu Sigmoid HardSwish Tanh Exp Erf Neg Reciprocal Softplus Softsign Sin Cos Tan Atan Sinh Cosh Asinh IsNaN IsInf Identity".split():
        w.one("edges", op, {"x": EDGES if op not in ("Sin", "Cos", "Tan") else SMALL}, opset=17)
    for op in "Mish HardSwish".split():
        w.one("opset18", op, {"x": SMALL}, opset=18)
    for op, values in {"Log": np.abs(EDGES), "Sqrt": np.abs(EDGES), "Asin": SMALL / 4, "Acos": SMALL / 4, "Atanh": SMALL / 4, "Acosh": np.abs(SMALL) + 1}.items():
        w.one("edges", op, {"x": values.astype(np.float32)})
    for kind in KINDS:
        values = (np.array([0, 1, 2, 5, 100, 127]) if kind in ("uint8",) else np.array([-100, -3, -1, 0, 1, 2, 7, 100])).astype(KINDS[kind])
        for op in "Abs Sign Neg Relu Ceil Floor Round Sqrt Exp Identity Not Reciprocal Sigmoid Erf Clip IsNaN IsInf Softplus Tanh LeakyRelu PRelu".split():
            if op == "PRelu":
                w.one(kind, op, {"x": values}, {"slope": np.array([2]).astype(KINDS[kind])})
            elif op == "Clip":
                w.one(kind, op, {"x": values}, {"low": np.array(1).astype(KINDS[kind]), "high": np.array(5).astype(KINDS[kind])})
            else:
                w.one(kind, op, {"x": values})
    for alpha in (0.0, 0.3, 2.0):
        for op in "LeakyRelu Elu Celu Selu ThresholdedRelu HardSigmoid".split():
            w.one(f"alpha{alpha}", op, {"x": EDGES}, alpha=alpha)
    w.one("gamma", "Selu", {"x": EDGES}, gamma=2.0, alpha=0.5)
    w.one("beta", "HardSigmoid", {"x": EDGES}, beta=-0.3)
    w.one("default", "ThresholdedRelu", {"x": EDGES})
    w.one("lambd", "Shrink", {"x": EDGES}, lambd=1.2, bias=0.4)
    for approximate in ("none", "tanh"):
        w.one(approximate, "Gelu", {"x": SMALL}, opset=20, approximate=approximate)
    for opset in (9, 11, 13):
        bounds = {"low": np.array(-1, np.float32), "high": np.array(2, np.float32)}
        if opset < 11:
            w.one(f"both.{opset}", "Clip", {"x": EDGES[:-1]}, opset=opset, min=-1.0, max=2.0)
            w.one(f"low.{opset}", "Clip", {"x": EDGES[:-1]}, opset=opset, min=-1.0)
            w.one(f"high.{opset}", "Clip", {"x": EDGES[:-1]}, opset=opset, max=1.0)
            w.one(f"none.{opset}", "Clip", {"x": EDGES[:-1]}, opset=opset)
        else:
            w.one(f"both.{opset}", "Clip", {"x": EDGES[:-1]}, bounds, opset=opset)
            w.one(f"low.{opset}", "Clip", {"x": EDGES[:-1]}, {"low": bounds["low"]}, opset=opset)
            w.one(f"high.{opset}", "Clip", {"x": EDGES[:-1]}, {"high": bounds["high"]}, opset=opset, order=["x", "", "high"])
            w.one(f"none.{opset}", "Clip", {"x": EDGES[:-1]}, opset=opset)
    w.one("crossed", "Clip", {"x": SMALL}, {"low": np.array(2, np.float32), "high": np.array(-1, np.float32)})
    for positive, negative in itertools.product((0, 1), (0, 1)):
        w.one(f"{positive}{negative}", "IsInf", {"x": EDGES}, opset=10, detect_positive=positive, detect_negative=negative)


def casts(w):
    values = {
        "float": np.array([-3.7, -1.0, -0.9, -0.4, -0.0, 0.0, 1e-30, 0.4, 0.6, 1.0, 2.5, 127.2, 255.9], np.float32),
        "double": np.array([-3.7, -0.4, 0.0, 0.4, 1.0, 2.5], np.float64),
        "half": np.array([-3.5, -0.4, 0.0, 0.4, 1.0, 2.5], np.float16),
        "int32": np.array([-300, -129, -1, 0, 1, 2, 127, 128, 255, 256, 70000], np.int32),
        "int64": np.array([-300, -129, -1, 0, 1, 2, 127, 128, 255, 256, 70000], np.int64),
        "uint8": np.array([0, 1, 2, 127, 128, 255], np.uint8),
        "int8": np.array([-128, -1, 0, 1, 127], np.int8),
        "bool": np.array([True, False]),
    }
    for source, array in values.items():
        for target, kind in KINDS.items():
            x = array
            if source in ("float", "double", "half") and target == "uint8":
                x = array[array >= 0]
            if source == "float" and target == "int8":
                x = array[array < 128]
            for opset in (9, 13, 19, 21, 24):
                w.one(f"{source}.{target}.{opset}", "Cast", {"x": x}, opset=opset, to=int(onnx_type(np.zeros(1, kind))))
            w.one(f"{source}.{target}", "CastLike", {"x": x}, {"like": np.zeros(1, kind)}, opset=15)
            # The type comes from another input, and from a computed value.
            w.one(f"input.{source}.{target}", "CastLike", {"x": x, "like": np.zeros(1, kind)}, opset=15)
    w.case("Cast.twice", [("Cast", ["x"], ["i"], {"to": 7}), ("Cast", ["i"], ["b"], {"to": 9}), ("Cast", ["b"], ["y"], {"to": 1})], {"x": EDGES[2:-3]})
    w.case("Cast.bool_twice", [("Cast", ["x"], ["i"], {"to": 9}), ("Cast", ["i"], ["b"], {"to": 9}), ("Cast", ["b"], ["y"], {"to": 6})], {"x": SMALL})
    w.case("Cast.int_of_sum", [("Add", ["x", "x"], ["s"], {}), ("Cast", ["s"], ["b"], {"to": 9}), ("Where", ["b", "x", "z"], ["y"], {})], {"x": i64(-1, 0, 2)}, weights={"z": i64(9)})
    for value in (0.4, 0.0, -2.0):
        branch = lambda name, nodes: helper.make_graph(nodes, name, [], [onnx.helper.make_tensor_value_info(f"{name}_y", 1, None)])
        then = branch("then", [helper.make_node("Sign", ["x"], ["then_s"]), helper.make_node("Cast", ["then_s"], ["then_b"], to=9), helper.make_node("Cast", ["then_b"], ["then_y"], to=1)])
        other = branch("other", [helper.make_node("Sign", ["x"], ["other_y"])])
        w.case(f"If.cast{value}", [("ReduceSum", ["c"], ["s"], {"keepdims": 0}), ("Cast", ["s"], ["b"], {"to": 9}), ("If", ["b"], ["y"], {"then_branch": then, "else_branch": other})], {"x": SMALL, "c": np.array([value], np.float32)})


def binary(w):
    shapes = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((3,), ()), ((), (2,)), ((1, 1, 1), (2,)), ((2, 3, 4), (3, 1))]
    for op in "Add Sub Mul Div Pow Min Max Mean Sum Equal Less Greater LessOrEqual GreaterOrEqual".split():
        for at, (a, b) in enumerate(shapes):
            w.one(f"shape{at}", op, {"a": np.abs(wave(*a)) + 0.1, "b": wave(*b, scale=2)})
            w.case(f"{op}.weight{at}", [(op, ["a", "b"], ["y"], {})], {"a": np.abs(wave(*a)) + 0.1}, weights={"b": wave(*b, scale=2)})
        w.one("edges", op, {"a": np.repeat(EDGES, len(EDGES)), "b": np.tile(EDGES, len(EDGES))})
    for kind in ("int32", "int64", "uint8", "int8", "bool", "half", "double"):
        a = np.array([-7, -6, -1, 0, 1, 5, 7, 7], np.int64)
        b = np.array([2, -4, 3, 5, -1, -3, 7, -2], np.int64)
        if kind == "uint8":
            a, b = np.abs(a), np.abs(b)
        a, b = a.astype(KINDS[kind]), b.astype(KINDS[kind])
        for op in "Add Sub Mul Div Min Max Equal Less Greater LessOrEqual GreaterOrEqual Mod And Or Xor Mean Sum".split():
            w.one(kind, op, {"a": a, "b": b})
        w.one(kind, "Pow", {"a": a, "b": np.abs(b) % 4})
        w.one(kind, "Where", {"c": np.array([1, 0] * 4, bool), "a": a, "b": b})
        w.one(f"{kind}.fmod", "Mod", {"a": a, "b": b}, fmod=1)
    for exponent in (-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 2.5):
        w.one(f"to{exponent}", "Pow", {"a": EDGES}, {"b": np.array(exponent, np.float32)})
        w.one(f"int{exponent}", "Pow", {"a": np.array([3, 1, 2, 5], np.int32)}, {"b": np.array(exponent, np.float32)})
        w.one(f"ints{exponent}", "Pow", {"a": np.array([-3.5, 1, 2, 5], np.float32)}, {"b": np.array(int(exponent), np.int64)})
    floats = np.array([-7.5, -1.2, 0.3, 5.5], np.float32)
    w.one("float.fmod", "Mod", {"a": floats, "b": np.array([2, -0.7, 0.2, -3], np.float32)}, fmod=1)
    for op in "Min Max Sum Mean".split():
        for count in (1, 3):
            w.one(f"of{count}", op, {f"x{at}": wave(2, 3) * (at - 1.5) for at in range(count)})
    for value in (3.0, 7.0, 49.0, 255.0, 0.1):
        # Quotients that are whole numbers, before operators that jump there.
        x = (np.arange(1, 300, dtype=np.float32) * np.float32(value)).astype(np.float32)
        for op in "Floor Ceil Round".split():
            w.case(f"Div.{op}.{value}", [("Div", ["x", "s"], ["q"], {}), (op, ["q"], ["y"], {})], {"x": x}, weights={"s": np.array(value, np.float32)})
        w.case(f"Div.Cast.{value}", [("Div", ["x", "s"], ["q"], {}), ("Cast", ["q"], ["y"], {"to": 7})], {"x": x}, weights={"s": np.array([value], np.float32)})
        w.case(f"Div.Mul.Cast.{value}", [("Div", ["x", "s"], ["q"], {}), ("Cast", ["q"], ["i"], {"to": 7}), ("Equal", ["i", "k"], ["y"], {})], {"x": x}, weights={"s": np.array([value], np.float32), "k": np.arange(1, 300)})


    wide = np.array([2**40, -3, 7])
    for op in "Add Sub Mul Equal Greater Less Max Min".split():
        w.one("wide", op, {"a": np.array([1, 2, 3])}, {"b": wide})
    w.case("Cast.wide", [("Cast", ["b"], ["f"], {"to": 1}), ("Mul", ["x", "f"], ["y"], {})], {"x": wave(3)}, weights={"b": wide})


def reductions(w):
    ops = "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare".split()
    x = np.abs(wave(2, 3, 4)) + 0.1
    for op in ops:
        for axes in (None, [0], [1, 2], [-1], [0, -1]):
            for keep in (0, 1):
                named = "all" if axes is None else "_".join(map(str, axes))
                for opset in (9, 13, 18, 20):
                    attribute = opset < 13 if op == "ReduceSum" else opset < 18
                    if axes is None or attribute:
                        w.one(f"{named}.{keep}.{opset}", op, {"x": x}, opset=opset, keepdims=keep, **({} if axes is None else {"axes": axes}))
                    else:
                        w.one(f"{named}.{keep}.{opset}", op, {"x": x}, {"axes": i64(*axes)}, opset=opset, keepdims=keep)
        for noop in (0, 1):
            opset = 13 if op == "ReduceSum" else 18
            w.one(f"empty{noop}", op, {"x": x}, {"axes": i64()}, opset=opset, noop_with_empty_axes=noop)
            w.one(f"missing{noop}", op, {"x": x}, opset=opset, noop_with_empty_axes=noop)
            w.one(f"computed{noop}", op, {"x": x, "axes": i64(1)}, opset=opset, noop_with_empty_axes=noop)
        for kind in ("int32", "int64", "uint8", "int8", "bool", "double"):
            w.one(kind, op, {"x": np.array([[-3, 2, 1], [4, -2, 7]] if kind != "uint8" else [[3, 2, 1], [4, 2, 7]]).astype(KINDS[kind])}, opset=18 if kind not in ("bool",) else 20, keepdims=0)
        # ONNX Runtime passes over what is no number in the largest and smallest; NumPy and ONNX's definition do not.
        w.one("infinite", op, {"x": np.array([[np.inf, 1, 2], [-np.inf, 3, 4]], np.float32)}, {"axes": i64(1)}, opset=18)
        w.one("big", op, {"x": np.full((2, 300), 200.0, np.float32) + wave(2, 300)}, {"axes": i64(1)}, opset=18)
        if op != "ReduceMean":
            w.one("none", op, {"x": np.zeros((2, 0), np.float32)}, {"axes": i64(1)}, opset=18)
        w.one("scalar", op, {"x": np.array(3.0, np.float32)}, opset=18)
    ties = np.array([[1, 7, 7, 0, 7], [0, 0, 7, 1, 7]], np.float32)
    for op, kind, axis, keep, last in itertools.product(("ArgMax", "ArgMin"), ("float", "int32", "uint8", "int8", "int64"), (0, 1, -1, -2), (0, 1), (0, 1)):
        w.one(f"{kind}.{axis}.{keep}.{last}", op, {"x": ties.astype(KINDS[kind])}, axis=axis, keepdims=keep, select_last_index=last, opset=13)
    for op in ("ArgMax", "ArgMin"):
        w.one("default.9", op, {"x": ties}, opset=9)
        w.one("infinite", op, {"x": np.array([[np.inf, 1, np.inf], [-np.inf, -np.inf, 0]], np.float32)}, axis=1)
    for largest, sort, axis in itertools.product((0, 1), (0, 1), (0, 1, -1)):
        k = 2
        w.one(f"{largest}.{sort}.{axis}", "TopK", {"x": ties + (wave(2, 5) if not sort else 0)}, {"k": i64(k)}, outputs=("v", "i"), opset=11, largest=largest, sorted=1, axis=axis)
    w.one("opset9", "TopK", {"x": ties}, outputs=("v", "i"), opset=9, k=3, axis=1)
    w.one("int64", "TopK", {"x": ties.astype(np.int64)}, {"k": i64(3)}, outputs=("v", "i"), opset=11)
    w.one("nan", "TopK", {"x": np.array([1, np.nan, 3, 2], np.float32)}, {"k": i64(2)}, outputs=("v", "i"), opset=11)
    for exclusive, reverse, axis in itertools.product((0, 1), (0, 1), (0, 1, -1)):
        w.one(f"{exclusive}.{reverse}.{axis}", "CumSum", {"x": wave(3, 4)}, {"axis": np.array(axis, np.int32)}, exclusive=exclusive, reverse=reverse)


def shapes(w):
    x = counted(2, 3, 4, 5)
    big = np.iinfo(np.int64)
    slices = {
        "plain": ([0, 1], [1, 3], [0, 1], None),
        "negative": ([-2], [-1], [-1], None),
        "to_end": ([1], [big.max], [2], None),
        "int32_end": ([1], [2**31 - 1], [2], None),
        "back": ([-1], [big.min], [3], [-1]),
        "back2": ([4], [0], [3], [-2]),
        "steps": ([0], [5], [3], [2]),
        "beyond": ([0], [100], [3], [3]),
        "empty": ([3], [2], [3], None),
        "no_axes": ([0, 0, 1, 2], [1, 2, 3, 4], None, None),
        "from_far": ([-100], [100], [1], None),
    }
    for name, (starts, ends, axes, steps) in slices.items():
        for opset in (9, 10, 13):
            if opset == 9:
                if steps is None:
                    w.one(f"{name}.9", "Slice", {"x": x}, opset=9, starts=starts, ends=ends, **({"axes": axes} if axes else {}))
                continue
            weights = {"starts": i64(*starts), "ends": i64(*ends)}
            order = ["x", "starts", "ends"]
            if axes:
                weights["axes"] = i64(*axes)
                order.append("axes")
            if steps:
                weights["steps"] = i64(*steps)
                order += ["steps"] if axes else ["", "steps"]
            w.one(f"{name}.{opset}", "Slice", {"x": x}, weights, opset=opset, order=order)
            w.case(f"Slice.{name}.{opset}.computed", [("Slice", order, ["y"], {})], {"x": x, **weights}, opset=opset)
            w.one(f"{name}.{opset}.uint8", "Slice", {"x": x.astype(np.uint8)}, weights, opset=opset, order=order)
    for mode in ("constant", "reflect", "edge", "wrap"):
        for name, pads in {"plain": [0, 0, 1, 2, 0, 0, 2, 1], "crop": [0, 0, -1, 1, 0, 0, 0, -2], "all": [1, 1, 1, 1, 1, 1, 1, 1]}.items():
            for opset in (9, 11, 13, 18, 19, 21):
                if opset == 9:
                    w.one(f"{mode}.{name}.9", "Pad", {"x": x}, opset=9, mode=mode, pads=pads, **({"value": 1.5} if mode == "constant" else {}))
                else:
                    w.one(f"{mode}.{name}.{opset}", "Pad", {"x": x}, {"pads": i64(*pads)}, opset=opset, mode=mode)
    for kind in ("float", "int32", "int64", "uint8", "int8", "bool", "double"):
        w.one(f"value.{kind}", "Pad", {"x": x.astype(KINDS[kind])}, {"pads": i64(0, 0, 1, 1, 0, 0, 0, 0), "v": np.array(7).astype(KINDS[kind])}, opset=13)
        for op, axis in itertools.product(("Concat",), (0, 1, -1)):
            w.one(f"{kind}.{axis}", op, {"a": x.astype(KINDS[kind]), "b": x.astype(KINDS[kind])}, axis=axis)
        for op, attributes in {"Transpose": {}, "Flatten": {}, "Squeeze": {}, "Shape": {}, "Size": {}, "NonZero": {}, "Identity": {}}.items():
            w.one(kind, op, {"x": x[:1].astype(KINDS[kind])}, **attributes)
        w.one(kind, "Gather", {"x": x.astype(KINDS[kind])}, {"i": i64(-1, 0)}, axis=3)
        w.one(kind, "Tile", {"x": x.astype(KINDS[kind])}, {"r": i64(1, 2, 1, 2)})
        w.one(kind, "Expand", {"x": x[:, :1].astype(KINDS[kind])}, {"s": i64(2, 3, 1, 1)})
        w.one(kind, "Reshape", {"x": x.astype(KINDS[kind])}, {"s": i64(0, -1, 5)})
        w.one(kind, "Trilu", {"x": x[0, 0].astype(KINDS[kind])})
        w.one(kind, "ConstantOfShape", {"s": i64(2, 3)}, value=numpy_helper.from_array(np.array([7]).astype(KINDS[kind])))
        w.one(kind, "EyeLike", {"x": x[0, 0].astype(KINDS[kind])})
        w.one(f"to_{kind}", "EyeLike", {"x": x[0, 0]}, dtype=int(onnx_type(np.zeros(1, KINDS[kind]))), k=1)
        w.one(kind, "ScatterND", {"x": x[0, 0].astype(KINDS[kind])}, {"i": np.array([[1], [0]]), "u": x[1, 0, :2].astype(KINDS[kind])})
        w.one(kind, "DepthToSpace", {"x": counted(1, 8, 2, 3, kind=KINDS[kind])}, blocksize=2)
        w.one(kind, "SpaceToDepth", {"x": counted(1, 2, 4, 6, kind=KINDS[kind])}, blocksize=2)
        w.one(kind, "CumSum", {"x": x.astype(KINDS[kind])}, {"axis": np.array(1)})
        w.one(kind, "Split", {"x": x.astype(KINDS[kind])}, outputs=("a", "b"), axis=0, opset=13)
    w.one("axes", "Pad", {"x": x}, {"pads": i64(1, 2, 0, 1), "v": np.array(0.5, np.float32), "axes": i64(-1, 1)}, opset=18)
    w.one("axes_no_value", "Pad", {"x": x}, {"pads": i64(1, 2, 0, 1), "axes": i64(-1, 1)}, opset=18, order=["x", "pads", "", "axes"])
    for axis in (0, 2, 4, -1, -3):
        w.one(f"axis{axis}", "Flatten", {"x": x}, axis=axis)
        w.one(f"axis{axis}.9", "Flatten", {"x": x}, axis=abs(axis), opset=9)
    one = counted(1, 3, 1, 2)
    for opset in (9, 11, 13, 21):
        if opset < 13:
            w.one(f"axes.{opset}", "Squeeze", {"x": one}, opset=opset, axes=[0, 2])
            w.one(f"axes.{opset}", "Unsqueeze", {"x": one}, opset=opset, axes=[0, 3])
            w.one(f"sizes.{opset}", "Split", {"x": x}, opset=opset, outputs=("a", "b"), axis=3, split=[1, 4])
            w.one(f"even.{opset}", "Split", {"x": x}, opset=opset, outputs=("a", "b"), axis=2)
        else:
            w.one(f"axes.{opset}", "Squeeze", {"x": one}, {"axes": i64(0, -2)}, opset=opset)
            w.one(f"axes.{opset}", "Unsqueeze", {"x": one}, {"axes": i64(0, -1, 3)}, opset=opset)
            w.one(f"sizes.{opset}", "Split", {"x": x}, {"sizes": i64(1, 4)}, opset=opset, outputs=("a", "b"), axis=-1)
        w.one(f"all.{opset}", "Squeeze", {"x": one}, opset=opset)
    for parts in (2, 3, 4):
        w.one(f"uneven{parts}", "Split", {"x": x}, opset=18, outputs=[f"o{at}" for at in range(parts)], axis=3, num_outputs=parts)
    w.case("Split.unused", [("Split", ["x", "s"], ["a", "b", "c"], {"axis": 3}), ("Relu", ["c"], ["y"], {})], {"x": x}, weights={"s": i64(1, 1, 3)})
    for name, target in {"zero": [0, 0, -1], "flat": [-1], "same": [2, 3, 4, 5]}.items():
        w.one(name, "Reshape", {"x": x}, {"s": i64(*target)})
        w.one(f"{name}.computed", "Reshape", {"x": x, "s": i64(*target)})
    w.one("allowzero", "Reshape", {"x": np.zeros((0, 3), np.float32)}, {"s": i64(3, 0)}, opset=14, allowzero=1)
    for start, end in ((0, None), (1, None), (-2, None), (1, 3), (0, -1), (-3, -1), (2, 100)):
        w.one(f"{start}_{end}", "Shape", {"x": x}, opset=15, start=start, **({} if end is None else {"end": end}))
        for opened in (False, True):
            w.case(f"Shape.sliced.{start}_{end}.{opened}", [("Shape", ["x"], ["s"], {"start": start, **({} if end is None else {"end": end})}), ("Slice", ["s", "from", "to"], ["y"], {})], {"x": x}, weights={"from": i64(0), "to": i64(1)}, opset=15, open_shapes=opened)
    for opened in (False, True):
        w.case(f"Shape.reshape.{opened}", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "zero"], ["n"], {}), ("Unsqueeze", ["n", "axes"], ["n1"], {}), ("Concat", ["n1", "rest"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["y"], {})], {"x": x}, weights={"zero": np.array(0), "axes": i64(0), "rest": i64(-1, 5)}, open_shapes=opened)
        w.case(f"Shape.expand.{opened}", [("Shape", ["x"], ["s"], {}), ("ConstantOfShape", ["s"], ["c"], {}), ("Expand", ["w", "s"], ["e"], {}), ("Add", ["c", "e"], ["y"], {})], {"x": x}, weights={"w": wave(1, 5)}, open_shapes=opened)
        w.case(f"NonZero.gather.{opened}", [("Greater", ["x", "t"], ["g"], {}), ("NonZero", ["g"], ["i"], {}), ("Transpose", ["i"], ["it"], {}), ("GatherND", ["x", "it"], ["y"], {})], {"x": x}, weights={"t": np.array(100, np.float32)}, open_shapes=opened)
        w.case(f"NonZero.count.{opened}", [("NonZero", ["x"], ["i"], {}), ("Shape", ["i"], ["s"], {}), ("Cast", ["s"], ["y"], {"to": 1})], {"x": x}, open_shapes=opened)
        w.case(f"Where.mask.{opened}", [("Greater", ["x", "t"], ["g"], {}), ("Where", ["g", "x", "t"], ["v"], {}), ("Cast", ["g"], ["c"], {"to": 1}), ("Mul", ["v", "c"], ["y"], {})], {"x": x}, weights={"t": np.array(50, np.float32)}, open_shapes=opened)
        w.case(f"Range.positions.{opened}", [("Shape", ["x"], ["s"], {}), ("Gather", ["s", "one"], ["n"], {}), ("Range", ["zero", "n", "one"], ["r"], {}), ("Gather", ["table", "r"], ["e"], {}), ("Add", ["x", "e"], ["y"], {})], {"x": counted(2, 3, 5)}, weights={"one": np.array(1), "zero": np.array(0), "table": wave(10, 5)}, open_shapes=opened)
        w.case(f"Sum.integers.{opened}", [("Shape", ["x"], ["s"], {}), ("ReduceProd", ["s"], ["p"], {"keepdims": 0}), ("Cast", ["p"], ["f"], {"to": 1}), ("ReduceSum", ["x"], ["t"], {}), ("Div", ["t", "f"], ["y"], {})], {"x": x}, open_shapes=opened)
    index = np.array([[0, -1, 2], [1, 0, -2]])
    for axis in (0, 1, -1):
        w.one(f"{axis}", "Gather", {"x": x}, {"i": np.array([[0, -1]])}, axis=axis)
        w.one(f"scalar{axis}", "Gather", {"x": x}, {"i": np.array(1)}, axis=axis)
        w.one(f"{axis}", "GatherElements", {"x": wave(3, 3)}, {"i": index}, axis=axis)
        for reduction in ("none", "add", "mul", "min", "max"):
            w.one(f"{axis}.{reduction}", "ScatterElements", {"x": wave(3, 3)}, {"i": np.array([[0, 1, 2]]), "u": np.array([[0.5, -2, 3]], np.float32)}, axis=axis, reduction=reduction, opset=18)
    for batch in (0, 1):
        w.one(f"batch{batch}", "GatherND", {"x": wave(2, 3, 4)}, {"i": np.array([[[0], [1]], [[1], [0]]])}, batch_dims=batch)
    w.one("negative", "GatherND", {"x": wave(2, 3, 4)}, {"i": np.array([[-1, -2]])})
    for reduction in ("none", "add", "mul", "min", "max"):
        w.one(f"{reduction}", "ScatterND", {"x": wave(4, 3)}, {"i": np.array([[1], [-1], [1]]), "u": wave(3, 3, scale=2)}, reduction=reduction, opset=18)
    for axis in (-1, 0, 1):
        w.one(f"{axis}", "OneHot", {"i": np.array([[0, 2, -1], [7, 1, 1]])}, {"d": np.array(3), "v": np.array([0.5, 2], np.float32)}, axis=axis)
    w.one("float", "OneHot", {"i": np.array([0, 2, -1], np.float32)}, {"d": np.array([3]), "v": np.array([0, 1])})
    for a, b, c in ((0, 5, 1), (5, 0, -2), (1, 10, 4), (3, 3, 1)):
        w.one(f"int{a}_{b}_{c}", "Range", {"a": np.array(a), "b": np.array(b), "c": np.array(c)})
        w.one(f"float{a}_{b}_{c}", "Range", {"a": np.array(a, np.float32), "b": np.array(b, np.float32), "c": np.array(c * 0.3, np.float32)})
    for upper, k in itertools.product((0, 1), (-1, 0, 2)):
        w.one(f"{upper}.{k}", "Trilu", {"x": wave(2, 4, 3)}, {"k": np.array(k)}, upper=upper)
    for mode in ("DCR", "CRD"):
        w.one(mode, "DepthToSpace", {"x": counted(1, 8, 2, 3)}, blocksize=2, mode=mode)
    for name, perm in {"a": [0, 2, 3, 1], "b": [3, 0, 1, 2]}.items():
        w.one(name, "Transpose", {"x": x}, perm=perm)
    w.one("reverse", "ReverseSequence", {"x": wave(4, 3)}, {"l": i64(1, 4, 2)}, time_axis=0, batch_axis=1)
    for equation, parts in {"ij,jk->ik": [(2, 3), (3, 4)], "bij,bjk->bik": [(2, 2, 3), (2, 3, 4)], "ij->ji": [(2, 3)], "ii->i": [(3, 3)], "ij->": [(2, 3)], "bhqd,bhkd->bhqk": [(1, 2, 3, 4), (1, 2, 5, 4)], "...ij,...jk->...ik": [(2, 2, 3), (2, 3, 4)], "ij,jk": [(2, 3), (3, 4)], "i,j->ij": [(2,), (3,)], "bchw,oc->bohw": [(1, 3, 2, 2), (4, 3)]}.items():
        w.one(equation.replace(">", "").replace(",", "_").replace(".", "_"), "Einsum", {f"x{at}": wave(*shape) for at, shape in enumerate(parts)}, equation=equation)


def linear(w):
    for alpha, beta, ta, tb in itertools.product((1.0, 0.5), (1.0, 2.0, 0.0), (0, 1), (0, 1)):
        a, b = wave(3, 2) if ta else wave(2, 3), wave(4, 3) if tb else wave(3, 4)
        for name, c in {"full": wave(2, 4), "row": wave(4), "column": wave(2, 1), "scalar": wave(), "one": wave(1), "rows": wave(1, 4)}.items():
            w.one(f"{alpha}.{beta}.{ta}{tb}.{name}", "Gemm", {"a": a}, {"b": b, "c": c}, alpha=alpha, beta=beta, transA=ta, transB=tb)
        w.one(f"{alpha}.{beta}.{ta}{tb}.none", "Gemm", {"a": a}, {"b": b}, alpha=alpha, beta=beta, transA=ta, transB=tb)
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((1, 2, 2, 3), (5, 1, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2))):
        name = "x".join(["".join(map(str, a)), "".join(map(str, b))])
        w.one(name, "MatMul", {"a": wave(*a), "b": wave(*b, scale=2)})
        product = np.matmul(wave(*a), wave(*b))
        for last in {1, product.shape[-1] if product.ndim else 1, 7}:
            w.case(f"MatMul.{name}.bias{last}", [("MatMul", ["a", "b"], ["m"], {}), ("Add", ["m", "c"], ["y"], {})], {"a": wave(*a)}, weights={"b": wave(*b, scale=2), "c": wave(last)})
        for rank in (0, 1, 3, 5):
            w.case(f"MatMul.{name}.scaled{rank}", [("Mul", ["a", "s"], ["as"], {}), ("MatMul", ["as", "b"], ["m"], {}), ("Div", ["m", "s"], ["y"], {})], {"a": wave(*a)}, weights={"b": wave(*b), "s": np.full([1] * rank, 3.0, np.float32)})
    for kind in ("int32", "int64", "double"):
        w.one(kind, "MatMul", {"a": np.array([[1, -2], [3, 4]]).astype(KINDS[kind]), "b": np.array([[5, 6], [-7, 8]]).astype(KINDS[kind])})
        w.one(kind, "Gemm", {"a": np.array([[1, -2], [3, 4]]).astype(KINDS[kind]), "b": np.array([[5, 6], [-7, 8]]).astype(KINDS[kind])})
    # Patterns that engines put together, with shapes that don't fit the pattern.
    for op, value in itertools.product(("Add", "Sub", "Mul", "Div"), (0.0, 1.0)):
        for rank in (0, 1, 3):
            w.case(f"{op}.nothing{value}.{rank}", [(op, ["x", "c"], ["y"], {})], {"x": wave(4)}, weights={"c": np.full([1] * rank, value, np.float32)})
            w.case(f"{op}.from{value}.{rank}", [(op, ["c", "x"], ["y"], {})], {"x": wave(4)}, weights={"c": np.full([1] * rank, value, np.float32)})
    norm = [("ReduceMean", ["x"], ["m"], {"axes": [-1], "keepdims": 1}), ("Sub", ["x", "m"], ["c"], {}), ("Pow", ["c", "two"], ["p"], {}), ("ReduceMean", ["p"], ["v"], {"axes": [-1], "keepdims": 1}), ("Add", ["v", "eps"], ["e"], {}), ("Sqrt", ["e"], ["r"], {}), ("Div", ["c", "r"], ["d"], {})]
    for name, (scale, bias) in {"vector": ((4,), (4,)), "scalar": ((), ()), "one": ((1,), (4,)), "column": ((3, 1), (4,)), "full": ((3, 4), (3, 4)), "larger": ((2, 3, 4), (4,))}.items():
        weights = {"two": np.array(2, np.float32), "eps": np.array(1e-5, np.float32), "g": wave(*scale) + 1, "b": wave(*bias)}
        w.case(f"norm.layer.{name}", [*norm, ("Mul", ["d", "g"], ["s"], {}), ("Add", ["s", "b"], ["y"], {})], {"x": wave(3, 4)}, weights=weights)
        w.case(f"norm.layer.scale.{name}", [*norm, ("Mul", ["d", "g"], ["y"], {})], {"x": wave(3, 4)}, weights=weights)
        rms = [("Pow", ["x", "two"], ["p"], {}), ("ReduceMean", ["p"], ["v"], {"axes": [-1], "keepdims": 1}), ("Add", ["v", "eps"], ["e"], {}), ("Sqrt", ["e"], ["r"], {}), ("Reciprocal", ["r"], ["i"], {}), ("Mul", ["x", "i"], ["d"], {}), ("Mul", ["d", "g"], ["y"], {})]
        w.case(f"norm.rms.{name}", rms, {"x": wave(3, 4)}, weights=weights)
    for name, (a, b) in {"same": ((2, 3, 4), (2, 3, 4)), "row": ((2, 3, 4), (4,)), "larger": ((4,), (3, 4)), "rank": ((3, 4), (2, 1, 4)), "one": ((2, 3, 1), (4,)), "column": ((2, 3, 4), (3, 1))}.items():
        for axis in (-1, 1):
            w.case(f"softmax.mask.{name}.{axis}", [("Add", ["x", "m"], ["a"], {}), ("Softmax", ["a"], ["y"], {"axis": axis})], {"x": wave(*a), "m": wave(*b)})
    safe = [("Softmax", ["x"], ["s"], {"axis": -1}), ("IsNaN", ["s"], ["n"], {}), ("Where", ["n", "z", "s"], ["y"], {})]
    w.case("softmax.safe", safe, {"x": np.array([[1, 2], [-np.inf, -np.inf]], np.float32)}, weights={"z": np.array(0, np.float32)})
    w.case("gelu.erf", [("Div", ["x", "r"], ["d"], {}), ("Erf", ["d"], ["e"], {}), ("Add", ["e", "one"], ["a"], {}), ("Mul", ["x", "a"], ["m"], {}), ("Mul", ["m", "half"], ["y"], {})], {"x": SMALL}, weights={"r": np.array(2**0.5, np.float32), "one": np.array(1, np.float32), "half": np.array(0.5, np.float32)})
    w.case("silu", [("Sigmoid", ["x"], ["s"], {}), ("Mul", ["x", "s"], ["y"], {})], {"x": SMALL})
    for name, shape in {"channels": (1, 4, 1, 1), "vector": (4,), "scalar": (), "column": (4, 1), "rank": (4, 1, 1)}.items():
        w.case(f"Conv.add.{name}", [("Conv", ["x", "w"], ["c"], {}), ("Add", ["c", "b"], ["y"], {})], {"x": wave(1, 3, 4, 4)}, weights={"w": wave(4, 3, 1, 1), "b": wave(*shape)})
        w.case(f"Conv.scale.{name}", [("Conv", ["x", "w"], ["c"], {}), ("Mul", ["c", "s"], ["m"], {}), ("Add", ["m", "b"], ["y"], {})], {"x": wave(1, 3, 4, 4)}, weights={"w": wave(4, 3, 1, 1), "s": wave(*shape) + 2, "b": wave(*shape)})
    bn = {"g": wave(4) + 2, "b": wave(4), "m": wave(4), "v": np.abs(wave(4)) + 0.5}
    w.case("Conv.bn", [("Conv", ["x", "w", "wb"], ["c"], {"pads": [1, 1, 1, 1], "group": 2}), ("BatchNormalization", ["c", "g", "b", "m", "v"], ["y"], {})], {"x": wave(1, 4, 5, 5)}, weights={"w": wave(4, 2, 3, 3), "wb": wave(4), **bn})
    w.case("Transpose.matmul", [("Transpose", ["a"], ["t"], {}), ("MatMul", ["t", "b"], ["y"], {})], {"a": wave(3, 2)}, weights={"b": wave(3, 4)})
    w.case("Transpose.concat", [("Transpose", ["a"], ["t"], {"perm": [1, 0, 2]}), ("Concat", ["t", "b"], ["y"], {"axis": 2})], {"a": wave(3, 2, 4), "b": wave(2, 3, 1)})
    w.case("repeat.interleave", [("Unsqueeze", ["x", "axes"], ["u"], {}), ("Expand", ["u", "to"], ["e"], {}), ("Reshape", ["e", "s"], ["y"], {})], {"x": wave(1, 2, 3, 4)}, weights={"axes": i64(2), "to": i64(1, 2, 3, 3, 4), "s": i64(1, 6, 3, 4)})
    w.case("repeat.tile", [("Unsqueeze", ["x", "axes"], ["u"], {}), ("Expand", ["u", "to"], ["e"], {}), ("Reshape", ["e", "s"], ["y"], {})], {"x": wave(1, 2, 3, 4)}, weights={"axes": i64(1), "to": i64(1, 3, 2, 3, 4), "s": i64(1, 6, 3, 4)})


def unknown_ranks(w):
    """Shapes that come in as values: the engines know no number of axes before a run."""
    x = wave(1, 3, 4, 4)
    reshape = ("Reshape", ["x", "to"], ["r"], {})
    for opened in (False, True):
        more = {"open_shapes": opened}
        w.case(f"unknown.mul.{opened}", [reshape, ("Mul", ["r", "c"], ["y"], {})], {"x": x, "to": i64(6, 8)}, weights={"c": np.full((1, 1, 1), 3, np.float32)}, **more)
        w.case(f"unknown.vector.{opened}", [reshape, ("MatMul", ["r", "v"], ["y"], {})], {"x": x, "to": i64(2, 3, 8)}, weights={"v": wave(8)}, **more)
        w.case(f"unknown.bias.{opened}", [reshape, ("MatMul", ["r", "m"], ["p"], {}), ("Add", ["p", "b"], ["y"], {})], {"x": x, "to": i64(6, 8)}, weights={"m": wave(8, 1), "b": wave(5)}, **more)
        w.case(f"unknown.row.{opened}", [reshape, ("MatMul", ["r", "m"], ["p"], {}), ("Add", ["b", "p"], ["y"], {})], {"x": x, "to": i64(48)}, weights={"m": wave(48, 1), "b": wave(5)}, **more)
    flat = counted(48) + 1
    hide = lambda key: ("Reshape", [f"{key}.flat", f"{key}.to"], [key], {})
    pairs = {
        "matrix.vector": ((2, 3, 8), (8,)),
        "vector.vector": ((8,), (8,)),
        "vector.matrix": ((8,), (8, 3)),
        "vector.stack": ((8,), (2, 8, 3)),
        "stack.matrix": ((2, 3, 4), (4, 2)),
        "deep.vector": ((1, 2, 3, 4), (4,)),
        "single.vector": ((1, 1, 4), (4,)),
        "plain.vector": ((3, 4), (4,)),
        "stacks": ((2, 3, 4), (2, 4, 3)),
    }
    for name, (left, right) in pairs.items():
        a, b = wave(*left), wave(*right, scale=2)
        to = {"a.to": i64(*left), "b.to": i64(*right)}
        w.case(f"unknown.MatMul.{name}", [hide("a"), hide("b"), ("MatMul", ["a", "b"], ["y"], {})], {"a.flat": a.reshape(-1), "b.flat": b.reshape(-1), **to}, open_shapes=True)
        w.case(f"unknown.MatMul.{name}.right", [hide("b"), ("MatMul", ["a", "b"], ["y"], {})], {"a": a, "b.flat": b.reshape(-1), "b.to": to["b.to"]}, open_shapes=True)
        w.case(f"unknown.MatMul.{name}.left", [hide("a"), ("MatMul", ["a", "b"], ["y"], {})], {"a.flat": a.reshape(-1), "a.to": to["a.to"]}, weights={"b": b}, open_shapes=True)
        w.case(f"unknown.MatMul.{name}.bias", [hide("a"), hide("b"), ("MatMul", ["a", "b"], ["p"], {}), ("Add", ["p", "c"], ["y"], {})], {"a.flat": a.reshape(-1), "b.flat": b.reshape(-1), **to}, weights={"c": wave(1)}, open_shapes=True)
        bytes_a, bytes_b = (a * 90 + 100).astype(np.uint8), (b * 50).astype(np.int8)
        w.case(f"unknown.MatMulInteger.{name}", [hide("a"), hide("b"), ("MatMulInteger", ["a", "b"], ["y"], {})], {"a.flat": bytes_a.reshape(-1), "b.flat": bytes_b.reshape(-1), **to}, open_shapes=True)
        w.case(f"known.MatMulInteger.{name}", [("MatMulInteger", ["a", "b"], ["y"], {})], {"a": bytes_a, "b": bytes_b})
    shapes = [(), (1,), (1, 1), (1, 1, 1), (3,), (2, 3), (1, 2, 3), (2, 1)]
    for op, left, right in itertools.product(("Div", "Pow", "Mul", "Sub", "Mod", "Max", "Where", "PRelu"), shapes, shapes):
        a, b = wave(*left) + 1.5, wave(*right) + 2
        ins = ["a", "b"]
        attributes = {"fmod": 1} if op == "Mod" else {}
        extra = {}
        if op == "Where":
            ins, extra = ["t", "a", "b"], {"t": np.array(True)}
        if left == () and right == ():
            continue
        to = {"a.to": i64(*left), "b.to": i64(*right)}
        label = f"{'x'.join(map(str, left)) or 'none'}.{'x'.join(map(str, right)) or 'none'}"
        node = (op, ins, ["y"], attributes)
        w.case(f"unknown.pair.{op}.{label}", [hide("a"), hide("b"), node], {"a.flat": a.reshape(-1), "b.flat": b.reshape(-1), **to}, weights=extra, open_shapes=True)
        if op in ("Div", "Pow"):
            w.case(f"unknown.pair.{op}.{label}.right", [hide("b"), node], {"a": a, "b.flat": b.reshape(-1), "b.to": to["b.to"]}, weights=extra, open_shapes=True)
            w.case(f"unknown.pair.{op}.{label}.left", [hide("a"), node], {"a.flat": a.reshape(-1), "a.to": to["a.to"]}, weights={"b": b}, open_shapes=True)
            w.case(f"constant.pair.{op}.{label}", [node, ("Add", ["y", "x"], ["z"], {})], {"x": wave(2, 1, 2, 3)}, outputs=("z", "y"), weights={"a": a, "b": b})
    for count, shape in ((49, ()), (49, (1,)), (49, (1, 1)), (93, ()), (103, (2,))):
        a, b = np.full(shape, count, np.float32), np.full((), count, np.float32)
        w.case(f"unknown.whole.{count}.{len(shape)}", [hide("a"), hide("b"), ("Div", ["a", "b"], ["q"], {}), ("Floor", ["q"], ["y"], {})], {"a.flat": a.reshape(-1), "a.to": i64(*shape), "b.flat": b.reshape(-1), "b.to": i64()}, open_shapes=True)
        w.case(f"known.whole.{count}.{len(shape)}", [("Div", ["a", "b"], ["q"], {}), ("Floor", ["q"], ["y"], {})], {"a": a, "b": b})
    ties = np.array([[-2.5, -1.5, 0.5, 1.5], [0.35, 1.05, 1.75, -0.35], [0.15, 0.45, 2.55, 1e9]], np.float32)
    for kind in ("uint8", "int8"):
        scales, zeros = np.array([1.0, 0.7, 0.3], np.float32), np.array([3, 0, 9]).astype(KINDS[kind])
        per = ("QuantizeLinear", ["x", "s", "z"], ["y"], {"axis": 0})
        w.case(f"QuantizeLinear.channels.{kind}", [per], {"x": ties}, weights={"s": scales, "z": zeros}, opset=13)
        w.case(f"unknown.channels.{kind}", [hide("s"), hide("z"), per], {"x": ties, "s.flat": scales, "s.to": i64(3), "z.flat": zeros, "z.to": i64(3)}, opset=13)
        w.case(f"unknown.channels.all.{kind}", [hide("x"), hide("s"), per], {"x.flat": ties.reshape(-1), "x.to": i64(3, 4), "s.flat": scales, "s.to": i64(3)}, weights={"z": zeros}, opset=13, open_shapes=True)
        w.case(f"unknown.channel.{kind}", [hide("s"), per], {"x": ties, "s.flat": scales[1:2], "s.to": i64()}, weights={"z": zeros[0]}, opset=13, open_shapes=True)
    for axis in (0, 1, 2, -1, -2):
        w.case(f"unknown.Softmax.{axis}", [hide("x"), ("Softmax", ["x"], ["y"], {"axis": axis})], {"x.flat": flat, "x.to": i64(2, 3, 8)}, opset=11, open_shapes=True)
    body = helper.make_graph(
        [
            helper.make_node("Sign", ["sum"], ["sign"]),
            helper.make_node("Cast", ["sign"], ["flag"], to=9),
            helper.make_node("Cast", ["flag"], ["step"], to=1),
            helper.make_node("Add", ["sum", "step"], ["next"]),
            helper.make_node("Identity", ["go"], ["on"]),
        ],
        "body",
        [helper.make_tensor_value_info("i", 7, []), helper.make_tensor_value_info("go", 9, []), helper.make_tensor_value_info("sum", 1, None)],
        [helper.make_tensor_value_info("on", 9, []), helper.make_tensor_value_info("next", 1, None)],
    )
    w.case("Loop.cast", [("Loop", ["n", "t", "x"], ["y"], {"body": body})], {"x": SMALL}, weights={"n": np.array(3), "t": np.array(True)})


def wide_integers(w):
    """Integers that grow beyond 32 bits, or nearly so, by operators and by constants."""
    x = wave(2, 3)
    sides = {"far": (i64(2**31 - 1, 5), i64(7, -9)), "near": (i64(2**31 - 9000, 5), i64(7, -9)), "back": (i64(-(2**31) + 20, 5), i64(-7, 9)), "large": (i64(70000, -70000), i64(70000, 3)), "small": (i64(3, -4), i64(5, 6))}
    for (name, (a, b)), op in itertools.product(sides.items(), ("Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Where")):
        node = (op, ["t", "a", "b"] if op == "Where" else ["a", "b"], ["y"], {})
        truth = {"t": np.array([True, False])} if op == "Where" else {}
        w.case(f"wide.{op}.{name}", [node], {"a": a, "b": b}, weights=truth)
        w.case(f"wide.{op}.{name}.constant", [node], {"a": a}, weights={"b": b, **truth})
        w.case(f"wide.{op}.{name}.float", [node, ("Cast", ["y"], ["z"], {"to": 1})], {"a": a, "b": b}, outputs=("z",), weights=truth)
    for (name, (a, b)), op in itertools.product(sides.items(), ("Neg", "Abs", "Sign")):
        w.case(f"wide.{op}.{name}", [(op, ["a"], ["y"], {})], {"a": np.concatenate([a, b])})
    for (name, (a, b)), op in itertools.product(sides.items(), ("ReduceSum", "ReduceProd", "ReduceL1", "ReduceSumSquare", "ReduceMax", "ReduceMin", "CumSum")):
        values = np.stack([a, b])
        if op == "CumSum":
            w.case(f"wide.{op}.{name}", [(op, ["a", "axis"], ["y"], {})], {"a": values}, weights={"axis": np.array(1)})
        else:
            w.case(f"wide.{op}.{name}", [(op, ["a"], ["y"], {"keepdims": 0})], {"a": values})
    for power in (2, 3, 6):
        w.case(f"wide.Pow.{power}", [("Pow", ["a", "b"], ["y"], {})], {"a": i64(3, 1300, 40000)}, weights={"b": i64(power)})
    for name, value in {"small": 5.7, "large": 2e9, "beyond": 3e9, "negative": -3e9}.items():
        w.case(f"wide.Cast.{name}", [("Cast", ["x"], ["y"], {"to": 7}), ("Cast", ["y"], ["z"], {"to": 1})], {"x": np.array([1.5, value], np.float32)}, outputs=("z", "y"))
    big = i64(2**40, 1, -(2**40))
    pick = ("Gather", ["big", "i"], ["g"], {})
    for op in ("Add", "Mul", "Less", "Equal", "Max", "Min"):
        w.case(f"wide.constant.{op}", [pick, (op, ["g", "a"], ["y"], {})], {"i": i64(0, 1), "a": i64(3, 4)}, weights={"big": big})
    w.case("wide.constant.concat", [("Concat", ["n", "big"], ["c"], {"axis": 0}), ("Mul", ["c", "c"], ["y"], {})], {"n": i64(2, 3)}, weights={"big": big})
    w.case("wide.constant.end", [("Concat", ["n", "most"], ["ends"], {"axis": 0}), ("Slice", ["x", "starts", "ends"], ["y"], {})], {"x": x, "n": i64(1)}, weights={"most": i64(2**63 - 1), "starts": i64(0, 1)})
    w.case("wide.constant.filled", [("ConstantOfShape", ["n"], ["c"], {"value": numpy_helper.from_array(i64(2**40))}), ("Add", ["c", "a"], ["y"], {})], {"n": i64(2), "a": i64(1, 2)})
    w.case("wide.shape", [("Shape", ["x"], ["s"], {}), ("Mul", ["s", "b"], ["m"], {}), ("Mul", ["m", "b"], ["y"], {})], {"x": x}, weights={"b": i64(100000)}, open_shapes=True)
    w.case("wide.shape.small", [("Shape", ["x"], ["s"], {}), ("Mul", ["s", "b"], ["m"], {}), ("ReduceProd", ["m"], ["y"], {})], {"x": x}, weights={"b": i64(100)}, open_shapes=True)
    w.case("wide.scatter", [("ScatterElements", ["a", "i", "u"], ["y"], {"reduction": "add", "axis": 0})], {"a": i64(2**31 - 2, 1), "u": i64(5, 6)}, weights={"i": i64(0, 1)}, opset=18)


def not_numbers(w):
    """What is no number, or infinite, on its way through what follows."""
    x = wave(1, 2, 4, 4)
    for label, value in {"nan": np.nan, "inf": np.inf, "minus": -np.inf}.items():
        spoilt = x.copy()
        spoilt[0, 1, 2, 1] = value
        k = {"k": wave(3, 2, 3, 3)}
        for op, weights, attributes in (
            ("Relu", {}, {}),
            ("LeakyRelu", {}, {"alpha": 0.2}),
            ("PRelu", {"s": np.array([0.3], np.float32)}, {}),
            ("HardSigmoid", {}, {}),
            ("HardSwish", {}, {}),
            ("Elu", {}, {}),
            ("Selu", {}, {}),
            ("Celu", {}, {}),
            ("Softplus", {}, {}),
            ("Softsign", {}, {}),
            ("Sigmoid", {}, {}),
            ("Tanh", {}, {}),
            ("Erf", {}, {}),
            ("Softmax", {}, {"axis": -1}),
            ("LogSoftmax", {}, {"axis": -1}),
            ("MaxPool", {}, {"kernel_shape": [2, 2]}),
            ("AveragePool", {}, {"kernel_shape": [2, 2]}),
            ("GlobalMaxPool", {}, {}),
            ("GlobalAveragePool", {}, {}),
            ("ReduceMax", {}, {"axes": [2, 3]}),
            ("ReduceMin", {}, {"axes": [2, 3]}),
            ("ReduceMean", {}, {"axes": [2, 3]}),
            ("ReduceSum", {"axes": i64(2, 3)}, {}),
            ("ReduceL2", {}, {"axes": [2, 3]}),
            ("ReduceLogSumExp", {}, {"axes": [2, 3]}),
            ("Conv", k, {}),
            ("Conv", {"k": wave(3, 2, 1, 1)}, {}),
            ("Max", {"c": np.array(0.1, np.float32)}, {}),
            ("Min", {"c": np.array(0.1, np.float32)}, {}),
            ("Max", {"c": x}, {}),
            ("Min", {"c": x}, {}),
            ("Mul", {"c": np.array(0.0, np.float32)}, {}),
            ("Clip", {"low": np.array(0, np.float32), "high": np.array(6, np.float32)}, {}),
            ("Clip", {"low": np.array(-1, np.float32)}, {}),
            ("Gelu", {}, {}),
            ("Mish", {}, {}),
            ("LRN", {}, {"size": 3}),
            ("InstanceNormalization", {"g": wave(2), "b": wave(2)}, {}),
            ("LayerNormalization", {"g": wave(4)}, {}),
            ("Resize", {"scales": np.array([1, 1, 2, 2], np.float32)}, {"mode": "linear"}),
            ("Resize", {"scales": np.array([1, 1, 2, 2], np.float32)}, {"mode": "nearest"}),
            ("Pad", {"pads": i64(0, 0, 1, 1, 0, 0, 1, 1)}, {"mode": "reflect"}),
        ):
            # ONNX Runtime itself leaves out there what is no number, unlike ONNX's definition (the maximum of NumPy), or
            # keeps it at some places of a window only.
            if label == "nan" and op in ("GlobalMaxPool", "MaxPool", "ReduceMax", "ReduceMin"):
                continue
            order = ["x", "", "scales"] if op == "Resize" else None
            opset = 20 if op in ("Gelu", "Mish") else 13 if op == "ReduceSum" else 17
            w.one(f"{label}", op, {"x": spoilt}, weights, order=order, opset=opset, **attributes)
        for opset in (7, 10):
            w.one(f"{label}.{opset}", "Clip", {"x": spoilt}, opset=opset, min=-0.5, max=0.5)
            w.one(f"{label}.{opset}.low", "Clip", {"x": spoilt}, opset=opset, min=-0.5)
        # As networks have it: the rest of one behind what makes it.
        tail = [("Conv", ["v", "k"], ["c"], {}), ("Relu", ["c"], ["r"], {}), ("Clip", ["r", "low", "high"], ["six"], {}), ("GlobalAveragePool", ["six"], ["y"], {})]
        more = {**k, "low": np.array(0, np.float32), "high": np.array(6, np.float32)}
        w.case(f"spoilt.{label}.input", [("Identity", ["x"], ["v"], {}), *tail], {"x": spoilt}, weights=more)
        bad = k["k"].copy()
        bad[1, 0, 0, 0] = value
        w.case(f"spoilt.{label}.weight", [("Identity", ["x"], ["v"], {}), *tail], {"x": x}, weights={**more, "k": bad})
    flat = np.full((1, 2, 4, 4), 0.25, np.float32)
    for label, image in {"flat": flat, "wave": x}.items():
        standard = [
            ("ReduceMean", ["x"], ["m"], {}),
            ("Sub", ["x", "m"], ["d"], {}),
            ("Mul", ["d", "d"], ["q"], {}),
            ("ReduceMean", ["q"], ["variance"], {}),
            ("Sqrt", ["variance"], ["deviation"], {}),
            ("Div", ["d", "deviation"], ["v"], {}),
        ]
        w.case(f"spoilt.standard.{label}", [*standard, *tail], {"x": image}, weights=more)
        for op in ("Log", "Sqrt", "Reciprocal", "Acos"):
            w.case(f"spoilt.{op}.{label}", [("Sub", ["x", "q"], ["d"], {}), (op, ["d"], ["v"], {}), *tail], {"x": image}, weights={**more, "q": np.array(0.25, np.float32)})
        w.case(f"spoilt.Pow.{label}", [("Sub", ["x", "q"], ["d"], {}), ("Pow", ["d", "p"], ["v"], {}), *tail], {"x": image}, weights={**more, "q": np.array(0.5, np.float32), "p": np.array(0.3, np.float32)})


def windows(w):
    for rank in (1, 2, 3):
        size = {1: (9,), 2: (7, 8), 3: (5, 4, 5)}[rank]
        x = wave(1, 4, *size)
        for group, stride, dilation, kernel in itertools.product((1, 2, 4), (1, 2), (1, 2), (1, 2, 3)):
            if (kernel - 1) * dilation + 1 > min(size):
                continue
            weight, bias = wave(4, 4 // group, *[kernel] * rank), wave(4)
            common = {"group": group, "strides": [stride] * rank, "dilations": [dilation] * rank}
            name = f"{rank}d.g{group}.s{stride}.d{dilation}.k{kernel}"
            w.one(name, "Conv", {"x": x}, {"w": weight, "b": bias}, **common)
            w.one(f"{name}.pads", "Conv", {"x": x}, {"w": weight}, pads=[1] * rank + [0] * (rank - 1) + [2], **common)
            for auto in ("SAME_UPPER", "SAME_LOWER", "VALID"):
                w.one(f"{name}.{auto}", "Conv", {"x": x}, {"w": weight}, auto_pad=auto, **common)
            up = wave(4, 4 // group, *[kernel] * rank)
            w.one(name, "ConvTranspose", {"x": x}, {"w": up, "b": wave(4)}, **common)
            w.one(f"{name}.pads", "ConvTranspose", {"x": x}, {"w": up}, pads=[0] * rank + [1] * (rank - 1) + [1], **common)
            if stride > 1:
                w.one(f"{name}.output_padding", "ConvTranspose", {"x": x}, {"w": up}, output_padding=[1] * rank, **common)
                w.one(f"{name}.output_shape", "ConvTranspose", {"x": x}, {"w": up}, output_shape=[s * 2 + 1 for s in size], **common)
            for auto in ("SAME_UPPER", "SAME_LOWER", "VALID"):
                w.one(f"{name}.{auto}", "ConvTranspose", {"x": x}, {"w": up}, auto_pad=auto, **common)
        for opset, stride, kernel, ceil, pad in itertools.product((9, 12, 19, 22), (1, 2, 3), (2, 3), (0, 1), (0, 1)):
            pads = [pad] * rank + [0] * rank
            common = {"kernel_shape": [kernel] * rank, "strides": [stride] * rank, "pads": pads}
            if opset >= 10:
                common["ceil_mode"] = ceil
            elif ceil:
                continue
            name = f"{rank}d.o{opset}.s{stride}.k{kernel}.c{ceil}.p{pad}"
            w.one(name, "MaxPool", {"x": x}, opset=opset, **common)
            for include in (0, 1):
                w.one(f"{name}.i{include}", "AveragePool", {"x": x}, opset=opset, count_include_pad=include, **common)
            if opset >= 19:
                w.one(f"{name}.dilated", "AveragePool", {"x": x}, opset=opset, dilations=[2] * rank, **common)
            if opset >= 12:
                w.one(f"{name}.dilated", "MaxPool", {"x": x}, opset=opset, dilations=[2] * rank, **common)
                w.one(f"{name}.indices", "MaxPool", {"x": x}, opset=opset, outputs=("y", "i"), **common)
        for auto, stride, ceil in itertools.product(("SAME_UPPER", "SAME_LOWER", "VALID"), (1, 2), (0, 1)):
            for op in ("MaxPool", "AveragePool"):
                w.one(f"{rank}d.{auto}.s{stride}.c{ceil}", op, {"x": x}, opset=12, kernel_shape=[3] * rank, strides=[stride] * rank, auto_pad=auto, ceil_mode=ceil)
                w.one(f"{rank}d.{auto}.s{stride}.c{ceil}.even", op, {"x": x}, opset=12, kernel_shape=[2] * rank, strides=[stride] * rank, auto_pad=auto, ceil_mode=ceil)
            w.one(f"{rank}d.{auto}.s{stride}.include", "AveragePool", {"x": x}, opset=12, kernel_shape=[3] * rank, strides=[stride] * rank, auto_pad=auto, count_include_pad=1)
        for op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"):
            w.one(f"{rank}d", op, {"x": x})
        for p in (1, 2, 3):
            w.one(f"{rank}d.p{p}", "LpPool", {"x": x}, p=p, kernel_shape=[2] * rank, strides=[2] * rank)
            w.one(f"{rank}d.p{p}", "GlobalLpPool", {"x": x}, p=p)
    w.one("uint8", "MaxPool", {"x": counted(1, 1, 4, 4, kind=np.uint8)}, kernel_shape=[2, 2])
    w.one("int8", "MaxPool", {"x": counted(1, 1, 4, 4, kind=np.int8)}, kernel_shape=[2, 2])
    w.one("negative", "MaxPool", {"x": -np.abs(wave(1, 1, 4, 4)) - 1}, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    w.one("wide", "MaxPool", {"x": wave(1, 2, 6, 9)}, kernel_shape=[1, 5], pads=[0, 2, 0, 1], strides=[3, 2])
    w.one("computed", "Conv", {"x": wave(1, 3, 5, 5), "w": wave(2, 3, 3, 3)}, pads=[1, 0, 0, 1])
    w.one("batch", "Conv", {"x": wave(3, 3, 5, 5)}, {"w": wave(2, 3, 3, 3)}, strides=[2, 1])
    w.one("multiplier", "Conv", {"x": wave(1, 3, 5, 5)}, {"w": wave(6, 1, 3, 3)}, group=3)


def norms(w):
    x = wave(2, 6, 3, 3)
    bn = {"g": wave(6) + 2, "b": wave(6), "m": wave(6), "v": np.abs(wave(6)) + 0.5}
    for opset in (7, 9, 14, 15, 22):
        w.one(f"{opset}", "BatchNormalization", {"x": x}, bn, opset=opset, epsilon=0.01)
        w.one(f"{opset}.flat", "BatchNormalization", {"x": wave(2, 6)}, bn, opset=opset)
        w.one(f"{opset}.3d", "BatchNormalization", {"x": wave(2, 6, 2, 2, 2)}, bn, opset=opset)
        w.one(f"{opset}.momentum", "BatchNormalization", {"x": x}, bn, opset=opset, momentum=0.3)
    w.one("spatial0", "BatchNormalization", {"x": wave(2, 6)}, bn, opset=7, spatial=0)
    for opset, epsilon in itertools.product((9, 17, 22), (1e-5, 0.1)):
        w.one(f"{opset}.{epsilon}", "InstanceNormalization", {"x": x}, {"g": bn["g"], "b": bn["b"]}, opset=opset, epsilon=epsilon)
        w.one(f"{opset}.{epsilon}.1d", "InstanceNormalization", {"x": wave(2, 6, 5)}, {"g": bn["g"], "b": bn["b"]}, opset=opset, epsilon=epsilon)
    w.one("no_epsilon", "InstanceNormalization", {"x": x * 0.01}, {"g": bn["g"], "b": bn["b"]})
    for axis in (-1, 1, 2, -2, 0):
        shape = x.shape[axis:]
        w.one(f"{axis}", "LayerNormalization", {"x": x}, {"g": wave(*shape) + 1, "b": wave(*shape)}, axis=axis)
        w.one(f"{axis}.no_bias", "LayerNormalization", {"x": x}, {"g": wave(*shape) + 1}, axis=axis, epsilon=0.01)
        w.one(f"{axis}.all", "LayerNormalization", {"x": x}, {"g": wave(*shape) + 1, "b": wave(*shape)}, axis=axis, outputs=("y", "m", "d"))
        w.one(f"{axis}", "RMSNormalization", {"x": x}, {"g": wave(*shape) + 1}, axis=axis, opset=23)
        for p in (1, 2):
            w.one(f"{axis}.{p}", "LpNormalization", {"x": x}, axis=axis, p=p)
    w.one("zeros", "LpNormalization", {"x": np.zeros((2, 3), np.float32)}, opset=22)
    w.one("scale_small", "LayerNormalization", {"x": x}, {"g": np.full((1,), 2, np.float32)})
    for size, alpha, beta, bias in itertools.product((1, 2, 3, 5), (1e-4, 0.5), (0.75, 0.3), (1.0, 2.0)):
        w.one(f"{size}.{alpha}.{beta}.{bias}", "LRN", {"x": x}, size=size, alpha=alpha, beta=beta, bias=bias)
    w.one("default", "LRN", {"x": x}, size=3)
    w.one("opset9", "LRN", {"x": x}, size=5, opset=9)
    for groups in (1, 2, 3, 6):
        w.one(f"18.{groups}", "GroupNormalization", {"x": x}, {"g": wave(groups) + 1, "b": wave(groups)}, opset=18, num_groups=groups, epsilon=0.01)
        w.one(f"21.{groups}", "GroupNormalization", {"x": x}, {"g": wave(6) + 1, "b": wave(6)}, opset=21, num_groups=groups)
        w.one(f"21.{groups}.1d", "GroupNormalization", {"x": wave(2, 6, 5)}, {"g": wave(6) + 1, "b": wave(6)}, opset=21, num_groups=groups)
    for axes in (None, [0, 2, 3], [1]):
        w.one("default" if axes is None else "_".join(map(str, axes)), "MeanVarianceNormalization", {"x": x}, **({} if axes is None else {"axes": axes}))
    big = wave(2, 3, 4, scale=3)
    for op, opset, axis in itertools.product(("Softmax", "LogSoftmax", "Hardmax"), (9, 11, 13), (None, 0, 1, 2, -1)):
        if opset == 9 and axis == -1:
            continue
        w.one(f"{opset}.{axis}", op, {"x": big}, opset=opset, **({} if axis is None else {"axis": axis}))
    w.one("large", "Softmax", {"x": np.array([[1000, 1001, 999], [-1000, -1001, -999]], np.float32)})
    w.one("infinite", "Softmax", {"x": np.array([[1, -np.inf, 2]], np.float32)})
    w.one("large", "LogSoftmax", {"x": np.array([[1000, 1001, 999]], np.float32)})
    for opset in (7, 9, 10):
        w.one(f"{opset}", "Dropout", {"x": x}, opset=opset, ratio=0.3)
    for opset in (12, 13, 22):
        w.one(f"{opset}", "Dropout", {"x": x}, {"r": np.array(0.3, np.float32)}, opset=opset)
        w.one(f"{opset}.mask", "Dropout", {"x": x}, {"r": np.array(0.3, np.float32)}, opset=opset, outputs=("y", "m"))


def resizes(w):
    x = wave(1, 2, 5, 6)
    coordinates = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize")
    targets = {"up": (1, 1, 2.0, 2.0), "odd": (1, 1, 1.7, 2.3), "down": (1, 1, 0.5, 0.6), "small": (1, 1, 0.2, 0.17), "same": (1, 1, 1, 1), "wide": (1, 1, 1, 1.5)}
    for mode, transform, (name, scales) in itertools.product(("nearest", "linear", "cubic"), coordinates, targets.items()):
        roi = np.array([0, 0, 0.1, 0.2, 1, 1, 0.9, 0.8], np.float32) if transform == "tf_crop_and_resize" else np.zeros(0, np.float32)
        for opset in (11, 13, 18, 19):
            nearests = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil") if mode == "nearest" else (None,)
            for nearest in nearests:
                extra = {} if nearest is None else {"nearest_mode": nearest}
                label = f"{mode}.{transform}.{name}.{opset}" + ("" if nearest is None else f".{nearest}")
                w.one(f"{label}.scales", "Resize", {"x": x}, {"roi": roi, "scales": np.array(scales, np.float32)}, opset=opset, mode=mode, coordinate_transformation_mode=transform, **extra)
                if opset in (13, 19):
                    sizes = i64(*[max(1, int(np.floor(s * d))) for s, d in zip(scales, x.shape)])
                    w.one(f"{label}.sizes", "Resize", {"x": x}, {"roi": roi, "sizes": sizes}, opset=opset, order=["x", "roi", "", "sizes"], mode=mode, coordinate_transformation_mode=transform, **extra)
    for mode, (name, scales) in itertools.product(("linear", "cubic"), targets.items()):
        for outside, antialias in itertools.product((0, 1), (0, 1)):
            w.one(f"{mode}.{name}.outside{outside}.antialias{antialias}", "Resize", {"x": x}, {"roi": np.zeros(0, np.float32), "scales": np.array(scales, np.float32)}, opset=18, mode=mode, exclude_outside=outside, antialias=antialias)
        w.one(f"{mode}.{name}.coefficient", "Resize", {"x": x}, {"roi": np.zeros(0, np.float32), "scales": np.array(scales, np.float32)}, opset=18, mode=mode, cubic_coeff_a=-0.5)
    for policy in ("stretch", "not_larger", "not_smaller"):
        w.one(f"policy.{policy}", "Resize", {"x": x}, {"roi": np.zeros(0, np.float32), "sizes": i64(8, 7)}, opset=18, order=["x", "roi", "", "sizes"], mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)
    w.one("axes", "Resize", {"x": x}, {"roi": np.zeros(0, np.float32), "scales": np.array([2, 3], np.float32)}, opset=18, mode="linear", axes=[2, 3])
    w.one("no_roi", "Resize", {"x": x}, {"scales": np.array([1, 1, 2, 2], np.float32)}, opset=13, order=["x", "", "scales"], mode="linear")
    for kind in ("uint8", "int8", "int32"):
        w.one(f"{kind}", "Resize", {"x": counted(1, 1, 3, 3, kind=KINDS[kind])}, {"scales": np.array([1, 1, 2, 2], np.float32)}, opset=13, order=["x", "", "scales"], mode="nearest")
    w.one("3d", "Resize", {"x": wave(1, 1, 3, 3, 3)}, {"scales": np.array([1, 1, 2, 2, 2], np.float32)}, opset=13, order=["x", "", "scales"], mode="linear")
    w.one("1d", "Resize", {"x": wave(1, 2, 5)}, {"scales": np.array([1, 1, 2], np.float32)}, opset=13, order=["x", "", "scales"], mode="linear")
    w.one("channels", "Resize", {"x": wave(1, 3, 3, 2)}, {"scales": np.array([1, 2, 2, 1], np.float32)}, opset=13, order=["x", "", "scales"], mode="linear")
    for mode in ("nearest", "linear"):
        for name, scales in targets.items():
            w.one(f"{mode}.{name}.10", "Resize", {"x": x}, {"scales": np.array(scales, np.float32)}, opset=10, mode=mode)
        w.one(f"{mode}.7", "Upsample", {"x": x}, opset=7, mode=mode, scales=[1.0, 1.0, 2.0, 2.0])
        w.one(f"{mode}.9", "Upsample", {"x": x}, {"scales": np.array([1, 1, 2, 3], np.float32)}, opset=9, mode=mode)
        w.one(f"{mode}.odd.9", "Upsample", {"x": x}, {"scales": np.array([1, 1, 1.5, 2.7], np.float32)}, opset=9, mode=mode)
    grid = np.clip(wave(1, 4, 4, 2, scale=1.3), -1.5, 1.5)
    for opset, modes in ((16, ("bilinear", "nearest", "bicubic")), (20, ("linear", "nearest", "cubic"))):
        for mode, padding, corners in itertools.product(modes, ("zeros", "border", "reflection"), (0, 1)):
            w.one(f"{opset}.{mode}.{padding}.{corners}", "GridSample", {"x": x, "grid": grid}, opset=opset, mode=mode, padding_mode=padding, align_corners=corners)


def quantised(w):
    x = wave(2, 3, 4, scale=40)
    ties = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 1e9, -1e9, 126.5, 127.5, 254.5, 255.5], np.float32)
    for opset, kind in itertools.product((10, 13, 19, 21, 24), ("uint8", "int8")):
        zero = np.array(3 if kind == "uint8" else -5).astype(KINDS[kind])
        for name, scale in {"small": 0.1, "third": 1 / 3, "one": 1.0}.items():
            for label, values in {"wave": x, "ties": ties, "scaled": ties * np.float32(scale)}.items():
                w.one(f"{opset}.{kind}.{name}.{label}", "QuantizeLinear", {"x": values}, {"s": np.array(scale, np.float32), "z": zero}, opset=opset)
        w.one(f"{opset}.{kind}.vector", "QuantizeLinear", {"x": x}, {"s": np.array([0.1], np.float32), "z": zero.reshape(1)}, opset=opset) if opset == 10 else None
        if opset >= 13:
            for axis in (0, 1, -1):
                count = x.shape[axis]
                scales = (np.abs(wave(count)) + 0.1).astype(np.float32)
                zeros = np.arange(count).astype(KINDS[kind])
                w.one(f"{opset}.{kind}.axis{axis}", "QuantizeLinear", {"x": x}, {"s": scales, "z": zeros}, opset=opset, axis=axis)
                w.one(f"{opset}.{kind}.axis{axis}", "DequantizeLinear", {"x": counted(2, 3, 4, kind=KINDS[kind])}, {"s": scales, "z": zeros}, opset=opset, axis=axis)
                w.one(f"{opset}.{kind}.axis{axis}.no_zero", "DequantizeLinear", {"x": counted(2, 3, 4, kind=KINDS[kind])}, {"s": scales}, opset=opset, axis=axis)
        w.one(f"{opset}.{kind}", "DequantizeLinear", {"x": np.arange(-20, 20).astype(KINDS[kind])}, {"s": np.array(0.1, np.float32), "z": zero}, opset=opset)
        w.one(f"{opset}.{kind}.no_zero", "DequantizeLinear", {"x": np.arange(-20, 20).astype(KINDS[kind])}, {"s": np.array(0.1, np.float32)}, opset=opset)
        w.one(f"{opset}.no_zero.{kind}", "QuantizeLinear", {"x": x}, {"s": np.array(0.4, np.float32)}, opset=opset)
    w.one("int32", "DequantizeLinear", {"x": np.array([-70000, 3, 70000], np.int32)}, {"s": np.array(0.1, np.float32)}, opset=13)
    w.one("output", "QuantizeLinear", {"x": x}, {"s": np.array(0.4, np.float32)}, opset=21, output_dtype=TensorProto.INT8)
    for name, values in {"wave": x, "positive": np.abs(x) + 1, "negative": -np.abs(x) - 1, "zero": np.zeros((2, 2), np.float32), "ties": ties[:7]}.items():
        w.one(name, "DynamicQuantizeLinear", {"x": values}, outputs=("y", "s", "z"))
    a, b = np.array([[1, 200, 3], [255, 0, 9]]), np.array([[1, 2], [250, 4], [5, 130]])
    for ka, kb in itertools.product(("uint8", "int8"), ("uint8", "int8")):
        one, two = a.astype(KINDS[ka]), b.astype(KINDS[kb])
        w.one(f"{ka}.{kb}", "MatMulInteger", {"a": one, "b": two})
        w.one(f"{ka}.{kb}.zeros", "MatMulInteger", {"a": one, "b": two}, {"za": np.array(7).astype(KINDS[ka]), "zb": np.array(3).astype(KINDS[kb])})
        w.one(f"{ka}.{kb}.columns", "MatMulInteger", {"a": one, "b": two}, {"za": np.array(7).astype(KINDS[ka]), "zb": np.array([3, 1]).astype(KINDS[kb])})
        image, kernel = (counted(1, 2, 5, 5) * 5).astype(KINDS[ka]), (counted(4, 2, 3, 3) - 30).astype(KINDS[kb])
        for name, extra in {"plain": {}, "pads": {"pads": [1, 0, 2, 1]}, "strides": {"strides": [2, 2]}, "dilated": {"dilations": [2, 2]}}.items():
            for zx, zw in ((0, 0), (9, 0), (9, 3)):
                w.one(f"{ka}.{kb}.{name}.{zx}.{zw}", "ConvInteger", {"x": image}, {"w": kernel, "zx": np.array(zx).astype(KINDS[ka]), "zw": np.array(zw).astype(KINDS[kb])}, **extra)
        w.one(f"{ka}.{kb}.group", "ConvInteger", {"x": image}, {"w": kernel[:, :1]}, group=2)
    for op in ("QLinearMatMul", "QLinearConv"):
        scale, zero = np.array(0.1, np.float32), np.array(3, np.uint8)
        if op == "QLinearMatMul":
            inputs, weight = {"a": a.astype(np.uint8)}, b.astype(np.uint8)
        else:
            inputs, weight = {"a": counted(1, 2, 5, 5, kind=np.uint8)}, counted(4, 2, 3, 3, kind=np.uint8)
        w.one("uint8", op, inputs, {"sa": scale, "za": zero, "b": weight, "sb": scale, "zb": zero, "sy": scale, "zy": zero})


def missing(w):
    """Inputs and outputs that are left out, in the middle and at the end; several outputs."""
    x = wave(1, 3, 4, 4)
    w.case("outputs.several", [("Relu", ["x"], ["r"], {}), ("GlobalAveragePool", ["r"], ["g"], {}), ("Flatten", ["g"], ["f"], {}), ("Neg", ["f"], ["y"], {})], {"x": x}, outputs=("y", "r", "f"))
    w.case("outputs.input", [("Relu", ["x"], ["r"], {})], {"x": x}, outputs=("r",))
    w.case("outputs.same_twice", [("Relu", ["x"], ["r"], {}), ("Identity", ["r"], ["a"], {}), ("Identity", ["r"], ["b"], {})], {"x": x}, outputs=("a", "b"))
    w.case("conv.empty_bias", [("Conv", ["x", "w", ""], ["y"], {})], {"x": x}, weights={"w": wave(2, 3, 3, 3)})
    w.case("gemm.empty_bias", [("Gemm", ["x", "w", ""], ["y"], {})], {"x": wave(2, 3)}, weights={"w": wave(3, 4)})
    w.case("clip.both_empty", [("Clip", ["x", "", ""], ["y"], {})], {"x": x})
    w.case("topk.indices_only", [("TopK", ["x", "k"], ["", "i"], {})], {"x": x}, outputs=("i",), weights={"k": i64(2)})
    w.case("topk.values_only", [("TopK", ["x", "k"], ["v", ""], {})], {"x": x}, outputs=("v",), weights={"k": i64(2)})
    w.case("layer_norm.spread_only", [("LayerNormalization", ["x", "g"], ["y", "", "d"], {})], {"x": x}, outputs=("y", "d"), weights={"g": wave(4) + 1})
    w.case("reduce.empty_axes_name", [("ReduceSum", ["x", ""], ["y"], {"keepdims": 0})], {"x": x}, opset=13)
    w.case("weights.as_inputs", [("Add", ["x", "c"], ["y"], {})], {"x": x}, weights={"c": wave(4)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out / "operators"
    if out.exists():
        shutil.rmtree(out)
    writer = Writer(out)
    for part in (elementwise, casts, binary, reductions, shapes, linear, unknown_ranks, wide_integers, not_numbers, windows, norms, resizes, quantised, missing):
        part(writer)
    (out / "left_out.txt").write_text("\n".join(writer.left_out) + "\n")
    print(f"{writer.written} models of operators, {len(writer.left_out)} that ONNX Runtime does not run are left out")


if __name__ == "__main__":
    main()
