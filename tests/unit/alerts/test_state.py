"""How a camera's state is stored."""

from typing import Any

import pytest

from vantage_alerts.domain.state import CameraState, UnknownState, decode_state, encode_state
from vantage_alerts.domain.watch import judge, watches


def test_what_is_stored_comes_back(street: Any) -> None:
    watched = watches(street.camera(), [street.intrusion(), street.crowd(2, minimum=9)])
    message = street.message(street.frame(0, 2), street.frame(1, 3))
    judged = judge(CameraState(), message, watched, street.at(1))
    state = judge(judged.state, street.message(street.frame(2, 0)), watched, street.at(2)).state
    assert state.rules["steps-closed"].open is not None
    assert decode_state(encode_state(state)) == state


def test_nothing_stored_is_a_camera_never_judged() -> None:
    assert decode_state(None) == CameraState()


def test_a_state_of_another_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(UnknownState, match="version 2, this release knows 1: deploy"):
        decode_state(b'{"version":2,"state":{"anything":1}}')


def test_bytes_that_are_no_state_are_refused() -> None:
    with pytest.raises(UnknownState, match="cannot be read"):
        decode_state(b"\x00\x01")


def test_a_camera_with_open_alerts_stays_small(street: Any) -> None:
    watched = watches(street.camera(), [street.intrusion(), street.crowd(2)])
    state = judge(CameraState(), street.message(street.frame(0, 200)), watched, street.at(0)).state
    assert len(encode_state(state)) < 2500
