"""Reading the bits of a parameter set: fixed fields and Exp-Golomb codes (ITU-T H.264, 7.2 and 9.1)."""


class Truncated(ValueError):
    """The unit ends before its fields do, or one of them says what no encoder may: then it cannot be read on."""


LARGEST = 16_384
"""Pixels of a picture's side: the most at any level of both standards (H.265, A.4.1)."""
_LONGEST = 4096
"""Bytes of a unit that are read: what is asked for stands in its first hundreds, and the rest may be megabytes."""


class Bits:
    """The payload of one NAL unit from its `header` bytes on, without the emulation-prevention bytes."""

    def __init__(self, nal: bytes, header: int) -> None:
        data = nal[header:_LONGEST].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next `count` bits as a number. Raises Truncated."""
        if count > self._left:
            msg = f"a parameter set ends {count - self._left} bits early"
            raise Truncated(msg)
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def skip(self, count: int) -> None:
        """Pass over `count` bits. Raises Truncated."""
        self.take(count)

    def flag(self) -> bool:
        """The next bit."""
        return self.take(1) == 1

    def ue(self) -> int:
        """The next unsigned Exp-Golomb code. Raises Truncated, past 32 bits as well."""
        zeros = 0
        while not self.flag():
            zeros += 1
        if zeros > 32:
            msg = f"a parameter set holds a code of {zeros} bits"
            raise Truncated(msg)
        return (1 << zeros) - 1 + self.take(zeros)

    def most(self, limit: int) -> int:
        """The next unsigned code, which is at most `limit`. Raises Truncated."""
        value = self.ue()
        if value > limit:
            msg = f"a parameter set says {value} where at most {limit} is allowed"
            raise Truncated(msg)
        return value

    def se(self) -> int:
        """The next signed Exp-Golomb code. Raises Truncated."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def sides(width: int, height: int) -> tuple[int, int]:
    """A picture's size, if it can be one. Raises Truncated."""
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        msg = f"a parameter set says a picture of {width} x {height}"
        raise Truncated(msg)
    return width, height
