"""Encodings, compression, hashes."""

from __future__ import annotations

import csv
import hashlib
import hmac as hmac_of
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from conduix.errors import MappingError
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.functions.encoding import compress, decode, decompress, encode
from conduix.mapping.functions.hashing import crc32, crc64, xxhash32, xxhash64
from conduix.mapping.functions.url_text import unescaped
from conduix.mapping.values import array, encode_json, mapping, text, to_text

family = Family("coding", prefix=REMAP)

_DATA = Parameter("value", "data", "A text or bytes.")
_CHARSET = Parameter("charset", "string", "`standard` or `url_safe`.", "standard")


def _read(raw: bytes) -> str | bytes:
    """What was decoded: a text if it is one."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _scheme(charset: str) -> str:
    if charset not in {"standard", "url_safe"}:
        raise MappingError(f"unknown charset {charset[:20]}: write standard or url_safe")
    return "base64" if charset == "standard" else "base64url"


@family.function("encode_base64", "A text or bytes in Base64.", _DATA,
                 Parameter("padding", "bool", "Whether `=` fills up the end.", True), _CHARSET,
                 examples=(('.a = encode_base64("hi")', "{}", '{"a":"aGk="}'),))  # fmt: skip
def encode_base64(value: bytes, padding: bool, charset: str) -> str:
    """The encoded text."""
    made: str = encode(value, _scheme(charset))
    return made if padding else made.rstrip("=")


@family.function("decode_base64", "What a text in Base64 stands for.", _DATA, _CHARSET,
                 examples=(('.a = decode_base64!("aGk=")', "{}", '{"a":"hi"}'),))  # fmt: skip
def decode_base64(value: bytes, charset: str) -> str | bytes:
    """The text, or bytes where it is none."""
    kept = value.rstrip(b"=")
    return _read(decode(kept + b"=" * (-len(kept) % 4), _scheme(charset)))


def _codec(name: str, what: str, sample: str, to: Callable[[bytes], Any], back: Callable[[bytes], Any]) -> None:
    def encoder(value: bytes) -> Any:
        return to(value)

    def decoder(value: bytes) -> Any:
        return back(value)

    encoder.__doc__ = f"The value {what}."
    decoder.__doc__ = f"What a value {what} stands for."
    known = ((f'.a = encode_{name}("hé")', "{}", f'{{"a":"{sample}"}}'),) if sample else ()
    there = f'.a = decode_{name}!(encode_{name}("hé"))'
    family.function(f"encode_{name}", f"A text or bytes {what}.", _DATA,
                    examples=known or ((there, "{}", '{"a":"hé"}'),))(encoder)  # fmt: skip
    family.function(f"decode_{name}", f"What a text or bytes {what} stand for.", _DATA,
                    examples=((there, "{}", '{"a":"hé"}'),))(decoder)  # fmt: skip


_codec("base16", "in hexadecimal digits", "68c3a9", lambda raw: raw.hex(), lambda raw: _read(decode(raw, "hex")))
_codec("percent", "with percent escapes", "h%C3%A9", lambda raw: quote(raw, safe=""),
       lambda raw: unescaped(raw.decode("utf-8", "replace")))  # fmt: skip


def _packer(algorithm: str) -> None:
    _codec(algorithm, f"packed by {algorithm}", "", lambda raw: compress(raw, algorithm, -1),
           lambda raw: _read(decompress(raw, algorithm)))  # fmt: skip


for _algorithm in ("gzip", "zlib", "zstd", "snappy", "lz4"):
    _packer(_algorithm)


@family.function("encode_json", "A value as JSON.", Parameter("value", "any", "The value."),
                 Parameter("pretty", "bool", "Whether on lines of their own, indented by two.", False),
                 examples=(('.a = encode_json({"b": "<"})', "{}", '{"a":"{\\"b\\":\\"<\\"}"}'),))  # fmt: skip
def encode_json_text(value: Any, pretty: bool) -> str:
    """The text, keys in order of the alphabet."""
    return encode_json(value, sort_keys=True, indent=pretty).decode()


@family.function("encode_csv", "An array as one row of csv text.", Parameter("value", "array", "The fields."),
                 Parameter("delimiter", "string", "One character.", ","),
                 examples=(('.a = encode_csv!(["x,y", 1])', "{}", '{"a":"\\"x,y\\",1"}'),))  # fmt: skip
def encode_csv(value: list[Any], delimiter: str) -> str:
    """The row without its newline."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise MappingError("the delimiter of csv is one character, and no quote or newline")
    row = io.StringIO()
    csv.writer(row, delimiter=delimiter, lineterminator="").writerow(
        ["" if field is None else to_text(field) for field in value]
    )
    return row.getvalue()


@family.function("encode_key_value", "An object as `key=value` pairs.", Parameter("value", "object", "The object."),
                 Parameter("fields_ordering", "array", "Which fields come first.", None),
                 Parameter("key_value_delimiter", "string", "What stands between key and value.", "="),
                 Parameter("field_delimiter", "string", "What stands between pairs.", " "),
                 aliases=("encode_logfmt",),
                 examples=(('.a = encode_key_value({"ts":1,"msg":"it works"}, fields_ordering: ["msg"])', "{}",
                            '{"a":"msg=\\"it works\\" ts=1"}'),))  # fmt: skip
def encode_key_value(value: dict[str, Any], first: list[Any] | None, between: str, after: str) -> str:
    """The pairs; objects and arrays inside become dotted keys."""
    flat = _pairs(value, "")
    ordered = dict.fromkeys(key for key in map(text, first or ()) if key in flat)
    keys = (*ordered, *sorted(flat.keys() - ordered.keys()))
    return after.join(f"{_quoted(key)}{between}{_quoted(flat[key])}" for key in keys)


