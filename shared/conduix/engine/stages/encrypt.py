"""Encrypt and decrypt: values that only who has the key can read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from conduix.engine.catalog import Entry
from conduix.engine.stages.paths import SAME, FieldPath, change, mapping, read, refuse_twice, stage_call
from conduix.mapping.steps import MapStep, OnError, Step
from conduix.mapping.tree import Expr
from conduix.spec.options import Options

_HEX = re.compile(r"[0-9a-fA-F]+")
_LENGTHS = (16, 24, 32)


def _key_bytes(text: str) -> bytes:
    """The key of hex digits, or else of base64. Raises ValueError, which never shows it."""
    text = text.strip()
    wanted = "write 16, 24 or 32 bytes as hex digits or base64, for example what `openssl rand -base64 32` gives"
    if len(text) // 2 in _LENGTHS and len(text) % 2 == 0 and _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the key is neither hex digits nor base64; {wanted}") from None
    if len(key) not in _LENGTHS:
        raise ValueError(f"the key has {len(key)} bytes; {wanted}")
    return key


def _check_key(text: str) -> str:
    _key_bytes(text)
    return text


class CipherOptions(Options):
    """Options of encrypt and decrypt."""

    fields: tuple[FieldPath, ...] = Field(
        min_length=1, description="The fields; what is missing or null stays so.", examples=[["ssn", "customer.iban"]]
    )
    key: Annotated[str, AfterValidator(_check_key)] = Field(
        repr=False,
        description="The key of AES, 16, 24 or 32 bytes, as hex digits or base64. It belongs in a secret, not in the "
        "document.",
        examples=["${file:/run/secrets/field_key}"],
    )

    @model_validator(mode="after")
    def _no_field_twice(self) -> Self:
        refuse_twice(self.fields)
        return self


def _lower_encrypt(options: CipherOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    from conduix.mapping.functions.stages.hiding import Key  # noqa: PLC0415 - only where one runs

    key = Key(_key_bytes(options.key))
    done = [change(path, stage_call(read(path), "encrypt", key)) for path in options.fields]
    return [MapStep(node, mapping(SAME, *done), when, on_error)]


def _lower_decrypt(options: CipherOptions, node: str, when: Expr | None, on_error: OnError) -> Sequence[Step]:
    from conduix.mapping.functions.stages.hiding import Key  # noqa: PLC0415 - only where one runs

    key = Key(_key_bytes(options.key))
    done = [change(path, stage_call(read(path), "decrypt", path, key)) for path in options.fields]
    return [MapStep(node, mapping(SAME, *done), when, on_error)]


ENCRYPT = Entry(
    "encrypt",
    "stage",
    CipherOptions,
    "Encrypts values by AES-GCM, as base64 of nonce, ciphertext and tag; the same value gives another text each time.",
    lower=_lower_encrypt,
    deterministic=lambda _options: False,
)
DECRYPT = Entry("decrypt", "stage", CipherOptions, "Gives values back that `encrypt` has hidden.", lower=_lower_decrypt)
