"""Captions and titles whose every figure is computed from the rows that the chart shows."""

from __future__ import annotations

from collections.abc import Sequence

from pages._chart_data import Row
from pages._chart_facets import Facet, Member
from pages._chart_statistics import Box, wilson_interval

SMALL_GROUP = 30
"""Below this many passengers a caption warns that a share says little."""


def member_of(facet: Facet, row: Row) -> Member:
    """The value of the facet that a row of its query speaks of."""
    return facet.by_value(*(row[dimension] for dimension in facet.dimensions))


def share(row: Row) -> float:
    """Survivors per passenger, 0 for nobody."""
    return row["survivors"] / row["passengers"] if row["passengers"] else 0.0


def percent(value: float) -> str:
    """A share with as many digits as matter: `97%`, `0.3%`."""
    return f"{value:.1%}" if 0 < value < 0.1 else f"{value:.0%}"


def interval(row: Row) -> str:
    """The 95% Wilson interval of the share of survivors, in words."""
    low, high = wilson_interval(row["survivors"], row["passengers"])
    return f"{low:.0%} to {high:.0%}"


def survival_caption(facet: Facet, rows: Sequence[Row]) -> str:
    """The best and the worst group of those with enough passengers, and the small ones."""
    if not rows:
        return "Nobody to show."
    large = [row for row in rows if row["passengers"] >= SMALL_GROUP] or list(rows)
    best, worst = max(large, key=share), min(large, key=share)
    text = f"Highest: {_group(facet, best)}"
    if worst is not best:
        text += f"; lowest: {_group(facet, worst)}"
    text += ". Thin lines are 95% Wilson intervals."
    small = [member_of(facet, row).label for row in rows if row["passengers"] < SMALL_GROUP]
    if small:
        which = "all groups" if len(small) == len(rows) else ", ".join(small)
        text += f" Fewer than {SMALL_GROUP} passengers, so read with care: {which}."
    return text


def _group(facet: Facet, row: Row) -> str:
    return (
        f"{member_of(facet, row).words}, {row['survivors']:,} of {row['passengers']:,} survived "
        f"({percent(share(row))}; {interval(row)})"
    )


def age_caption(facet: Facet, rows: Sequence[Row]) -> str:
    """How many ages are known, the fullest bin, and the youngest bins' survival against the rest."""
    known = [row for row in rows if row["age_bin"] is not None]
    unknown = sum(row["passengers"] for row in rows) - sum(row["passengers"] for row in known)
    if not known:
        return f"No age is known of these {unknown:,} passengers."
    fullest = max(known, key=lambda row: row["passengers"])
    best = max((r for r in known if r["passengers"] >= SMALL_GROUP), key=share, default=fullest)
    text = (
        f"Most are {member_of(facet, fullest).words}: {fullest['passengers']:,} passengers. "
        f"Highest survival: {member_of(facet, best).words}, {percent(share(best))} "
        f"of {best['passengers']:,}."
    )
    if unknown:
        lost = sum(row["survivors"] for row in rows if row["age_bin"] is None)
        text += f" Of {unknown:,} the age is unknown; {percent(lost / unknown)} of them survived."
    return text


def fare_caption(boxes: dict[int, Box], free: int, unknown: int, is_exact: bool) -> str:
    """The median fare of each class, the highest fare, the tickets that were free or unknown."""
    if not boxes:
        return "No fare is known of these passengers."
    about = "" if is_exact else "about "
    medians = ", ".join(f"£{box.median:,.2f} in class {number}" for number, box in boxes.items())
    highest = max(max([box.high, *(value for value, _ in box.outliers)]) for box in boxes.values())
    beyond = sum(rows for box in boxes.values() for _, rows in box.outliers)
    text = (
        f"Median: {about}{medians}. Boxes hold the middle half, whiskers reach 1.5 boxes; "
        f"{beyond:,} passengers lie beyond, the highest at {about}£{highest:,.2f}. "
        "A fare is the price of a whole ticket, which may cover several people."
    )
    if free:
        text += f" {free:,} paid nothing, which a logarithmic axis cannot show."
    return text + (f" Of {unknown:,} the fare is unknown." if unknown else "")


def unknown_caption(unknown: dict[str, int], passengers: int) -> str:
    """The columns with most unknown values, and those that are complete."""
    worst = [(name, count) for name, count in sorted(unknown.items(), key=lambda item: -item[1]) if count]
    if not worst:
        return f"Nothing is unknown of these {passengers:,} passengers."
    listed = ", ".join(f"{name} of {count:,} ({percent(count / passengers)})" for name, count in worst)
    return f"Unknown: {listed}, out of {passengers:,}. All other columns are always known."


def explorer_caption(labels: Sequence[str], values: Sequence[float | None], what: str, unit: str) -> str:
    """The largest and the smallest value of the explorer's chart."""
    known = [(value, label) for value, label in zip(values, labels, strict=True) if value is not None]
    if not known:
        return f"No {what} can be computed for these passengers."
    top, bottom = max(known), min(known)
    text = f"Largest {what}: {_with_unit(top[0], unit)} ({top[1]})"
    return text + (f"; smallest: {_with_unit(bottom[0], unit)} ({bottom[1]})." if len(known) > 1 else ".")


def _with_unit(value: float, unit: str) -> str:
    match unit:
        case "%":
            return percent(value)
        case "£":
            return f"£{value:,.2f}"
        case "years":
            return f"{value:.1f} years"
    return f"{value:,.0f} {unit}".rstrip()
