"""Encryption with AES, and secrets compared with their hashes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import data

family = Family("encryption")

_BLOCK: Final = 16
_SCHEMES = ("ctr", "gcm", "ofb", "cbc")
_PARAMETERS = (
    Parameter("scheme", "string", "`ctr`, `gcm`, `ofb` or `cbc`."),
    Parameter("key", "data", "16, 24 or 32 bytes."),
    Parameter("iv", "data", "The initialization vector: 16 bytes, with `gcm` usually 12."),
)
_KEY = '"2b7e151628aed2a6abf7158809cf4f3c".decode("hex")'
_IV = '"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff".decode("hex")'


def _checked(scheme: str, key: bytes, iv: bytes) -> None:
    if scheme not in _SCHEMES:
        raise MappingError(f"unrecognized encryption type: {scheme}: write one of {', '.join(_SCHEMES)}")
    if len(key) not in {16, 24, 32}:
        raise MappingError(f"the key of AES has 16, 24 or 32 bytes, this one has {len(key)}")
    if scheme != "gcm" and len(iv) != _BLOCK:
        raise MappingError(f"the initialization vector of {scheme} has {_BLOCK} bytes, this one has {len(iv)}")
    if scheme == "gcm" and not 8 <= len(iv) <= 128:
        raise MappingError(f"the initialization vector of gcm has 8 to 128 bytes, this one has {len(iv)}")


def _prepare_encrypt(scheme: str, key: bytes, iv: bytes) -> Callable[[Any], bytes]:
    _checked(scheme, key, iv)
    return lambda value: _encrypted(data(value), scheme, key, iv)


def _encrypted(plain: bytes, scheme: str, key: bytes, iv: bytes) -> bytes:
    if scheme == "gcm":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - loads slowly, few use it

        return AESGCM(key).encrypt(iv, plain, None)
    if scheme == "cbc" and len(plain) % _BLOCK:
        raise MappingError("plaintext is not a multiple of the block size")
    cipher = _cipher(scheme, key, iv).encryptor()
    return bytes(cipher.update(plain) + cipher.finalize())


def _cipher(scheme: str, key: bytes, iv: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - as above

    if scheme == "ofb":
        from cryptography.hazmat.decrepit.ciphers.modes import OFB  # noqa: PLC0415 - as above

        return Cipher(algorithms.AES(key), OFB(iv))
    return Cipher(algorithms.AES(key), modes.CTR(iv) if scheme == "ctr" else modes.CBC(iv))


@family.method("encrypt_aes", "Bytes, or a text's bytes, encrypted.", *_PARAMETERS, prepare=_prepare_encrypt,
               examples=((f'root.e = this.value.encrypt_aes("ctr", {_KEY}, {_IV}).encode("hex")',
                          '{"value":"hello world!"}', '{"e":"84e9b31ff7400bdf80be7254"}'),))  # fmt: skip
def encrypt_aes(value: Any, scheme: str, key: bytes, iv: bytes) -> bytes:
    """The encrypted bytes; with `gcm` the tag stands at their end."""
    return _prepare_encrypt(scheme, key, iv)(value)


def _prepare_decrypt(scheme: str, key: bytes, iv: bytes) -> Callable[[Any], bytes]:
    _checked(scheme, key, iv)
    return lambda value: _decrypted(data(value), scheme, key, iv)


def _decrypted(secret: bytes, scheme: str, key: bytes, iv: bytes) -> bytes:
    if scheme == "gcm":
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

        try:
            return AESGCM(key).decrypt(iv, secret, None)
        except InvalidTag as error:
            raise MappingError("gcm: message authentication failed") from error
    if scheme == "cbc" and len(secret) % _BLOCK:
        raise MappingError("ciphertext is not a multiple of the block size")
    cipher = _cipher(scheme, key, iv).decryptor()
    return bytes(cipher.update(secret) + cipher.finalize())


@family.method("decrypt_aes", "Encrypted bytes as they were.", *_PARAMETERS, prepare=_prepare_decrypt,
               examples=((f'root.d = this.value.decode("hex").decrypt_aes("ctr", {_KEY}, {_IV}).string()',
                          '{"value":"84e9b31ff7400bdf80be7254"}', '{"d":"hello world!"}'),))  # fmt: skip
def decrypt_aes(value: Any, scheme: str, key: bytes, iv: bytes) -> bytes:
    """The bytes. Raises MappingError where `gcm` finds that they were changed, or the length is wrong."""
    return _prepare_decrypt(scheme, key, iv)(value)


_ARGON2 = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$p23usDgl01gTW5cEfrly8A"
_BCRYPT = "$2a$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"
_HASHED = Parameter("hashed_secret", "string", "The hash, in its own notation.")


@family.method("compare_argon2", "Whether an Argon2 hash (`$argon2id$…`, `$argon2i$…`) was made of this secret.",
               _HASHED,
               examples=((f'root.same = this.secret.compare_argon2("{_ARGON2}")', '{"secret":"open sesame"}',
                          '{"same":true}'),))  # fmt: skip
def compare_argon2(value: Any, hashed_secret: str) -> bool:
    """Whether it is. Raises MappingError where the hash is none."""
    from argon2 import exceptions, low_level  # noqa: PLC0415 - loads slowly, few use it

    kinds = {"$argon2id$": low_level.Type.ID, "$argon2i$": low_level.Type.I, "$argon2d$": low_level.Type.D}
    kind = next((kind for prefix, kind in kinds.items() if hashed_secret.startswith(prefix)), None)
    if kind is None:
        raise MappingError("compare_argon2: the hash does not begin with $argon2id$, $argon2i$ or $argon2d$")
    try:
        return bool(low_level.verify_secret(hashed_secret.encode(), data(value), kind))
    except exceptions.VerifyMismatchError:
        return False
    except exceptions.VerificationError as error:
        raise MappingError(f"compare_argon2: {error}") from error


@family.method("compare_bcrypt", "Whether a bcrypt hash (`$2a$…`) was made of this secret.", _HASHED,
               examples=((f'root.same = this.secret.compare_bcrypt("{_BCRYPT}")', '{"secret":"close sesame"}',
                          '{"same":false}'),))  # fmt: skip
def compare_bcrypt(value: Any, hashed_secret: str) -> bool:
    """Whether it is; of the secret only the first 72 bytes count. Raises MappingError where the hash is none."""
    import bcrypt  # noqa: PLC0415 - loads slowly, few use it

    try:
        return bcrypt.checkpw(data(value)[:72], hashed_secret.encode())
    except ValueError as error:
        raise MappingError(f"compare_bcrypt: {error}") from error
