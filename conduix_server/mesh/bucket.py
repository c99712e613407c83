"""A token bucket: so many at once, so many a second after that."""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenBucket:
    """`rate` tokens a second flow into a bucket that holds `burst`."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock()
        self._promised_until = self._at

    def take(self) -> float:
        """0 where a token was taken; else seconds after which to come again, later for each who is sent away."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        self._promised_until = max(self._promised_until, now) + 1 / self._rate
        return self._promised_until - now
