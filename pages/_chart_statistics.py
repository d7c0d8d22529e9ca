"""The statistics of the charts: confidence intervals, quantiles and boxes from counted values."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
WHISKER_REACH = 1.5
"""How far Tukey's whiskers reach beyond the box, in heights of the box."""

Counts = Sequence[tuple[float, int]]
"""(value, rows) in rising order of the values."""


def wilson_interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Wilson score interval for a share: (lower, upper) bound between 0 and 1; (0, 1) without trials.

    Holds for tiny groups and for shares of 0 and 1, where the usual p ± z·sqrt(p(1-p)/n) does not.
    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.

    >>> [round(bound, 4) for bound in wilson_interval(81, 263)]
    [0.2553, 0.3662]
    """
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = successes / trials, z * z / trials
    middle = (share + weight / 2) / (1 + weight)
    reach = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if successes == 0 else middle - reach  # exactly, whatever rounding does
    high = 1.0 if successes == trials else middle + reach
    return low, high


def quantile(counts: Counts, q: float, bins: Sequence[float] | None = None) -> float | None:
    """The q-quantile of counted values, None without any.

    Between two values it lies where `pandas.Series.quantile` puts it. With `bins`, their lower bounds, each
    value is the mean of such a bin; the quantile is then known to its bin only, and is placed in it as if
    the bin's values were evenly spread.
    """
    total = sum(rows for _, rows in counts)
    if not total:
        return None
    if bins is not None:
        return _inside_its_bin(counts, q * total, bins)
    rank = q * (total - 1)
    low, high = _value_at(counts, math.floor(rank)), _value_at(counts, math.ceil(rank))
    return low + (high - low) * (rank - math.floor(rank))


def _value_at(counts: Counts, rank: int) -> float:
    """The value with this many others before it."""
    before = 0
    for value, rows in counts:
        before += rows
        if rank < before:
            return value
    return counts[-1][0]


def _inside_its_bin(counts: Counts, wanted: float, bins: Sequence[float]) -> float:
    before = 0
    for value, rows in counts:
        if wanted <= before + rows:
            place = bisect_right(bins, value)
            low = bins[place - 1]
            high = bins[place] if place < len(bins) else 2 * value - low
            return low + (high - low) * (wanted - before) / rows
        before += rows
    return counts[-1][0]


@dataclass(frozen=True)
class Box:
    """Tukey's box: quartiles, the whiskers' ends, and the values beyond them with their rows.

    `lowest_positive` is where the lower whisker ends on a logarithmic axis.
    """

    q1: float
    median: float
    q3: float
    low: float
    high: float
    lowest_positive: float
    rows: int
    outliers: tuple[tuple[float, int], ...]


def box_of(counts: Counts, bins: Sequence[float] | None = None) -> Box | None:
    """The box of counted values, None without any; whiskers end at the last value within 1.5 boxes."""
    q1, median, q3 = (quantile(counts, q, bins) for q in (0.25, 0.5, 0.75))
    if q1 is None or median is None or q3 is None:
        return None
    reach = WHISKER_REACH * (q3 - q1)
    inside = [value for value, _ in counts if q1 - reach <= value <= q3 + reach]
    outside = tuple((value, rows) for value, rows in counts if not q1 - reach <= value <= q3 + reach)
    low, high = (min(inside[0], q1), max(inside[-1], q3)) if inside else (q1, q3)
    positive = next((value for value in inside if value > 0), q1)
    return Box(q1, median, q3, low, high, min(positive, q1), sum(rows for _, rows in counts), outside)
