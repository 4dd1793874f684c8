"""When a stream is silent, and what is due to a camera."""

import pytest

from vantage_ingest.domain.ends import EndCause
from vantage_ingest.domain.rtsp_pulse import Pulse


def test_pictures_keep_it_alive() -> None:
    pulse = Pulse(100, read_s=8, timeout_s=60)
    assert all(pulse.silence(100 + second, second, second) is None for second in range(60))


@pytest.mark.parametrize(("reads", "cause"), [(5, EndCause.STALLED), (6, EndCause.MALFORMED)])
def test_without_pictures_it_ends_and_says_whether_packets_came(reads: int, cause: EndCause) -> None:
    pulse = Pulse(100, read_s=8, timeout_s=60)
    assert pulse.silence(101, 5, 5) is None
    assert pulse.silence(108.9, 5, reads) is None
    end = pulse.silence(109, 5, reads)
    assert end is not None
    assert end.cause is cause


def test_one_that_never_sends_is_stalled_as_well() -> None:
    end = Pulse(100, read_s=8, timeout_s=60).silence(108, 0, 0)
    assert end is not None
    assert end.cause is EndCause.STALLED


@pytest.mark.parametrize(("timeout_s", "every"), [(60, 30), (600, 30), (10, 5), (2, 1)])
def test_signs_of_life_come_well_before_the_camera_gives_up(timeout_s: int, every: int) -> None:
    pulse = Pulse(0, read_s=8, timeout_s=timeout_s)
    assert [now for now in range(1, 121) if pulse.sign_due(now)] == list(range(every, 121, every))


def test_reports_are_due_every_five_seconds() -> None:
    pulse = Pulse(0, read_s=8, timeout_s=60)
    assert [now for now in range(21) if pulse.report_due(now)] == [5, 10, 15, 20]
