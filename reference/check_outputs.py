#!/usr/bin/env python3
"""Opens every file that rightly wrote into some folders with readers that are not rightly's.

    python reference/check_outputs.py RUN DEMO TRAINING ...

- Parquet: pyarrow, DuckDB and polars, each with its default settings, have to agree on rows, column names and values;
  ids are text.
- JSON: no duplicate keys, no NaN; the promised files against the schemas of docs/schemas, and their rows against each
  other. TOML: tomllib. CSV: rows of equal length below a header of different names.
- HTML: html5lib without one error, and what a parser does not see (`check_html.py`).
- ONNX: the checker of the package onnx (`check_onnx.py`). Pictures: Pillow.

Prints what is wrong with which file, and exits with 1 where anything is.
"""

import argparse
import collections
import csv
import json
import math
import pathlib
import sys
import tomllib
import warnings

import duckdb
import jsonschema
import polars
import pyarrow
import pyarrow.parquet
import referencing
from PIL import Image

import check_onnx
from check_html import html_problems

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "docs" / "schemas"
PROBLEMS_HEADER = ["image", "stage", "problem", "what was done"]
IDS = ("id", "image")


def parquet_problems(path):
    table = pyarrow.parquet.read_table(path)
    by_polars = polars.read_parquet(path)
    relation = duckdb.sql(f"select * from '{sql(path)}'")
    by_duckdb = relation.fetchall()
    if not len(by_duckdb) == by_polars.height == table.num_rows:
        yield f"{table.num_rows} rows by pyarrow, {len(by_duckdb)} by DuckDB, {by_polars.height} by polars"
        return
    if not table.column_names == by_polars.columns == list(relation.columns):
        yield f"columns {table.column_names} by pyarrow, {relation.columns} by DuckDB, {by_polars.columns} by polars"
        return
    for at, name in enumerate(table.column_names):
        values = table.column(name).to_pylist()
        if not same(values, by_polars.get_column(name).to_list()):
            yield f"column '{name}': other values by polars than by pyarrow"
        if not same(values, [row[at] for row in by_duckdb]):
            yield f"column '{name}': other values by DuckDB than by pyarrow"
    for name in set(IDS) & set(table.column_names):
        kind = table.schema.field(name).type
        if not (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
            yield f"column '{name}' is {kind}, and ids are text"
        if table.column(name).null_count:
            yield f"column '{name}' lacks {table.column(name).null_count} ids"


def sql(path):
    return str(path).replace("'", "''")


def same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isnan(one) and math.isnan(other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def read_json(path):
    def keys_once(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        twice = [key for key, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"the key '{twice[0]}' stands there twice")
        return dict(pairs)

    def no_number(text):
        raise ValueError(f"{text} is no JSON")

    return json.loads(
        path.read_text(encoding="utf-8"), object_pairs_hook=keys_once, parse_constant=no_number
    )


def schemas():
    contents = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    for schema in contents.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    resources = [(name, referencing.Resource.from_contents(s)) for name, s in contents.items()]
    registry = referencing.Registry().with_resources(resources)
    return {name: jsonschema.Draft202012Validator(s, registry=registry) for name, s in contents.items()}


def json_problems(path, validators):
    content = read_json(path)
    validator = validators.get(path.name)
    if validator is None or path.parent.name.startswith("."):
        return
    errors = list(validator.iter_errors(content))
    for error in errors[:5]:
        yield f"{error.json_path}: {error.message[:300]}"
    if errors:
        return
    if path.name == "metrics.json":
        yield from figure_problems(content)
    if path.name == "findings.json":
        yield from finding_problems(content, path.parent)
    if path.name == "verdict.json":
        yield from verdict_problems(content, path.parent)


def figure_problems(rows):
    for row in rows:
        low, value, high = row["low"], row["value"], row["high"]
        if None not in (low, value, high) and not low - 1e-9 <= value <= high + 1e-9:
            yield f"{name_of(row)}: {value} lies outside its interval [{low}, {high}]"
        if (low is None) != (high is None):
            yield f"{name_of(row)}: one bound of two"
    names = collections.Counter(name_of(row) for row in rows)
    yield from (f"{name}: {count} rows" for name, count in names.items() if count > 1)


def name_of(row):
    return tuple(row[key] for key in ("stage", "metric", "condition", "class", "group"))


def finding_problems(findings, run):
    figures = [json.dumps(row, sort_keys=True) for row in read_json(run / "metrics.json")]
    figures = set(figures)
    samples = run / "samples.parquet"
    known = set(pyarrow.parquet.read_table(samples, columns=["id"]).column("id").to_pylist()) if samples.exists() else None
    for finding in findings:
        title = finding["title"]
        if missing := sum(json.dumps(row, sort_keys=True) not in figures for row in finding["evidence"]):
            yield f"'{title}': {missing} rows of its evidence are not in metrics.json"
        strangers = [] if known is None else [i for i in finding["images"] if i not in known]
        if strangers:
            yield f"'{title}': its image '{strangers[0]}' is not in samples.parquet"
    if [f["kind"] == "data-problem" for f in findings] != sorted((f["kind"] == "data-problem" for f in findings), reverse=True):
        yield "a data-problem stands behind other findings"


def verdict_problems(verdict, run):
    """Each finding is one cause, or explained by one; the headline figures are those of metrics.json."""
    findings = read_json(run / "findings.json")
    causes = [cause for kind in verdict["findings"].values() for cause in kind]
    places = sorted(place for cause in causes for place in [cause["finding"], *cause["explains"]])
    if places != list(range(len(findings))):
        yield f"its causes are the findings {places}, of {len(findings)}"
        return
    for kind, of_kind in verdict["findings"].items():
        for cause in of_kind:
            own = findings[cause["finding"]]
            if any(cause[key] != own[key] for key in ("kind", "class", "title", "effect", "low", "high", "n")) or cause["kind"] != kind:
                yield f"'{cause['title']}' is not finding {cause['finding']}"
    rows = read_json(run / "metrics.json")
    pooled = {r["condition"]: r for r in rows if r["stage"] == "evaluate" and r["metric"] == "accuracy" and r["class"] == "*"}
    for figure in verdict["figures"]:
        row = pooled.get(figure["condition"])
        if row is None or any(figure[key] != row[key] for key in ("value", "low", "high", "n", "clusters")):
            yield f"'{figure['name']}' is not the accuracy of metrics.json"


def csv_problems(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    if not rows:
        yield "no header"
        return
    header = rows[0]
    if len(set(header)) < len(header) or not all(name.strip() for name in header):
        yield f"the header {header} has empty names, or names twice"
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            yield f"row {number} has {len(row)} cells, the header {len(header)}"
    if path.name == "problems.csv" and header != PROBLEMS_HEADER:
        yield f"the header is {header}, not {PROBLEMS_HEADER}"


def toml_problems(path):
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    if path.name == "run.toml":
        wanted = ("version", "seed", "compare") if "compare" in content else ("version", "seed", "split", "hashes", "inputs", "stages")
        yield from (f"no '{key}'" for key in wanted if key not in content)


def picture_problems(path):
    with Image.open(path) as picture:
        picture.load()
    return ()


def onnx_problems(path):
    check_onnx.check(path, None, True)
    return ()


def checks():
    validators = schemas()
    return {
        ".parquet": parquet_problems,
        ".json": lambda path: json_problems(path, validators),
        ".csv": csv_problems,
        ".toml": toml_problems,
        ".html": html_problems,
        ".onnx": onnx_problems,
        ".png": picture_problems,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path, help="a run, a demo's or a training's folder")
    args = parser.parse_args()
    warnings.simplefilter("error")
    kinds = checks()
    passed, failed, counts = 0, 0, collections.Counter()
    for folder in args.folders:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if not files:
            print(f"{folder}: no files")
            failed += 1
        for path in files:
            check = kinds.get(path.suffix)
            counts[path.suffix if check else "not opened"] += 1
            if check is None:
                continue
            try:
                problems = list(check(path))
            except Exception as error:  # Whatever a reader says is a problem of the file.
                problems = [f"{type(error).__name__}: {error}"]
            for problem in problems:
                print(f"{path}: {problem}")
            failed += bool(problems)
            passed += not problems
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    print(f"outputs: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
