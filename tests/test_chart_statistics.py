"""The statistics behind the charts, against values from the literature and from pandas."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from pages._chart_statistics import box_of, quantile, wilson_interval

NEWCOMBE_1998 = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]
"""Method 3 (score without continuity correction) in table I of R. G. Newcombe, Statistics in Medicine 17."""
SERIES = [[7.25], [1, 2], [0, 0, 0, 5], [3, 1, 4, 1, 5, 9, 2, 6], [8.05] * 7 + [512.3292, 0]]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), NEWCOMBE_1998)
def test_wilson_intervals_are_those_of_the_literature(
    successes: int, trials: int, low: float, high: float
) -> None:
    """The interval equals published values to four digits."""
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_wilson_intervals_stay_sensible_at_the_ends() -> None:
    """Nobody, everybody, and no trial at all give bounds between 0 and 1 that hold the share."""
    assert wilson_interval(0, 0) == (0, 1)
    for trials in (1, 2, 10, 10_000_000):
        assert wilson_interval(0, trials)[0] == 0
        assert wilson_interval(trials, trials)[1] == pytest.approx(1)
        for successes in (0, trials // 2, trials):
            low, high = wilson_interval(successes, trials)
            assert 0 <= low <= successes / trials <= high + 1e-12 <= 1 + 1e-9


@pytest.mark.parametrize("values", SERIES, ids=str)
@pytest.mark.parametrize("q", [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])
def test_quantiles_of_counted_values_are_those_of_pandas(values: list[float], q: float) -> None:
    """Counting equal values first changes nothing."""
    counts = sorted(Counter(values).items())
    assert quantile(counts, q) == pytest.approx(float(pd.Series(values).quantile(q)))


def test_quantiles_of_bins_lie_inside_the_right_bin() -> None:
    """From wide bins a quantile of evenly spread values comes out where it is, and never in another bin."""
    values = pd.Series(range(1000))
    bins = values.groupby(values // 50).agg(["mean", "count"])
    counts = [(float(row["mean"]), int(row["count"])) for _, row in bins.iterrows()]
    for q in (0.1, 0.25, 0.5, 0.9):
        assert quantile(counts, q, range(0, 1000, 50)) == pytest.approx(values.quantile(q), abs=1)
    assert 5 <= (quantile([(5.0, 3)], 0.5, [0, 5, 10]) or 0) < 10
    assert quantile([(12.0, 2)], 0.5, [0, 10]) == 12  # the last bin is open; its mean is its middle
    assert quantile([], 0.5) is None


def test_boxes_are_tukeys() -> None:
    """Whiskers end at values that exist, outliers keep their counts, and zero is no end on a log axis."""
    box = box_of([(0, 1), (7, 5), (8, 20), (9, 10), (30, 2), (500, 1)])
    assert box is not None
    assert (box.q1, box.median, box.q3) == (8, 8, 9)
    assert (box.low, box.high, box.lowest_positive, box.rows) == (7, 9, 7, 39)
    assert box.outliers == ((0, 1), (30, 2), (500, 1))
    assert box_of([]) is None
