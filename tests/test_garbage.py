"""Full garbage collections: what stays is put aside, and looked at again in time."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from pages._garbage import GarbageWatch

WEEK_S = 7 * 24 * 3600.0


class Knot:
    """An object in a cycle, which only the collector can free."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    """The collector as Python starts with it."""
    callbacks = list(gc.callbacks)
    gc.unfreeze()
    yield
    gc.callbacks[:] = callbacks
    gc.unfreeze()


def test_what_survives_a_long_collection_is_put_aside() -> None:
    """After a full collection that took too long, the next ones do not look at the same objects again."""
    gc.callbacks.append(GarbageWatch(long_s=0.0, pause_s=WEEK_S))
    gc.collect()
    aside = gc.get_freeze_count()
    assert aside > 10_000
    assert len(gc.get_objects()) < aside


def test_a_short_collection_puts_nothing_aside() -> None:
    """Where collections are short anyway, nothing is withdrawn from them."""
    gc.callbacks.append(GarbageWatch(long_s=WEEK_S, pause_s=0.0))
    gc.collect()
    assert gc.get_freeze_count() == 0


def test_what_died_while_it_was_aside_goes_in_the_end() -> None:
    """Everything is looked at again after a while, so that put aside does not mean kept for ever."""
    knot = Knot()
    alive = weakref.ref(knot)
    gc.callbacks.append(GarbageWatch(long_s=0.0, pause_s=WEEK_S))
    gc.collect()
    del knot
    gc.collect()
    assert alive() is not None
    gc.callbacks[-1] = GarbageWatch(long_s=WEEK_S, pause_s=WEEK_S, again_s=0.0)
    gc.collect()
    assert alive() is None
