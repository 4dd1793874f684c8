"""Reading the bits of a parameter set: fixed fields and Exp-Golomb codes (ITU-T H.264, 7.2 and 9.1)."""


class Truncated(ValueError):
    """The unit ends before its fields do."""


class Bits:
    """The payload of one NAL unit from its `header` bytes on, without the emulation-prevention bytes."""

    def __init__(self, nal: bytes, header: int) -> None:
        data = nal[header:].replace(b"\x00\x00\x03", b"\x00\x00")
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
        """The next unsigned Exp-Golomb code. Raises Truncated."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        """The next signed Exp-Golomb code. Raises Truncated."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)
