"""What the engine remembers of a camera: small, versioned, and written only when it changes.

`CameraState.seen` alone is newer in memory than what is stored: judging a frame again that changed nothing changes
nothing again, so it needs no writing of its own (see `docs/design/alerts.md`).
"""

import msgspec

from vantage.contracts import Finding

VERSION = 1


class OpenAlert(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alert that the rule still sees. `last` is its last finding: all that is needed to say the next one, whatever
    has become of the rule; `clear_since` is the first frame since which the condition has not been met.
    """

    last: Finding
    clear_since: int | None = None


class RuleState(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule at one camera. `since` and `latest` are the first and the latest frame of an unbroken time in which the
    condition is met and no alert is open yet; before `quiet_until` none is opened. All are capture times.
    """

    version: int
    since: int | None = None
    latest: int = 0
    open: OpenAlert | None = None
    quiet_until: int = 0


class CameraState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All rules at one camera. `seen` is the capture time of the latest frame that was judged; `unsaid` are findings
    that are decided and perhaps not yet delivered: whoever loads the state delivers them before anything else.
    """

    epoch: int = 0
    seen: int = 0
    rules: dict[str, RuleState] = {}
    unsaid: tuple[Finding, ...] = ()

    def differs(self, other: "CameraState") -> bool:
        """Whether there is anything to write, `seen` apart."""
        return (self.epoch, self.rules, self.unsaid) != (other.epoch, other.rules, other.unsaid)


class _Stored(msgspec.Struct, frozen=True):
    version: int
    state: msgspec.Raw


class UnknownState(ValueError):
    """The stored state cannot be read by this release."""


def encode_state(state: CameraState) -> bytes:
    """The state as stored: JSON in an envelope that names its version."""
    return msgspec.json.encode(_Stored(VERSION, msgspec.Raw(msgspec.json.encode(state))))


def decode_state(data: bytes | None) -> CameraState:
    """The state from its stored form; nothing stored is a camera that was never judged.

    Raises UnknownState where another release has written it in a way that this one does not know.
    """
    if data is None:
        return CameraState()
    try:
        stored = msgspec.json.decode(data, type=_Stored)
        if stored.version == VERSION:
            return msgspec.json.decode(stored.state, type=CameraState)
    except msgspec.DecodeError as error:
        msg = f"the stored state {data[:80]!r} cannot be read: {error}"
        raise UnknownState(msg) from error
    msg = (
        f"the stored state has version {stored.version}, this release knows {VERSION}: deploy the release that wrote it"
    )
    raise UnknownState(msg)
