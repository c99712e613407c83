"""Certificates for tests: a server's, by an authority of its own, and requests of agents."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from conduix.rpc.channel import ServerTls
from tests.unit.rpc.certificates import Authority


def made(folder: Path) -> tuple[ServerTls, Path]:
    """A server's chain and key, and whom its callers trust."""
    authority = Authority("test authority")
    chain, key = authority.issue(folder, "server", hosts=["localhost"])
    return ServerTls(chain, key), authority.write(folder / "trust.pem")


def request(name: str, *, bits: int = 0) -> tuple[bytes, bytes]:
    """A key and the request for its certificate; RSA of so many bits if given."""
    key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
    asked = x509.CertificateSigningRequestBuilder().subject_name(_name(name)).sign(key, hashes.SHA256())
    return _key_pem(key), asked.public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
