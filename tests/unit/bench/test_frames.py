"""The pictures of a recording are counted in its bytes."""

from vantage.contracts import Recording
from vantage.contracts.base import Clock, Picture
from vantage.contracts.recording import FragmentRange
from vantage_bench.frames import durations
from vantage_ingest.domain.fragment import Sample, fragment


def test_each_picture_of_each_fragment_is_given_with_its_length() -> None:
    told = [[3600, 3600], [3600, 7200, 3600]]
    data, pieces = b"init", []
    for number, ticks in enumerate(told):
        samples = [Sample(one, 0, index == 0, (b"\x65trun",)) for index, one in enumerate(ticks)]
        moof = fragment(number + 1, 0, samples)
        pieces.append(FragmentRange(number, 1, len(data), len(moof), "0" * 64))
        data += moof
    recording = Recording(
        recording_id="rec_1",
        camera_id="hk1.a",
        epoch=1,
        start=0,
        end=2,
        clock=Clock(quality="ntp"),
        picture=Picture(codec="avc1.42C00D", width=320, height=180),
        bucket="footage",
        object="o",
        size=len(data),
        sha256="0" * 64,
        init_length=4,
        fragments=pieces,
    )
    assert list(durations(recording, data)) == [3600, 3600, 3600, 7200, 3600]
