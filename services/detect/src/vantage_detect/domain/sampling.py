"""Which frames of a fragment the camera's rate asks for."""

from collections.abc import Sequence

_LOOKS_A_1000_SECONDS = 1_000
_US_A_1000_SECONDS = 1_000_000_000


def wanted(start_us: int, duration_us: int, after_us: Sequence[int], rate: float) -> list[int]:
    """The indices of the frames to look at, earliest first, for `rate` looks a second.

    How many they are is counted on a grid of UTC, so that fragments of any length come to the rate together; where
    they lie begins at the keyframe, because it is the cheapest to decode: at one look a fragment nothing else is
    decoded. It depends on nothing but the fragment, so a replay looks at the same frames.
    """
    looks = _grid_points(start_us + duration_us, rate) - _grid_points(start_us, rate)
    if looks <= 0 or not after_us:
        return []
    targets = (turn * duration_us / looks for turn in range(looks))
    return sorted({_nearest(after_us, target) for target in targets}, key=lambda index: after_us[index])


def _grid_points(until_us: int, rate: float) -> int:
    """Looks owed since 1970. Whole numbers: a float holds no UTC microseconds times a rate exactly."""
    return until_us * round(rate * _LOOKS_A_1000_SECONDS) // _US_A_1000_SECONDS


def _nearest(after_us: Sequence[int], target: float) -> int:
    return min(range(len(after_us)), key=lambda index: (abs(after_us[index] - target), index))
