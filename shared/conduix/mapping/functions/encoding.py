"""Encoding bytes as text and back, and compression."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Callable
from mmap import mmap
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import MAX_SIZE, data, refuse_giant

family = Family("encoding")

_SCHEME = Parameter("scheme", "string", "`base64`, `base64url`, `base64rawurl`, `hex`, `ascii85` or `z85`.")

_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_TO_Z85 = bytes.maketrans(_B85, _Z85)
_FROM_Z85 = bytes.maketrans(_Z85, _B85)


def _encode_z85(raw: bytes) -> bytes:
    if len(raw) % 4:
        raise MappingError("z85: the length of the input must be a multiple of 4")
    return base64.b85encode(raw).translate(_TO_Z85)


def _decode_z85(raw: bytes) -> bytes:
    if len(raw) % 5 or any(byte not in _Z85 for byte in raw):
        raise MappingError("z85: wrong character, or a length that is no multiple of 5")
    try:
        return base64.b85decode(raw.translate(_FROM_Z85))
    except ValueError as error:
        raise MappingError("z85: five characters stand for more than four bytes can hold") from error


def _decode_base64(raw: bytes, altchars: bytes | None, *, padded: bool) -> bytes:
    kept = raw.translate(None, b"\r\n")
    if not padded:
        if b"=" in kept:
            raise MappingError(f"illegal base64 data at input byte {kept.index(b'=')}")
        kept += b"=" * (-len(kept) % 4)
    try:
        return base64.b64decode(kept, altchars=altchars, validate=True)
    except binascii.Error as error:
        raise MappingError(f"illegal base64 data: {error}") from error


def _decode_hex(raw: bytes) -> bytes:
    try:
        return binascii.unhexlify(raw)
    except binascii.Error as error:
        raise MappingError(f"encoding/hex: {error}") from error


def _decode_ascii85(raw: bytes) -> bytes:
    try:
        return base64.a85decode(raw)
    except (ValueError, struct.error) as error:
        raise MappingError(f"illegal ascii85 data: {error}") from error


_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
    "base64rawurl": lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"="),
    "hex": binascii.hexlify,
    "ascii85": base64.a85encode,
    "z85": _encode_z85,
}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": lambda raw: _decode_base64(raw, None, padded=True),
    "base64url": lambda raw: _decode_base64(raw, b"-_", padded=True),
    "base64rawurl": lambda raw: _decode_base64(raw, b"-_", padded=False),
    "hex": _decode_hex,
    "ascii85": _decode_ascii85,
    "z85": _decode_z85,
}


def _chosen(table: dict[str, Callable[..., bytes]], name: str, what: str) -> Callable[..., bytes]:
    if name not in table:
        raise MappingError(f"unrecognized {what} type: {name}: write one of {', '.join(table)}")
    return table[name]


def _prepare_encode(scheme: str) -> Callable[[Any], str]:
    encoder = _chosen(_ENCODERS, scheme, "encoding")
    return lambda value: encoder(data(value)).decode("ascii")


@family.method("encode", "Bytes, or a text's bytes, as a text of a scheme.", _SCHEME, prepare=_prepare_encode,
               examples=(('root.a = this.a.encode("hex")', '{"a":"hello"}', '{"a":"68656c6c6f"}'),))  # fmt: skip
def encode(value: Any, scheme: str) -> str:
    """The encoded text."""
    return _prepare_encode(scheme)(value)


def _prepare_decode(scheme: str) -> Callable[[Any], bytes]:
    decoder = _chosen(_DECODERS, scheme, "encoding")
    return lambda value: decoder(data(value))


@family.method("decode", "The bytes that a text of a scheme stands for.", _SCHEME, prepare=_prepare_decode,
               examples=(('root.a = this.a.decode("hex").string()', '{"a":"68656c6c6f"}',
                         '{"a":"hello"}'),))  # fmt: skip
def decode(value: Any, scheme: str) -> bytes:
    """The bytes. Raises MappingError where the text is not of the scheme."""
    return _prepare_decode(scheme)(value)


# compression: window bits say which container zlib writes and expects
_WINDOWS = {"gzip": 31, "pgzip": 31, "zlib": 15, "flate": -15}


def _deflater(algorithm: str) -> Callable[[bytes, int], bytes]:
    def deflate(raw: bytes, level: int) -> bytes:
        worker = zlib.compressobj(level, wbits=_WINDOWS[algorithm])
        return worker.compress(raw) + worker.flush()

    return deflate


def _inflater(algorithm: str) -> Callable[[bytes], bytes]:
    def inflate(raw: bytes) -> bytes:
        worker = zlib.decompressobj(wbits=_WINDOWS[algorithm])
        try:
            made = worker.decompress(raw, MAX_SIZE + 1)
        except zlib.error as error:
            raise MappingError(f"{algorithm}: {error}") from error
        refuse_giant(len(made))
        if not worker.eof:
            raise MappingError(f"{algorithm}: unexpected end of the data")
        return made

    return inflate


def _foreign(algorithm: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What makes and what reads; snappy without the frames of its streams, as the reference."""
    import cramjam  # noqa: PLC0415 - loads slowly, few use it

    module: Any = getattr(cramjam, algorithm)
    if algorithm == "snappy":
        return module.compress_raw, module.decompress_raw_into
    return module.compress, module.decompress_into


