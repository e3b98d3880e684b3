"""Exponential backoff with jitter and a cap. Pure: the random source is an argument."""

from random import Random


def backoff_s(failures: int, *, first_s: float, cap_s: float, rng: Random) -> float:
    """Seconds to wait after `failures` failures in a row: 0 after none, then first_s doubling up to cap_s.

    The jitter takes away up to half, so that many bots that lost Discord together do not come back together.
    """
    if failures <= 0:
        return 0.0
    full_s = cap_s if failures > 60 else min(cap_s, first_s * 2.0 ** (failures - 1))
    return full_s * rng.uniform(0.5, 1.0)
