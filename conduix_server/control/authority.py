"""The authority that signs agents' certificates: this server's own, or one that several servers share.

An agent's certificate names it as `urn:conduix:agent:<id>`, lives 24 hours and is good for nothing but to be a client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conduix.engine.files import Files
from conduix.errors import InvalidArgument, UsageError
from conduix_server.control.callers import AGENT_URN

LIFE: Final = timedelta(hours=24)
"""Of an agent's certificate."""
_LIFE_OF_AUTHORITY: Final = timedelta(days=3650)
_SKEW: Final = timedelta(minutes=5)
"""By which an agent's clock may be behind ours."""
_CERTIFICATE_NAME, _KEY_NAME = "agent-authority.crt", "agent-authority.key"
_RSA_BITS: Final = 2048


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its authority, PEM."""

    certificate: bytes
    authority: bytes
    expires_at: datetime


class Authority:
    """Signs. `certificate_file` is what the agents' listener trusts."""

    def __init__(self, certificate_file: Path, key: ec.EllipticCurvePrivateKey, clock: Callable[[], datetime]) -> None:
        self.certificate_file = certificate_file
        self._pem = certificate_file.read_bytes()
        self._certificate = x509.load_pem_x509_certificate(self._pem)
        self._key = key
        self._clock = clock
        if self._certificate.public_key() != key.public_key():
            raise UsageError(f"the key of the agents' authority is not that of {certificate_file}")

    @classmethod
    def opened(cls, certificate: Path, key: Path, clock: Callable[[], datetime]) -> Self:
        """One that is there. Raises UsageError: a file cannot be read, is no such thing, or the two do not belong."""
        try:
            loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
            if not isinstance(loaded, ec.EllipticCurvePrivateKey):
                raise UsageError(f"{key} is no key of an elliptic curve", remedy="make one: openssl ecparam -genkey")
            return cls(certificate, loaded, clock)
        except OSError as error:
            text = f"cannot read the agents' authority, {error.filename}: {error.strerror}"
            raise UsageError(text, remedy="name PEM files that this user may read") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise UsageError(
                f"{certificate} and {key} are no certificate and unencrypted key in PEM form: {error}"
            ) from error

    @classmethod
    def in_directory(cls, state_dir: Path, clock: Callable[[], datetime]) -> Self:
        """The one of a server by itself; made at first. Raises UsageError."""
        certificate, key = state_dir / _CERTIFICATE_NAME, state_dir / _KEY_NAME
        if not certificate.exists():
            _make(certificate, key, clock())
        return cls.opened(certificate, key, clock)

    @staticmethod
    def check(csr: bytes) -> None:
        """Would it be signed? Raises InvalidArgument as `sign` does."""
        _public_key(csr)

    def sign(self, csr: bytes, agent_id: str) -> Signed:
        """A certificate for the key of a request; what else stands in the request counts for nothing.

        Raises InvalidArgument for one that is no request, is not signed by its key, or has a weak key.
        """
        now = self._clock().replace(microsecond=0)
        ends = min(now + LIFE, self._certificate.not_valid_after_utc)
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, agent_id)]))
            .issuer_name(self._certificate.subject)
            .public_key(_public_key(csr))
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _SKEW)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(AGENT_URN + agent_id)]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        return Signed(built.public_bytes(serialization.Encoding.PEM), self._pem, ends)


def _public_key(csr: bytes) -> CertificatePublicKeyTypes:
    try:
        request = x509.load_pem_x509_csr(csr)
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _wrong(f"it is no certificate request in PEM form: {error}") from error
    if not signed:
        raise _wrong("its signature is not that of its key")
    curve = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)
    strong = isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS
    if not (curve or strong or isinstance(key, ed25519.Ed25519PublicKey)):
        raise _wrong("its key is weak or of a kind that is not used here: P-256, P-384, Ed25519 or RSA of 2048 bits")
    return key


def _wrong(description: str) -> InvalidArgument:
    return InvalidArgument.of_field("csr", description)


def _make(certificate: Path, key: Path, now: datetime) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Conduix agents")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.replace(microsecond=0) - _SKEW)
        .not_valid_after(now.replace(microsecond=0) + _LIFE_OF_AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # the key first: a certificate stands for both
    _write(key, pem, 0o600)
    _write(certificate, built.public_bytes(serialization.Encoding.PEM), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        Files().replace(path, content, mode=mode)
    except OSError as error:
        text = f"cannot write {path}: {error.strerror}"
        raise UsageError(text, remedy="give the server a state directory that it may write to") from error


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