def _foreign_deflater(algorithm: str) -> Callable[[bytes, int], bytes]:
    def deflate(raw: bytes, level: int) -> bytes:
        make = _foreign(algorithm)[0]
        return bytes(make(raw) if level < 0 or algorithm == "snappy" else make(raw, level=level))

    return deflate


def _foreign_inflater(algorithm: str) -> Callable[[bytes], bytes]:
    def inflate(raw: bytes) -> bytes:
        import cramjam  # noqa: PLC0415 - as above

        # no more than that is ever unpacked, whatever a header promises; of a map only what is written takes memory
        with mmap(-1, MAX_SIZE) as room:
            try:
                length: int = _foreign(algorithm)[1](raw, room)
            except cramjam.DecompressionError as error:
                raise MappingError(f"{algorithm}: {error}") from error
            return room[:length]

    return inflate


def _inflate_bzip2(raw: bytes) -> bytes:
    import bz2  # noqa: PLC0415 - few use it

    worker = bz2.BZ2Decompressor()
    try:
        made = worker.decompress(raw, MAX_SIZE + 1)
    except OSError as error:
        raise MappingError(f"bzip2: {error}") from error
    refuse_giant(len(made))
    if not worker.eof:
        raise MappingError("bzip2: unexpected end of the data")
    return made


_FOREIGN = ("lz4", "snappy", "zstd")
_COMPRESSORS: dict[str, Callable[..., bytes]] = {name: _deflater(name) for name in _WINDOWS} | {
    name: _foreign_deflater(name) for name in _FOREIGN
}
_DECOMPRESSORS: dict[str, Callable[..., bytes]] = {
    **{name: _inflater(name) for name in _WINDOWS},
    **{name: _foreign_inflater(name) for name in _FOREIGN},
    "bzip2": _inflate_bzip2,
}


@family.method("compress", "Bytes, or a text's bytes, compressed.",
               Parameter("algorithm", "string", "`gzip`, `zlib`, `flate`, `lz4`, `snappy` or `zstd`."),
               Parameter("level", "integer", "From 0, fast, to 9, small; -1 for the usual.", -1),
               examples=(('root.a = this.a.compress("zlib").decompress("zlib").string()', '{"a":"hi"}',
                         '{"a":"hi"}'),))  # fmt: skip
def compress(value: Any, algorithm: str, level: int) -> bytes:
    """The compressed bytes."""
    if not -1 <= level <= 9:
        raise MappingError(f"a compression level of {level} is not within -1 to 9")
    return _chosen(_COMPRESSORS, algorithm, "compression")(data(value), level)


@family.method("decompress", "Compressed bytes as they were.",
               Parameter("algorithm", "string", "As with `compress`, or `bzip2`."),
               examples=(('root.a = this.a.compress("gzip").decompress("gzip").string()', '{"a":"hi"}',
                         '{"a":"hi"}'),))  # fmt: skip
def decompress(value: Any, algorithm: str) -> bytes:
    """The bytes, which may be 10 MB at most."""
    return _chosen(_DECOMPRESSORS, algorithm, "decompression")(data(value))


@family.function("bytes", "So many bytes, all of them zero.", Parameter("length", "integer", "How many."),
                 examples=(('root.a = bytes(2).encode("hex")', "{}", '{"a":"0000"}'),))  # fmt: skip
def zeros(length: int) -> bytes:
    """The bytes."""
    if length < 0:
        raise MappingError(f"a length of {length} is below 0")
    refuse_giant(length)
    return bytes(length)


@family.function("with_schema_registry_header", "A message behind the five bytes that name its schema in a registry.",
                 Parameter("schema_id", "integer", "The identifier of the schema."),
                 Parameter("message", "data", "The message as it was encoded."),
                 examples=(('root.a = with_schema_registry_header(258, "x").encode("hex")', "{}",
                            '{"a":"000000010278"}'),))  # fmt: skip
def with_schema_registry_header(schema_id: int, message: bytes) -> bytes:
    """A zero, four bytes of the identifier, the message."""
    if not 0 <= schema_id < 2**32:
        raise MappingError(f"the identifier of a schema is from 0 to 4294967295, this is {schema_id}")
    return struct.pack(">xI", schema_id) + message
