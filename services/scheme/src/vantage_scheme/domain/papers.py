"""Whether a camera's papers are in order: no camera records without an authority, a notice and an assessment."""

from datetime import UTC, date, datetime

from vantage_scheme.domain.camera_entry import PapersEntry


def missing_papers(papers: PapersEntry, now_us: int) -> list[str]:
    """What keeps the camera from recording at `now_us` (UTC microseconds), each with its remedy; empty: nothing."""
    return [
        reason
        for reason in (
            _authority(papers, now_us),
            _notice(papers.notice_posted, now_us),
            None
            if papers.privacy_assessment
            else "no privacy assessment: put its reference into papers.privacy_assessment",
        )
        if reason
    ]


def _authority(papers: PapersEntry, now_us: int) -> str | None:
    if papers.authority is None:
        return "no authority: put its reference and expires_at into papers.authority"
    if papers.authority.expires_at <= now_us:
        return expired(papers.authority.reference, papers.authority.expires_at)
    return None


def expired(reference: str, expires_at: int) -> str:
    """How an authority that has run out is told."""
    moment = datetime.fromtimestamp(expires_at / 1_000_000, UTC)
    return f"authority {reference} expired at {moment:%Y-%m-%d %H:%M:%SZ}: renew it and set papers.authority.expires_at"


def _notice(posted: bool | date | None, now_us: int) -> str | None:
    if not posted:
        return "no notice posted: set papers.notice_posted to the day it was put up"
    if isinstance(posted, date) and posted > datetime.fromtimestamp(now_us / 1_000_000, UTC).date():
        return f"notice is to be posted on {posted} only: the camera may record from that day"
    return None
