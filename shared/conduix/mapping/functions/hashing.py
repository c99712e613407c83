"""Hashes and checksums."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import data

family = Family("hashing")

Digest = Callable[[bytes], bytes]


def _fnv_text(bits: int, form: str) -> Digest:
    return lambda raw: str(fnv(raw, bits, form)).encode()


def _digest(name: str) -> Digest:
    make: Callable[..., Any] = getattr(hashlib, name)
    return lambda raw: make(raw, usedforsecurity=False).digest()


_LIBRARY = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512",
            "blake2b", "blake2s")  # fmt: skip
_PLAIN: dict[str, Digest] = {
    **{name: _digest(name) for name in _LIBRARY},
    "adler32": lambda raw: zlib.adler32(raw).to_bytes(4, "big"),
    "xxhash64": lambda raw: str(xxhash64(raw)).encode(),
    "murmur3": lambda raw: str(murmur3(raw)).encode(),
    **{f"fnv{bits}{form}": _fnv_text(bits, form) for bits in (32, 64) for form in ("", "a")},
}
_KEYED = ("hmac_md5", "hmac_sha1", "hmac_sha224", "hmac_sha256", "hmac_sha384", "hmac_sha512")


def _chosen(algorithm: str, key: bytes | None, polynomial: str) -> Digest:
    name = algorithm.replace("-", "_")
    if name in _KEYED:
        if not key:
            raise MappingError(f"hash algorithm {algorithm} requires a key argument")
        secret = key
        return lambda raw: hmac.digest(secret, raw, name.removeprefix("hmac_"))
    if name == "crc32":
        return lambda raw: crc32(raw, polynomial).to_bytes(4, "big")
    if name == "crc64":
        return lambda raw: crc64(raw, "ISO" if polynomial == "IEEE" else polynomial).to_bytes(8, "big")
    if name not in _PLAIN:
        known = ", ".join((*_PLAIN, *_KEYED, "crc32", "crc64"))
        raise MappingError(f"unrecognized hash type: {algorithm}: write one of {known}")
    return _PLAIN[name]


def _prepare(algorithm: str, key: bytes | None, polynomial: str) -> Callable[[Any], bytes]:
    digest = _chosen(algorithm, key, polynomial)
    return lambda value: digest(data(value))


@family.method("hash", 'The hash of bytes or of a text, as bytes; `.encode("hex")` makes it readable.',
               Parameter("algorithm", "string", ", ".join(f"`{name}`" for name in (*_PLAIN, *_KEYED, "crc32"))
                         + " or `crc64`."),
               Parameter("key", "data", "The key of an HMAC.", None),
               Parameter("polynomial", "string", "Of `crc32`: `IEEE`, `Castagnoli` or `Koopman`; of `crc64`: `ISO` or "
                         "`ECMA`.", "IEEE"),
               prepare=_prepare,
               examples=(('root.a = this.a.hash("md5").encode("hex")', '{"a":"hello world"}',
                          '{"a":"5eb63bbbe01eeed093cb22bb8f5acdc3"}'),))  # fmt: skip
def hash_value(value: Any, algorithm: str, key: bytes | None, polynomial: str) -> bytes:
    """The digest; `fnv…`, `murmur3` and `xxhash64` give their number as text."""
    return _prepare(algorithm, key, polynomial)(value)


# reversed, as the tables need them
_CRC32 = {"Castagnoli": 0x82F63B78, "Koopman": 0xEB31D82E}
_CRC64 = {"ISO": 0xD800000000000000, "ECMA": 0xC96C5795D7870F42}


@cache
def _table(polynomial: int) -> tuple[int, ...]:
    table: list[int] = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (polynomial if remainder & 1 else 0)
        table.append(remainder)
    return tuple(table)


def crc32(raw: bytes, polynomial: str) -> int:
    """The checksum by the polynomial of that name."""
    return zlib.crc32(raw) if polynomial == "IEEE" else _crc(raw, polynomial, "crc32", _CRC32, 2**32 - 1)


def crc64(raw: bytes, polynomial: str) -> int:
    """The checksum of 64 bits by the polynomial of that name."""
    return _crc(raw, polynomial, "crc64", _CRC64, 2**64 - 1)


def _crc(raw: bytes, polynomial: str, kind: str, known: dict[str, int], ones: int) -> int:
    if polynomial not in known:
        raise MappingError(f'unsupported {kind} hash key "{polynomial}": write one of {", ".join(known)}')
    table, remainder = _table(known[polynomial]), ones
    for byte in raw:
        remainder = table[(remainder ^ byte) & 0xFF] ^ remainder >> 8
    return remainder ^ ones


# the offset and the prime of each width
_FNV = {32: (0x811C9DC5, 0x01000193), 64: (0xCBF29CE484222325, 0x100000001B3)}


def fnv(raw: bytes, bits: int, form: str) -> int:
    """FNV-1 of 32 or 64 bits; of the form `a` FNV-1a."""
    value, prime = _FNV[bits]
    ones = 2**bits - 1
    for byte in raw:
        value = (value ^ byte) * prime & ones if form else value * prime & ones ^ byte
    return value


def murmur3(raw: bytes) -> int:
    """MurmurHash3 of 32 bits with seed 0."""
    ones, value = 2**32 - 1, 0
    whole = len(raw) & ~3
    for at in range(0, len(raw), 4):
        word = int.from_bytes(raw[at : at + 4], "little") * 0xCC9E2D51 & ones
        value ^= (word << 15 | word >> 17) * 0x1B873593 & ones
        if at < whole:
            value = ((value << 13 | value >> 19) * 5 + 0xE6546B64) & ones
    value ^= len(raw)
    value = (value ^ value >> 16) * 0x85EBCA6B & ones
    value = (value ^ value >> 13) * 0xC2B2AE35 & ones
    return value ^ value >> 16


_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip
_MASK = 2**64 - 1


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK


def _round(lane: int, word: int) -> int:
    return _rotated((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(raw: bytes) -> int:
    """XXH64 with seed 0."""
    size, at = len(raw), 0
    if size >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at <= size - 32:
            for lane in range(4):
                lanes[lane] = _round(lanes[lane], int.from_bytes(raw[at : at + 8], "little"))
                at += 8
        value = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane_value in lanes:
            value = ((value ^ _round(0, lane_value)) * _P1 + _P4) & _MASK
    else:
        value = _P5
    return _finished(raw, at, (value + size) & _MASK)


def _finished(raw: bytes, at: int, value: int) -> int:
    while at + 8 <= len(raw):
        value = _rotated(value ^ _round(0, int.from_bytes(raw[at : at + 8], "little")), 27) * _P1 + _P4 & _MASK
        at += 8
    if at + 4 <= len(raw):
        value = _rotated(value ^ int.from_bytes(raw[at : at + 4], "little") * _P1 & _MASK, 23) * _P2 + _P3 & _MASK
        at += 4
    for byte in raw[at:]:
        value = _rotated(value ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    value = (value ^ value >> 33) * _P2 & _MASK
    value = (value ^ value >> 29) * _P3 & _MASK
    return value ^ value >> 32


_Q1, _Q2, _Q3, _Q4, _Q5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1
_MASK32 = 2**32 - 1


def _rotated32(value: int, bits: int) -> int:
    value &= _MASK32
    return (value << bits | value >> (32 - bits)) & _MASK32


def xxhash32(raw: bytes) -> int:
    """XXH32 with seed 0."""
    size, at = len(raw), 0
    value = _Q5
    if size >= 16:
        lanes = [_Q1 + _Q2, _Q2, 0, -_Q1]
        while at <= size - 16:
            for lane in range(4):
                word = int.from_bytes(raw[at : at + 4], "little")
                lanes[lane] = _rotated32(lanes[lane] + word * _Q2, 13) * _Q1 & _MASK32
                at += 4
        value = sum(_rotated32(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True))
    value += size
    while at + 4 <= size:
        value = _rotated32(value + int.from_bytes(raw[at : at + 4], "little") * _Q3, 17) * _Q4
        at += 4
    for byte in raw[at:]:
        value = _rotated32(value + byte * _Q5, 11) * _Q1
    value &= _MASK32
    value = (value ^ value >> 15) * _Q2 & _MASK32
    value = (value ^ value >> 13) * _Q3 & _MASK32
    return value ^ value >> 16
