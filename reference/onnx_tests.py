"""ONNX's own backend tests as folders: DIR/KIND/NAME/{model.onnx,test_data_set_0/{input,output}_N.pb}.

    python reference/onnx_tests.py --out target/onnx-tests

The tests of single operators come out of the package `onnx`, which holds them as code; the others it holds as files.
rightly reads operator sets 7 to 24, so

- a test that the package stamps with a newer set is stamped 24 where its model is valid there: for most operators the
  newer set only adds element types;
- the tests that PyTorch exported (set 6) are brought to several newer sets by onnx.version_converter. Their expected
  values stay, so every old form of an operator is held against its new one.
"""

import argparse
import shutil
from pathlib import Path

import onnx
from onnx import numpy_helper, version_converter
from onnx.backend.test import cmd_tools
from onnx.backend.test.loader import DATA_DIR, load_model_tests
from onnx.backend.test.runner import Runner

NEWEST = 24
CONVERTED = [7, 9, 11, 13, 18, 21, 24]


def standard(model):
    return next((entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")), None)


def restamp(folder):
    """Stamps tests of operator sets beyond the newest with the newest, where that is valid."""
    for path in sorted(folder.glob("*/model.onnx")):
        model = onnx.load(path)
        entry = standard(model)
        if entry is None or entry.version <= NEWEST:
            continue
        entry.version = NEWEST
        try:
            onnx.checker.check_model(model, full_check=True)
        except Exception:
            continue
        onnx.save(model, path)


def convert(source, target):
    """A test's model at several operator sets; sets that the converter can't reach are left out."""
    model = onnx.load(source / "model.onnx")
    for version in CONVERTED:
        try:
            converted = version_converter.convert_version(model, version)
            onnx.checker.check_model(converted, full_check=True)
        except Exception:
            continue
        folder = target / f"{source.name}.opset{version}"
        shutil.copytree(source, folder)
        onnx.save(converted, folder / "model.onnx")


def light(target):
    """Whole networks with constant weights; their input counts up from 0 to 1."""
    for path in sorted((Path(DATA_DIR) / "light").glob("*.onnx")):
        model = onnx.load(path)
        weights = {tensor.name for tensor in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in weights]
        data = target / path.stem / "test_data_set_0"
        data.mkdir(parents=True)
        shutil.copy(path, data.parent / "model.onnx")
        for place, value in enumerate(inputs):
            image = Runner.generate_dummy_data(value)
            (data / f"input_{place}.pb").write_bytes(numpy_helper.from_array(image).SerializeToString())
        shutil.copy(path.with_name(f"{path.stem}_output_0.pb"), data / "output_0.pb")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    if out.exists():
        shutil.rmtree(out)
    cmd_tools.model_test.collect_testcases = lambda: load_model_tests(kind="node")
    cmd_tools.generate_data(argparse.Namespace(output=str(out)))
    for kind in ["simple", "pytorch-converted", "pytorch-operator"]:
        for source in sorted(path for path in (Path(DATA_DIR) / kind).iterdir() if path.is_dir()):
            if standard(onnx.load(source / "model.onnx")).version < 9:
                convert(source, out / kind)
            else:
                shutil.copytree(source, out / kind / source.name)
    light(out / "light")
    restamp(out / "node")


if __name__ == "__main__":
    main()
