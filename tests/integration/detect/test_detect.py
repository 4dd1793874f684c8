"""Fragments in, detections and tracks out: the real process on the real log and object store."""

import re
from collections import Counter

from tests.integration.detect.conftest import EPOCH, Detect, Street, Topics, until
from vantage.contracts import Detections
from vantage.objects import S3ObjectStore


def labels(messages: list[Detections]) -> Counter[str]:
    return Counter(seen.label for message in messages for frame in message.frames for seen in frame.objects)


class TestSeeing:
    def test_says_once_for_each_fragment_what_is_in_it(self, street: Street, detect: Detect, topics: Topics) -> None:
        fragments = [*street.store_pack([1, 2, 3]), *street.store_pack([4, 5, 6, 7])]
        detect.start()
        street.announce(fragments)
        messages = until(lambda: all_of(topics, street, 7), "a message each")
        assert [message.fragment_id for message in messages] == [fragment.fragment_id for fragment in fragments]
        assert [len(message.frames) for message in messages] == [5] * 7
        assert {frame.at for frame in messages[1].frames} <= {
            fragments[1].start + frame.after_us for frame in fragments[1].frames
        }
        assert labels(messages)["person"] >= 8
        assert labels(messages)["bicycle"] >= 1

    def test_follows_objects_until_the_camera_has_another_owner(
        self, street: Street, detect: Detect, topics: Topics
    ) -> None:
        detect.start()
        street.announce(street.store_pack([0, 1, 2, 3]))
        street.announce(street.store_pack([0], epoch=EPOCH + 60_000))
        tracks = until(lambda: topics.tracks(street.camera_id), "tracks of the first epoch")
        longest = max(tracks, key=lambda track: track.observations)
        assert longest.observations >= 10
        assert longest.label in {"person", "bicycle"}
        assert longest.path[0].after_us == 0
        assert longest.path[-1].after_us == longest.end - longest.start
        assert {track.epoch for track in tracks} == {EPOCH}
        assert min(track.number for track in tracks) == 1

    def test_carries_the_trace_on(self, street: Street, detect: Detect, topics: Topics) -> None:
        detect.start()
        street.announce(street.store_pack([0]), trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        headers = until(lambda: topics.headers("detections.v1", street.camera_id), "a message")
        assert headers[0]["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"


class TestFaultyFragments:
    def test_damaged_bytes_are_a_dead_letter_and_the_rest_goes_on(
        self, street: Street, detect: Detect, topics: Topics, object_store: S3ObjectStore
    ) -> None:
        fragments = street.store_pack([0, 1, 2])
        bucket, key = fragments[1].bucket, fragments[1].pack
        pack = bytearray(object_store.get(bucket, key))
        pack[fragments[1].offset + fragments[1].init_length + 2000] ^= 0xFF
        object_store.put(bucket, key, bytes(pack))
        detect.start()
        street.announce(fragments)
        messages = until(lambda: all_of(topics, street, 2), "the messages of the good ones")
        assert [message.fragment_id for message in messages] == [fragments[0].fragment_id, fragments[2].fragment_id]
        letters = until(lambda: topics.dead_letters(street.camera_id), "a dead letter")
        assert len(letters) == 1
        assert re.search(r"SHA-256 [0-9a-f]{64} .* the message says", letters[0]["error"])
        assert letters[0]["service"] == "detect"

    def test_an_expired_pack_is_counted_as_skipped(self, street: Street, detect: Detect, topics: Topics) -> None:
        gone, there = street.store_pack([0, 1]), street.store_pack([2])
        street.remove(gone)
        detect.start()
        street.announce([*gone, *there])
        messages = until(lambda: all_of(topics, street, 3), "three messages")
        assert [(len(message.frames), message.skipped) for message in messages] == [(0, 5), (0, 5), (5, 0)]
        assert topics.dead_letters(street.camera_id) == []


class TestWhatTheSchemeWants:
    def test_looks_as_often_as_asked_and_not_at_paused_cameras(
        self, street: Street, another_street: Street, detect: Detect, topics: Topics
    ) -> None:
        street.desire("recording", rate=2)
        another_street.desire("paused", rate=5)
        detect.start()
        another_street.announce(another_street.store_pack([0, 1]))
        street.announce(street.store_pack([0, 1]))
        messages = until(lambda: all_of(topics, street, 2), "two messages")
        assert [len(message.frames) for message in messages] == [2, 2]
        until(lambda: detect.metric('vantage_detect_fragments_total{outcome="unasked"}') == 2, "both were left alone")
        assert topics.detections(another_street.camera_id) == []


class TestFreshness:
    def test_skips_to_the_newest_when_behind(self, street: Street, detect: Detect, topics: Topics) -> None:
        street.announce(street.store_pack([0, 1, 2, 3, 4, 5], start_s_ago=60))
        detect.start(VANTAGE_DETECT_STALE_SECONDS="2")
        messages = until(lambda: all_of(topics, street, 6), "six messages")
        assert len(messages[-1].frames) == 5
        assert all(len(message.frames) + message.skipped == 5 for message in messages)
        assert sum(message.skipped for message in messages) == 25


class TestBeingKilled:
    def test_each_fragment_has_its_message_and_no_track_has_anothers_number(
        self, street: Street, detect: Detect, topics: Topics
    ) -> None:
        fragments = [*street.store_pack([0, 1, 2, 3]), *street.store_pack([4, 5, 6, 7])]
        detect.start()
        street.announce(fragments[:4])
        until(lambda: topics.detections(street.camera_id), "the first message")
        detect.process.kill9()
        street.announce(fragments[4:])
        detect.start()
        wanted = {fragment.fragment_id for fragment in fragments}
        until(lambda: wanted == {one.fragment_id for one in topics.detections(street.camera_id)}, "all fragments")
        detect.stop()  # what is followed now is said to be handed over
        tracks = until(lambda: topics.tracks(street.camera_id), "tracks at the end")
        assert len({track.number for track in tracks}) == len(tracks)
        assert len({track.track_id for track in tracks}) == len(tracks)
        assert {track.ended for track in tracks} >= {"handover"}
        for message in topics.detections(street.camera_id):
            for frame in message.frames:
                numbers = [seen.track for seen in frame.objects if seen.track is not None]
                assert len(numbers) == len(set(numbers))


class TestStarting:
    def test_a_missing_model_ends_the_start_with_what_to_do(self, detect: Detect, tmp_path: object) -> None:
        detect.start(VANTAGE_DETECT_MODEL_DIR=str(tmp_path))
        assert detect.process.wait(60)
        assert detect.process.exit_code == 78
        assert "nanodet-288x512.onnx cannot be read" in detect.log()
        assert "vantage-stack fetch" in detect.log()

    def test_waits_for_the_log_and_ends_when_told_to(self, detect: Detect) -> None:
        detect.start(VANTAGE_KAFKA_BOOTSTRAP="127.0.0.1:1")
        until(lambda: "Kafka" in (detect.waiting() or {}).get("cameras", ""), "it says that Kafka is away")
        detect.stop()
        assert detect.process.exit_code == 0
        assert '"reason"' in detect.log()
        assert "Traceback" not in detect.log()

    def test_waits_for_the_object_store_without_losing_a_fragment(
        self, street: Street, detect: Detect, topics: Topics
    ) -> None:
        street.announce(street.store_pack([0]))
        detect.start(VANTAGE_S3_ENDPOINT="127.0.0.1:1")
        until(lambda: "object store" in (detect.waiting() or {}).get("store", ""), "it says that the store is away")
        detect.stop()
        assert topics.detections(street.camera_id) == []
        detect.start()
        until(lambda: topics.detections(street.camera_id), "the fragment's message")


def all_of(topics: Topics, street: Street, count: int) -> list[Detections] | None:
    found = topics.detections(street.camera_id)
    return found if len(found) >= count else None
