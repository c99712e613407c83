"""Values made unreadable: masked, hashed, encrypted, and decrypted again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Any, Final

import orjson

from conduix.errors import RecordInvalid
from conduix.mapping.functions.declare import STAGE, Family, Parameter
from conduix.mapping.values import encode_json, to_text

family = Family("hiding", prefix=STAGE)

_NONCE: Final = 12
_PATH = Parameter("path", "string", "What errors call it.")


class Key:
    """A key in a tree: its bytes show nowhere, in no message and no generated code."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return "Key(…)"


_KEY = Parameter("key", "any", "A `Key`.")


def _prepare_keep(first: int, last: int, char: str) -> Callable[[Any], str]:
    def keep(value: Any) -> str:
        text = to_text(value)
        hidden = len(text) - first - last
        if hidden <= 0:
            return char * len(text)
        return f"{text[:first]}{char * hidden}{text[first + hidden :]}"

    return keep


@family.method("keep", "The text with all but its first and last characters replaced; all of them where it is short.",
               Parameter("first", "integer", "How many stay at its start."),
               Parameter("last", "integer", "How many stay at its end."),
               Parameter("char", "string", "What stands for each other character."), prepare=_prepare_keep)  # fmt: skip
def keep(value: Any, first: int, last: int, char: str) -> str:
    """The masked text."""
    return _prepare_keep(first, last, char)(value)


def _prepare_hash(algorithm: str, key: Key | None) -> Callable[[Any], str]:
    if key is not None:
        secret = key.secret
        return lambda value: hmac.digest(secret, _bytes(value), algorithm).hex()
    make: Callable[[bytes], Any] = getattr(hashlib, algorithm)
    return lambda value: str(make(_bytes(value)).hexdigest())


@family.method("hash", "The hash of the value's text, in hex digits.",
               Parameter("algorithm", "string", "`sha256`, `sha512`, …"), _KEY, prepare=_prepare_hash)  # fmt: skip
def hashed(value: Any, algorithm: str, key: Key | None) -> str:
    """The hash; with a key its HMAC."""
    return _prepare_hash(algorithm, key)(value)


def _bytes(value: Any) -> bytes:
    return to_text(value).encode("utf-8", "surrogatepass")


def _prepare_encrypt(key: Key) -> Callable[[Any], str]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - loads slowly, few use it

    cipher = AESGCM(key.secret)

    def encrypt(value: Any) -> str:
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + cipher.encrypt(nonce, encode_json(value), None)).decode()

    return encrypt


@family.method("encrypt", "The value's JSON, encrypted by AES-GCM, as base64: nonce of 12 bytes, ciphertext, tag.",
               _KEY, prepare=_prepare_encrypt, deterministic=False)  # fmt: skip
def encrypt(value: Any, key: Key) -> str:
    """The encrypted value, another text each time."""
    return _prepare_encrypt(key)(value)


def _prepare_decrypt(path: str, key: Key) -> Callable[[Any], Any]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - loads slowly, few use it
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above

    cipher = AESGCM(key.secret)

    def decrypt(value: Any) -> Any:
        try:
            raw = base64.b64decode(value, validate=True)
            return orjson.loads(cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None))
        except InvalidTag as error:
            raise RecordInvalid(f"{path}: it was encrypted with another key, or changed since") from error
        except (TypeError, ValueError, binascii.Error) as error:
            raise RecordInvalid(f"{path}: this is nothing that the stage encrypt has written") from error

    return decrypt


@family.method("decrypt", "What `encrypt` was given.", _PATH, _KEY, prepare=_prepare_decrypt)
def decrypt(value: Any, path: str, key: Key) -> Any:
    """The value. Raises RecordInvalid where the key is another one, or the text was changed."""
    return _prepare_decrypt(path, key)(value)
