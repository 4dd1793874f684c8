"""The roles and schemas that an administrator makes before the services come: a pair for each, and the readers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

SERVICES = ("storage", "alerts", "api")
READER = "vantage_reader"
DATABASE = "vantage"
_READ = ("storage", "alerts")
"""The schemas with views for others; a service's own migration grants each view."""


@dataclass(frozen=True)
class Address:
    """Where the server listens, and the administrator's password."""

    host: str
    port: int
    password: str

    def dsn(self, user: str = "postgres", password: str | None = None, database: str = DATABASE) -> str:
        """The connection string of a user; the administrator's without one."""
        return f"postgresql://{user}:{password or self.password}@{self.host}:{self.port}/{database}"


def make_roles(address: Address) -> Mapping[str, str]:
    """Make the database, roles and schemas; the DSN of each service's role, by the service's name."""
    with psycopg.connect(address.dsn(database="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    passwords = {service: secrets.token_urlsafe(24) for service in SERVICES}
    with psycopg.connect(address.dsn()) as connection:
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(READER)))
        for service, password in passwords.items():
            _make_owner(connection, service, password)
        for schema in _READ:
            grant = sql.SQL("grant usage on schema {} to {}")
            connection.execute(grant.format(sql.Identifier(schema), sql.Identifier(READER)))
        connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(READER), _role("api")))
    return {service: address.dsn(f"vantage_{service}", password) for service, password in passwords.items()}


def _make_owner(connection: psycopg.Connection, service: str, password: str) -> None:
    make = sql.SQL("create role {} login password {}")
    connection.execute(make.format(_role(service), sql.Literal(password)))
    owned = sql.SQL("create schema {} authorization {}")
    connection.execute(owned.format(sql.Identifier(service), _role(service)))


def _role(service: str) -> sql.Identifier:
    return sql.Identifier(f"vantage_{service}")
