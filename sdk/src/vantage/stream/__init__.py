"""The loop every consuming service runs: fetch a batch, handle it, deliver what came out, commit. See
`docs/design/stream-loop.md` for what it promises.
"""

from vantage.stream.handler import Handler, Outgoing, Poison, Received
from vantage.stream.loop import StreamLoop
from vantage.stream.options import LoopOptions

__all__ = ["Handler", "LoopOptions", "Outgoing", "Poison", "Received", "StreamLoop"]
