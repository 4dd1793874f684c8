"""How long a copy that is kept for a hold is locked.

A lock (COMPLIANCE) can be made longer and never shorter, by nobody. So it is short and follows the clock: a term from
now, made longer while the hold stands, never beyond the hold's end. Nobody can delete what is held within the term, and
what is released goes a term later at the latest.
"""

_RENEWALS = 7


def lock_until_us(ends_us: int, now_us: int, term_us: int) -> int:
    """Until when a copy is locked now: a term, and no longer than the hold."""
    return min(ends_us, now_us + term_us)


def is_lock_due(locked_until_us: int, ends_us: int, now_us: int, term_us: int) -> bool:
    """Whether a lock is to be made longer: once a seventh of the term is used up, until it reaches the hold's end."""
    return locked_until_us < ends_us and locked_until_us < renew_below_us(now_us, term_us)


def renew_below_us(now_us: int, term_us: int) -> int:
    """A lock that ends before this is made longer."""
    return now_us + term_us - term_us // _RENEWALS
