#!/usr/bin/env python3
"""Parquet tables as pyarrow and Hugging Face's `datasets` write them, with the text of every cell.

`tables/kinds.parquet` has a column of every kind that a table of images may carry; `tables.json` has its cells as Python
writes them (`str`), `null` where they are missing. `tables/hf/*.parquet` have the layout of `datasets`' own files: a struct
of bytes and path, class numbers, and the names of the classes in the metadata key `huggingface`.

    python tables.py        # made with pyarrow 26.0.1, Pillow 13.0.0
"""

import datetime
import decimal
import io
import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = pathlib.Path(__file__).parent
OUT = HERE / "tables"


def kinds():
    utc = datetime.timezone.utc
    dates = [datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31), datetime.date(1, 1, 1)]
    moments = [
        datetime.datetime(2024, 2, 29, 13, 5, 0, 250000),
        None,
        datetime.datetime(1969, 12, 31, 23, 59, 59),
        datetime.datetime(2262, 4, 11, 0, 0, 0),
    ]
    aware = [moment and moment.replace(tzinfo=utc) for moment in moments]
    times = [datetime.time(13, 5, 0, 250000), None, datetime.time(0, 0), datetime.time(23, 59, 59)]
    decimals = [decimal.Decimal(text) if text else None for text in ["12.50", None, "-0.01", "99999.99"]]
    halves = [np.float16(value) if value is not None else None for value in [0.5, None, -2.25, 65504]]
    words = ["day", None, "night", "day"]
    columns = {
        "image": pa.array(["a.jpg", "b.jpg", "c.jpg", "d.jpg"], pa.large_string()),
        "class": pa.array(["x", "y", "x", "y"]).dictionary_encode(),
        "date32": pa.array(dates, pa.date32()),
        "date64": pa.array(dates, pa.date64()),
        "second": pa.array([m and m.replace(microsecond=0) for m in moments], pa.timestamp("s")),
        "milli": pa.array(moments, pa.timestamp("ms")),
        "micro": pa.array(moments, pa.timestamp("us")),
        "nano": pa.array(moments, pa.timestamp("ns")),
        "zoned": pa.array(aware, pa.timestamp("us", "Europe/Berlin")),
        "time32": pa.array([t and t.replace(microsecond=0) for t in times], pa.time32("s")),
        "time64": pa.array(times, pa.time64("us")),
        "decimal128": pa.array(decimals, pa.decimal128(7, 2)),
        "decimal256": pa.array(decimals, pa.decimal256(40, 2)),
        "half": pa.array(halves, pa.float16()),
        "float": pa.array([0.1, None, -2.5, 3.0], pa.float32()),
        "double": pa.array([0.1, None, -2.5, 1e300], pa.float64()),
        "int8": pa.array([-128, None, 0, 127], pa.int8()),
        "uint64": pa.array([0, None, 2**53 + 1, 2**64 - 1], pa.uint64()),
        "bool": pa.array([True, None, False, True]),
        "large": pa.array(words, pa.large_string()),
        "view": pa.array(words, pa.string_view()),
        "category": pa.array(words).dictionary_encode(),
        "ordered": pa.DictionaryArray.from_arrays(
            pa.array([1, None, 0, 1], pa.int8()), pa.array([10, 20], pa.int64()), ordered=True
        ),
        "empty": pa.array([None] * 4, pa.null()),
        "struct": pa.array([{"x": 1, "y": 2}] * 4),
        "list": pa.array([[1, 2], [], None, [3]]),
        "bytes": pa.array([b"a", None, b"c", b"d"]),
    }
    pq.write_table(pa.table(columns), OUT / "kinds.parquet", row_group_size=3)
    text = {}
    for name, array in columns.items():
        if name not in ("struct", "list", "bytes"):
            text[name] = [cell(value) for value in values(array)]
    return text


def values(array):
    if pa.types.is_timestamp(array.type) and array.type.tz is None and array.type.unit == "ns":
        array = array.cast(pa.timestamp("us"))
    return [value.as_py() for value in array]


