"""Each stack has secrets of its own, and they are not printed by accident."""

from vantage_stack.oidc.people import accounts, clients


def test_two_stacks_share_no_secret() -> None:
    secrets = [login.secret for made in (accounts(), accounts(), clients(), clients()) for login in made.values()]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) >= 20 for secret in secrets)


def test_a_login_does_not_print_its_secret() -> None:
    login = accounts()["operator"]
    assert login.secret not in f"{login} {login!r}"
