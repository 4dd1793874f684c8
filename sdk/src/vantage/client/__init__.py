"""For those who subscribe: the alert stream and the gateway's calls. Needs the extra `vantage[client]` (httpx)."""

from vantage.client.alerts import AlertStream, StreamedAlert
from vantage.client.gateway import Gateway, GatewayRefused, GatewayUnavailable, View

__all__ = ["AlertStream", "Gateway", "GatewayRefused", "GatewayUnavailable", "StreamedAlert", "View"]
