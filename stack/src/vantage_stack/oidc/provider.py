"""The part of the stack: the provider, its clients and accounts, and tokens for tests."""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import httpx

from vantage_stack.errors import SignInRefused
from vantage_stack.oidc.code_flow import CodeFlow
from vantage_stack.oidc.people import Login, accounts, clients
from vantage_stack.oidc.program import MAIN, STEPS, program
from vantage_stack.part import Site
from vantage_stack.ports import HOST, listens
from vantage_stack.process import ManagedProcess
from vantage_stack.toolchains import node_command

AUDIENCE = "urn:vantage:api"
CONSOLE = "vantage-console"
_READY_S = 30.0
_ANSWER_S = 10.0


class OpenIdProvider:
    """Signs people in to the console, which is served at `console_origin`, and systems in as themselves.

    Without a `console_origin` one is reserved, where a test may serve the console, or nobody does.
    """

    name = "sign-in"
    steps = STEPS

    def __init__(self, site: Site, console_origin: str | None = None) -> None:
        self._site = site
        self._port = site.ports.free()
        self.console_origin = console_origin or f"http://{HOST}:{site.ports.free()}"
        self._accounts = accounts()
        self._clients = clients()
        self._server: ManagedProcess | None = None

    @property
    def issuer(self) -> str:
        """The provider's name and address."""
        return f"http://{HOST}:{self._port}"

    @property
    def accounts(self) -> Mapping[str, str]:
        """The password of each account."""
        return {name: login.secret for name, login in self._accounts.items()}

    def client_secret(self, client: str) -> str:
        """The secret of a confidential client. Raises SignInRefused where there is no such client."""
        return _named(self._clients, client).secret

    @property
    def processes(self) -> Sequence[ManagedProcess]:
        """The server, once it was started."""
        return [self._server] if self._server else []

    def environment(self) -> Mapping[str, str]:
        """What the API is told of sign-in."""
        return {"VANTAGE_API_OIDC_ISSUER": self.issuer, "VANTAGE_API_AUDIENCE": AUDIENCE}

    def start(self) -> None:
        """Start the server with secrets that exist in its folder and here only."""
        folder = program(self._site.cache, lambda _: None)
        argv = [*node_command(), folder / MAIN, self._write_configuration()]
        environment = {**os.environ, "NODE_ENV": "production"}
        self._server = ManagedProcess(self.name, argv, log=self._site.log, environment=environment)
        self._server.start()
        self._server.wait_ready(lambda: listens(self._port), _READY_S)

    def stop(self) -> None:
        """Stop the server: its sessions and keys are gone."""
        if self._server:
            self._server.stop()

    def token(self, client: str = "control-room") -> str:
        """An access token of a confidential client for the API. Raises SignInRefused."""
        grant = {"grant_type": "client_credentials", "resource": AUDIENCE}
        with self._http() as http:
            answer = http.post(self.endpoints["token_endpoint"], data=grant, auth=(client, self.client_secret(client)))
        if answer.is_error:
            raise SignInRefused(answer.text)
        return str(answer.json()["access_token"])

    def sign_in(self, account: str, password: str | None = None) -> str:
        """An access token of a person who signs in to the console. Raises SignInRefused."""
        given = _named(self._accounts, account).secret if password is None else password
        flow = CodeFlow(self.endpoints, CONSOLE, f"{self.console_origin}/", AUDIENCE)
        with self._http() as http:
            return str(flow.sign_in(http, account, given)["access_token"])

    @cached_property
    def endpoints(self) -> Mapping[str, str]:
        """The provider's discovery document."""
        with self._http() as http:
            document: Mapping[str, str] = http.get(f"{self.issuer}/.well-known/openid-configuration").json()
        return document

    def _http(self) -> httpx.Client:
        return httpx.Client(timeout=_ANSWER_S, trust_env=False)

    def _write_configuration(self) -> Path:
        configuration = {
            "issuer": self.issuer,
            "audience": AUDIENCE,
            "console": {"client_id": CONSOLE, "origin": self.console_origin},
            "clients": [{"id": it.name, "secret": it.secret, "roles": it.roles} for it in self._clients.values()],
            "accounts": [{"name": it.name, "password": it.secret, "roles": it.roles} for it in self._accounts.values()],
        }
        path = self._site.folder / "sign-in.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(configuration))
        return path


def _named(logins: Mapping[str, Login], name: str) -> Login:
    if name not in logins:
        msg = f"{name!r} is not known to sign-in: use {', '.join(logins)}"
        raise SignInRefused(msg)
    return logins[name]