def _pairs(value: Any, prefix: str) -> dict[str, str]:
    made: dict[str, str] = {}
    items = enumerate(array(value)) if isinstance(value, list) else mapping(value).items()
    for key, item in items:
        if isinstance(item, dict | list):
            made |= _pairs(item, f"{prefix}{key}.")
        else:
            made[f"{prefix}{key}"] = "" if item is None else to_text(item)
    return made


def _quoted(written: str) -> str:
    if written and not re.search(r'[\s"=]', written):
        return written
    escaped = written.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


# hashes

_SHA2 = {"SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512",
         "SHA-512/256": "sha512_256", "SHA-512/224": "sha512_224"}  # fmt: skip
_SHA3 = {f"SHA3-{bits}": f"sha3_{bits}" for bits in (224, 256, 384, 512)}
_HMAC = {"SHA1": "sha1", "SHA-224": "sha224", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _named(variants: dict[str, str], name: str) -> str:
    if name not in variants:
        raise MappingError(f"unknown variant {name[:20]}: write one of {', '.join(variants)}")
    return variants[name]


def _hex(name: str, raw: bytes) -> str:
    make = getattr(hashlib, name, None)
    made: Any = make(raw, usedforsecurity=False) if make else hashlib.new(name, raw, usedforsecurity=False)
    return str(made.hexdigest())


@family.function("md5", "The MD5 of a text or bytes, in hexadecimal digits.", _DATA,
                 examples=(('.a = md5("hello world")', "{}", '{"a":"5eb63bbbe01eeed093cb22bb8f5acdc3"}'),))  # fmt: skip
def md5(value: bytes) -> str:
    """32 digits."""
    return _hex("md5", value)


@family.function("sha1", "The SHA-1 of a text or bytes, in hexadecimal digits.", _DATA,
                 examples=(('.a = sha1("")', "{}", '{"a":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}'),))  # fmt: skip
def sha1(value: bytes) -> str:
    """40 digits."""
    return _hex("sha1", value)


@family.function("sha2", "A hash of the family SHA-2, in hexadecimal digits.", _DATA,
                 Parameter("variant", "string", ", ".join(f"`{name}`" for name in _SHA2) + ".", "SHA-512/256"),
                 examples=(('.a = sha2("abc", variant: "SHA-224")', "{}",
                            '{"a":"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"}'),))  # fmt: skip
def sha2(value: bytes, variant: str) -> str:
    """The digits."""
    return _hex(_named(_SHA2, variant), value)


@family.function("sha3", "A hash of the family SHA-3, in hexadecimal digits.", _DATA,
                 Parameter("variant", "string", ", ".join(f"`{name}`" for name in _SHA3) + ".", "SHA3-512"),
                 examples=(('.a = sha3("", variant: "SHA3-224")', "{}",
                            '{"a":"6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7"}'),))  # fmt: skip
def sha3(value: bytes, variant: str) -> str:
    """The digits."""
    return _hex(_named(_SHA3, variant), value)


@family.function("hmac", "The HMAC of a text or bytes with a key, as bytes.", _DATA,
                 Parameter("key", "data", "The key."),
                 Parameter("algorithm", "string", ", ".join(f"`{name}`" for name in _HMAC) + ".", "SHA-256"),
                 examples=(('.a = encode_base16(hmac("what do ya want for nothing?", "Jefe", "SHA-224"))', "{}",
                            '{"a":"a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"}'),))  # fmt: skip
def hmac(value: bytes, key: bytes, algorithm: str) -> bytes:
    """The bytes of the code."""
    return hmac_of.digest(key, value, _named(_HMAC, algorithm))


_CRC: dict[str, Callable[[bytes], int]] = {
    "CRC_32_ISO_HDLC": lambda raw: crc32(raw, "IEEE"),
    "CRC_32_ISCSI": lambda raw: crc32(raw, "Castagnoli"),
    "CRC_64_GO_ISO": lambda raw: crc64(raw, "ISO"),
    "CRC_64_XZ": lambda raw: crc64(raw, "ECMA"),
}


@family.function("crc", "A checksum of a text or bytes, as a text of digits.", _DATA,
                 Parameter("algorithm", "string", ", ".join(f"`{name}`" for name in _CRC) + ".", "CRC_32_ISO_HDLC"),
                 examples=(('.a = crc("foobar")', "{}", '{"a":"2666930069"}'),))  # fmt: skip
def crc(value: bytes, algorithm: str) -> str:
    """The number."""
    if algorithm not in _CRC:
        raise MappingError(f"unknown algorithm {algorithm[:30]}: write one of {', '.join(_CRC)}")
    return str(_CRC[algorithm](value))


@family.function("xxhash", "The xxHash of a text or bytes.", _DATA,
                 Parameter("variant", "string", "`XXH32` or `XXH64`.", "XXH32"),
                 examples=(('.a = xxhash("")', "{}", '{"a":46947589}'),
                           ('.a = xxhash("", "XXH64")', "{}", '{"a":-1205034819632174695}')))  # fmt: skip
def xxhash(value: bytes, variant: str) -> int:
    """The number; of 64 bits with a sign."""
    if variant == "XXH32":
        return xxhash32(value)
    if variant != "XXH64":
        raise MappingError(f"unknown variant {variant[:20]}: write XXH32 or XXH64")
    made = xxhash64(value)
    return made - 2**64 if made >= 2**63 else made
