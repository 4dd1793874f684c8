"""Server-Sent Events as the standard says."""

from vantage.client.events import EventParser, ServerEvent


def events(*lines: str) -> list[ServerEvent]:
    parser = EventParser()
    return [event for line in lines if (event := parser.feed(line)) is not None]


def test_an_event_is_whole_at_the_empty_line() -> None:
    assert events("id: 7", "event: raised", 'data: {"a":1}', "") == [ServerEvent("7", "raised", '{"a":1}')]


def test_lines_of_data_are_joined_and_the_id_stays_until_another_comes() -> None:
    assert events("id: 7", "data: x", "data: y", "", "data: z", "") == [
        ServerEvent("7", "message", "x\ny"),
        ServerEvent("7", "message", "z"),
    ]


def test_a_comment_is_no_event() -> None:
    assert events(": beat", "", ": beat", "") == []


def test_an_event_without_data_says_only_where_the_stream_is() -> None:
    parser = EventParser()
    assert [parser.feed(line) for line in ("id: 41", "")] == [None, None]
    assert parser.id == "41"


def test_one_space_after_the_colon_is_not_data() -> None:
    assert events("data:  two", "data:none", "")[0].data == " two\nnone"