def cell(value):
    """As Python writes it; moments with a zone in UTC, with a Z."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return str(value.astimezone(datetime.timezone.utc).replace(tzinfo=None)) + "Z"
    return str(value)


def png(red):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6), (red, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def hugging_face():
    features = {
        "image": {"_type": "Image"},
        "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
        "weather": {"names": ["dry", "wet"], "_type": "ClassLabel"},
        "score": {"dtype": "float16", "_type": "Value"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    fields = [
        pa.field("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        pa.field("label", pa.int64()),
        pa.field("weather", pa.int64()),
        pa.field("score", pa.float16()),
    ]
    schema = pa.schema(fields, metadata=metadata)
    (OUT / "hf").mkdir(parents=True, exist_ok=True)
    red = 0
    for name, paths, labels in [
        ("train-00000-of-00002", ["a.png", "b.png", "c.png"], [0, 1, 0]),
        ("train-00001-of-00002", ["d.png", "e.png"], [1, 1]),
        ("test-00000-of-00001", ["f.png", "g.png", "h.png"], [1, -1, 0]),
    ]:
        images = []
        for path in paths:
            images.append({"bytes": png(red), "path": path})
            red += 10
        scores = [np.float16(0.5) for _ in paths]
        columns = [images, labels, [label if label >= 0 else None for label in labels], scores]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, fields)]
        pq.write_table(pa.table(arrays, schema=schema), OUT / "hf" / f"{name}.parquet", row_group_size=2)


def varint(number, length=0):
    """A positive number as Thrift's compact protocol has it, drawn out to a length."""
    number, out = number * 2, []
    while number or len(out) < max(length, 1):
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out[-1] &= 0x7F
    return bytes(out)


def bombs():
    """Files of some kilobytes whose columns take gigabytes."""
    long = "x" * 2**20
    # One text of a megabyte in each of 6,000 rows: 12 GB.
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 6000, pa.int32()), pa.array([long]))
    settings = {"compression": "zstd", "store_schema": False, "dictionary_pagesize_limit": 2**22}
    pq.write_table(pa.table({"image": text, "class": text}), OUT / "bomb.parquet", **settings)
    # The same, and then texts that stand in no dictionary.
    settings["dictionary_pagesize_limit"] = 2**20 + 100
    few = [pa.array([long] * 64)] * 96
    words = pa.chunked_array(few + [pa.array([f"{i}" for i in range(2048)])])
    pq.write_table(pa.table({"image": words, "class": words}), OUT / "bomb-mixed.parquet", row_group_size=2**20, **settings)
    # Texts that are told by what they share with the one before.
    delta = {"compression": "zstd", "store_schema": False, "use_dictionary": False, "compression_level": 19}
    same = pa.chunked_array(few)
    ways = {"image": "DELTA_BYTE_ARRAY", "class": "DELTA_BYTE_ARRAY"}
    pq.write_table(pa.table({"image": same, "class": same}), OUT / "bomb-delta.parquet", column_encoding=ways, **delta)
    # A page of 300 MB, and a footer that says 100 bytes.
    big = pa.array(["x" * (300 << 20)])
    pq.write_table(pa.table({"image": big, "class": ["a"]}), OUT / "bomb-page.parquet", **delta)
    metadata = pq.read_metadata(OUT / "bomb-page.parquet").row_group(0).column(0)
    stated = varint(metadata.total_uncompressed_size)
    whole = (OUT / "bomb-page.parquet").read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    assert whole[footer:].count(stated) == 1
    lying = whole[footer:].replace(stated, varint(100, len(stated)))
    (OUT / "bomb-lying.parquet").write_bytes(whole[:footer] + lying)
    assert pq.read_metadata(OUT / "bomb-lying.parquet").row_group(0).column(0).total_uncompressed_size == 100
    # The same in gzip and Brotli, whose page says 100 bytes.
    for codec in ["gzip", "brotli"]:
        delta = {"compression": codec, "store_schema": False, "use_dictionary": False, "write_statistics": False}
        pq.write_table(pa.table({"image": big, "class": ["a"]}), OUT / "bomb-page.tmp", **delta)
        metadata = pq.read_metadata(OUT / "bomb-page.tmp").row_group(0).column(0)
        # A page's header begins with its kind and its size.
        header, whole = metadata.data_page_offset, (OUT / "bomb-page.tmp").read_bytes()
        assert whole[header : header + 3] == bytes([0x15, 0x00, 0x15])
        size = next(i for i in range(header + 3, header + 9) if whole[i] < 0x80) + 1 - (header + 3)
        lying = whole[: header + 3] + varint(100, size) + whole[header + 3 + size :]
        (OUT / f"bomb-{codec}.parquet").write_bytes(lying)
        (OUT / "bomb-page.tmp").unlink()
    # Seventy million zeros in the list of one row.
    zeros = pa.array([np.zeros(70_000_000, np.float32)])
    settings = {"compression": "zstd", "store_schema": False, "data_page_size": 2**30}
    pq.write_table(pa.table({"image": ["a"], "vector": zeros}), OUT / "bomb-list.parquet", **settings)


def main():
    OUT.mkdir(exist_ok=True)
    bombs()
    golden = {"made with": {"pyarrow": pa.__version__}, "cells": kinds()}
    hugging_face()
    (HERE / "tables.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
