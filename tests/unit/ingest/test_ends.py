"""Each end of a stream says what happened and what to do."""

import pytest

from vantage_ingest.domain.ends import MEANINGS, EndCause
from vantage_ingest.errors import StreamEnded


@pytest.mark.parametrize("cause", list(EndCause))
def test_each_cause_says_what_happened_and_what_to_do(cause: EndCause) -> None:
    meaning = MEANINGS[cause]
    assert meaning.happened
    assert meaning.remedy
    assert str(StreamEnded(cause, "detail")) == f"{meaning.happened} (detail)"
