"""PostgreSQL from its wheel, never as root, with a role and a schema for each service."""

from vantage_stack.postgres.server import Postgres

__all__ = ["Postgres"]
