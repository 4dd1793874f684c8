"""What every answer carries: headers that keep a browser strict, no caching of what was decided, and its figure."""

import time
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vantage_api import metrics

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Edge:
    """The outermost layer. `issuer` is where the console may go to sign in."""

    def __init__(self, app: ASGIApp, issuer: str) -> None:
        self._app = app
        self._console_policy = console_policy(issuer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        is_api = scope["path"].startswith("/v1/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), is_api=is_api)
                route = getattr(scope.get("route"), "path", "console" if not is_api else "unknown")
                metrics.REQUEST_SECONDS.labels(route, message["status"]).observe(time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, *, is_api: bool) -> None:
        for name, value in _ALWAYS.items():
            headers[name] = value
        headers["Content-Security-Policy"] = _API_POLICY if is_api else self._console_policy
        headers["Cache-Control"] = "no-store" if is_api else "no-cache"


def console_policy(issuer: str) -> str:
    """What the console's page may load: its own files, video that its script makes, and the sign-in provider."""
    parts = urlsplit(issuer)
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            f"connect-src 'self' {parts.scheme}://{parts.netloc}",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
