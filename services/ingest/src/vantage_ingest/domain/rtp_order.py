"""Puts the packets of one source back into order where they come by UDP: a buffer bounded by packets and by time."""

from collections.abc import Sequence

from vantage_ingest.domain.rtp import MAX_DROPOUT, MAX_MISORDER

MOST = 256
"""Packets that wait for an earlier one; past that the earlier one is given up."""
WAIT_US = 60_000
"""How long they wait: three turns of the loop. What is late by more has mostly been lost."""
_SHORTEST = 12


class ReorderBuffer:
    """Datagrams in, the same in order out, ready for `Depacketizer.feed`. Duplicates and what comes too late go."""

    def __init__(self, most: int = MOST, wait_us: int = WAIT_US) -> None:
        self.late = 0
        """Packets that came twice, or after they had been given up."""
        self._most = most
        self._wait_us = wait_us
        self._source = b""
        self._next = -1
        self._held: dict[int, tuple[int, bytes]] = {}

    def take(self, datagrams: Sequence[bytes], now_us: int) -> tuple[bytes, list[tuple[int, int]]]:
        """The packets that are due, joined, with the [begin, end) of each. Call it each turn while `waiting`, with no
        datagrams as well: time gives up what is missing.
        """
        due: list[bytes] = []
        for packet in datagrams:
            if len(packet) < _SHORTEST:
                due.append(packet)
            else:
                self._place(packet, now_us, due)
        self._expire(now_us, due)
        spans, at = [], 0
        for packet in due:
            spans.append((at, at + len(packet)))
            at += len(packet)
        return b"".join(due), spans

    @property
    def waiting(self) -> bool:
        """Whether packets wait for an earlier one."""
        return bool(self._held)

    def _place(self, packet: bytes, now_us: int, due: list[bytes]) -> None:
        sequence = packet[2] << 8 | packet[3]
        ahead = sequence - self._next & 0xFFFF
        if packet[8:12] != self._source or MAX_DROPOUT <= ahead < 0x10000 - MAX_MISORDER:
            self._release(due)
            self._source, self._next, ahead = packet[8:12], sequence, 0
        if ahead >= MAX_DROPOUT or sequence in self._held:
            self.late += 1
        elif ahead:
            self._held[sequence] = (now_us, packet)
            if len(self._held) > self._most:
                self._skip(due)
        else:
            due.append(packet)
            self._next = sequence + 1 & 0xFFFF
            self._follow(due)

    def _follow(self, due: list[bytes]) -> None:
        """What waited for just this."""
        while self._held and (held := self._held.pop(self._next, None)) is not None:
            due.append(held[1])
            self._next = self._next + 1 & 0xFFFF

    def _skip(self, due: list[bytes]) -> None:
        """Give up what is missing before the first that waits."""
        self._next = min(self._held, key=lambda sequence: sequence - self._next & 0xFFFF)
        self._follow(due)

    def _expire(self, now_us: int, due: list[bytes]) -> None:
        while self._held and now_us - min(at for at, _ in self._held.values()) >= self._wait_us:
            self._skip(due)

    def _release(self, due: list[bytes]) -> None:
        while self._held:
            self._skip(due)
