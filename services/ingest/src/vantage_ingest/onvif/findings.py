"""What was found out about a camera, and how it is shown: to people, and as an entry for the camera file."""

import json
from collections.abc import Iterator, Sequence

import msgspec

Corner = tuple[float, float]
_CODECS = ("H264", "H265")
_GOOD_OFFSET_S = 1.0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One of the camera's streams. `refused` says why its address may not be opened; a password is not in it."""

    token: str
    name: str
    codec: str
    width: int
    height: int
    frames_per_second: float
    kilobits_per_second: int
    url: str
    refused: str = ""

    @property
    def usable(self) -> bool:
        """Whether ingest can record it."""
        return self.codec in _CODECS and not self.refused


class ToldMask(msgspec.Struct, frozen=True, kw_only=True):
    """A region that the camera blackens: corners as fractions of width and height from the upper left."""

    token: str
    enabled: bool
    polygon: list[Corner]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found out. `masks` is None where the camera cannot say."""

    host: str
    ip: str
    manufacturer: str
    model: str
    firmware: str
    serial: str
    services: list[str]
    clock_offset_seconds: float | None
    profiles: list[Profile]
    masks: list[ToldMask] | None

    @property
    def main(self) -> Profile | None:
        """The stream to record: the largest picture."""
        return max(self._usable, key=lambda one: (one.width * one.height, one.kilobits_per_second), default=None)

    @property
    def sub(self) -> Profile | None:
        """The stream to look at: the smallest picture, where it is smaller than the main one's."""
        smallest = min(self._usable, key=lambda one: (one.width * one.height, one.kilobits_per_second), default=None)
        main = self.main
        if smallest is None or main is None or smallest.width * smallest.height >= main.width * main.height:
            return None
        return smallest

    @property
    def _usable(self) -> list[Profile]:
        return [one for one in self.profiles if one.usable]


def as_json(found: Findings, credential: str | None) -> str:
    """For programs."""
    whole = {**msgspec.to_builtins(found), "entry": entry(found, credential)}
    return json.dumps(whole, indent=2, ensure_ascii=False)


def as_text(found: Findings, credential: str | None) -> str:
    """For people."""
    return "\n".join(
        (*_heading(found), "", *_streams(found.profiles), "", *_masks(found), "", entry(found, credential))
    )


def entry(found: Findings, credential: str | None) -> str:
    """The camera as scheme's camera file has it, without a password; what only people know is left to them."""
    main, sub = found.main, found.sub
    if main is None:
        return "# no entry: none of its streams can be recorded"
    source = [f"url: {_quoted(main.url)}"]
    source += [f"sub_url: {_quoted(sub.url)}"] if sub else []
    source += [f"credential: {credential}"] if credential else []
    lines = [
        "cameras:",
        "  - id: name-it",
        f"    name: {_quoted(f'{found.manufacturer} {found.model} {found.serial}'.strip())}",
        "    source:",
        *(f"      {line}" for line in source),
        "    place: {latitude: 0, longitude: 0}  # where it stands",
    ]
    drawn = [one for one in found.masks or [] if one.enabled and len(one.polygon) >= 3]
    lines += ["    masks:"] if drawn else []
    for number, mask in enumerate(drawn, 1):
        corners = ", ".join(f"[{x:.4g}, {y:.4g}]" for x, y in mask.polygon)
        lines.append(f"      - {{id: mask-{number}, polygon: [{corners}], applied_by: camera}}")
    return "\n".join(lines)


def _heading(found: Findings) -> Iterator[str]:
    yield f"{found.host} ({found.ip}): {found.manufacturer} {found.model}, firmware {found.firmware}, {found.serial}"
    yield f"services: {', '.join(found.services)}"
    offset = found.clock_offset_seconds
    if offset is None:
        yield "clock: it does not tell"
    else:
        advice = "" if abs(offset) <= _GOOD_OFFSET_S else "; set it, best by NTP: recordings carry its time"
        yield f"clock: {offset:+.1f} s from ours{advice}"


def _streams(profiles: Sequence[Profile]) -> Iterator[str]:
    for one in profiles:
        size = f"{one.codec} {one.width}x{one.height}"
        rate = f"{one.frames_per_second:g}/s, {one.kilobits_per_second} kbit/s"
        yield f"stream {one.name!r}: {size}, {rate}"
        yield f"  {one.url}" + (f"  REFUSED: {one.refused}" if one.refused else "")


def _masks(found: Findings) -> Iterator[str]:
    if found.masks is None:
        yield "masks: it cannot say (no Media2 service); look at its picture"
        return
    yield f"masks: {len(found.masks)}"
    for mask in found.masks:
        yield f"  {mask.token}: {'on' if mask.enabled else 'OFF'}, {len(mask.polygon)} corners"


def _quoted(text: str) -> str:
    """A YAML string, whatever is in it: JSON's are YAML's."""
    return json.dumps(text, ensure_ascii=False)
