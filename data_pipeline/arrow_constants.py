"""Constants for Arrow's compute functions, made without pandas.

`pyarrow.scalar`, `pyarrow.array` and every Python number given to a compute function import pandas (0.2 to
0.4 s, most of a small build). Scalars taken out of arrays that are made from bytes do not.
"""

from __future__ import annotations

import struct
from functools import lru_cache

import pyarrow as pa


@lru_cache(maxsize=256, typed=True)  # typed, or True, 1 and 1.0 would be one entry
def constant(value: bool | int | float | str) -> pa.Scalar:
    """The value as an Arrow scalar of type bool, int64, float64 or string."""
    if isinstance(value, bool):
        return _first(pa.bool_(), struct.pack("?", value))
    if isinstance(value, int):
        return _first(pa.int64(), struct.pack("=q", value))
    if isinstance(value, float):
        return _first(pa.float64(), struct.pack("=d", value))
    text = value.encode()
    return _first(pa.string(), struct.pack("=ii", 0, len(text)), text)


def unknown(kind: pa.DataType) -> pa.Scalar:
    """Null of this type."""
    return pa.nulls(1, kind)[0]


def _first(kind: pa.DataType, *buffers: bytes) -> pa.Scalar:
    return pa.Array.from_buffers(kind, 1, [None, *map(pa.py_buffer, buffers)])[0]
