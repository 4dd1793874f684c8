"""A certificate authority of one stack: what speaks TLS on loopback has its certificate, and nobody else trusts it."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from vantage_stack.ports import HOST

_DAYS = 30  # longer than any stack lives


class Authority:
    """The authority's certificate, and one server's with its key, as PEM files in a folder that only we can read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        self.certificate = folder / "public.crt"  # the names by which MinIO looks for its own
        self.private_key = folder / "private.key"
        self.folder = folder
        self._issue()

    def _issue(self) -> None:
        root, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        issuer = _name("Vantage stack")
        ca = _certificate(issuer, issuer, root, authority=True).sign(root, hashes.SHA256())
        own = _certificate(_name(HOST), issuer, server, authority=False).sign(root, hashes.SHA256())
        self.ca.write_bytes(ca.public_bytes(Encoding.PEM))
        self.certificate.write_bytes(own.public_bytes(Encoding.PEM))
        self.private_key.touch(mode=0o600)
        self.private_key.write_bytes(server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.CertificateBuilder:
    """A certificate for a key; the server's is for loopback, by address and by name."""
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address(HOST))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address, x509.DNSName("localhost")]), critical=False)
    )
