"""Adds up numbers by group, where a group is a code below a known bound.

Few rows are kept as they come and grouped at the end. Many are poured into flat arrays with a place for
every code: one addition a row, and memory that no longer grows. Not arrays from the start, because touching
45 MB for the first time costs more than the whole build of 891 rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

MANY_ROWS = 100_000


class GroupSums:
    """Rows per code, and the sum per code of each named number."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._waiting: list[tuple[Codes, Mapping[str, Numbers]]] = []
        self._waiting_rows = 0
        self._rows: npt.NDArray[np.int32] | None = None
        self._sums: dict[str, Numbers] = {}

    def add(self, codes: Codes, numbers: Mapping[str, Numbers]) -> None:
        """Count these rows; a name that is missing stands for zeros."""
        self._waiting.append((codes, numbers))
        self._waiting_rows += len(codes)
        if self._waiting_rows > MANY_ROWS or self._rows is not None:
            self._pour()

    def result(self) -> tuple[Codes, npt.NDArray[np.int64], dict[str, Numbers]]:
        """The codes that occur, in order; how many rows each has; the sums of each name."""
        if self._rows is None:
            return self._grouped()
        codes = np.flatnonzero(self._rows)
        return codes, self._rows[codes].astype(np.int64), {n: sums[codes] for n, sums in self._sums.items()}

    def _pour(self) -> None:
        if self._rows is None:
            self._rows = np.zeros(self._bound, np.int32)
        for codes, numbers in self._waiting:
            np.add.at(self._rows, codes, np.int32(1))  # typed: an int would be cast, at 20 times the time
            for name, column in numbers.items():
                if name not in self._sums:
                    self._sums[name] = np.zeros(self._bound)
                np.add.at(self._sums[name], codes, column)
        self._waiting.clear()

    def _grouped(self) -> tuple[Codes, npt.NDArray[np.int64], dict[str, Numbers]]:
        lots = self._waiting or [(np.zeros(0, np.int64), {})]
        codes, group = np.unique(np.concatenate([lot for lot, _ in lots]), return_inverse=True)
        names = sorted({name for _, numbers in lots for name in numbers})
        sums = {
            name: np.bincount(
                group, np.concatenate([n.get(name, np.zeros(len(lot))) for lot, n in lots]), len(codes)
            )
            for name in names
        }
        rows = np.bincount(group, minlength=len(codes)).astype(np.int64)
        return codes, rows, {name: column.astype(np.float64) for name, column in sums.items()}
