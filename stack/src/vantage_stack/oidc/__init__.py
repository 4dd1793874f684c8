"""Sign-in: an OpenID provider on loopback, so that no part of Vantage needs another way in for tests.

The provider is npm's `oidc-provider`, run by the Node of a wheel (`server/`). Every secret is made at each start.
"""
