"""What one person must not do alone."""

from vantage_storage.domain.hold import Decision
from vantage_storage.errors import Refused


def refuse_one_person(decision: Decision) -> None:
    """Raise Refused where nobody else approved what was decided."""
    if not decision.approver.strip():
        msg = f"{decision.requester} alone cannot do this: send the approver, a second person"
        raise Refused(code="no-approver", detail=msg)
    if decision.requester.strip().casefold() == decision.approver.strip().casefold():
        msg = f"{decision.requester} cannot approve what {decision.requester} asks for: let another person approve it"
        raise Refused(code="second-person-needed", detail=msg)
