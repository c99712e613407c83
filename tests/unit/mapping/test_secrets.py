"""Encryption, tokens, compression and identifiers: published vectors, what was tampered with, what is too large."""

from __future__ import annotations

import re
from typing import Any

import cramjam
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conduix.errors import MappingError
from tests.unit.mapping.run import ev

KEY, KEY32 = "2b7e151628aed2a6abf7158809cf4f3c", "feffe9928665731c6d6a8f9467308308" * 2
BLOCK = "000102030405060708090a0b0c0d0e0f"


def aes(verb: str, scheme: str, key: str, iv: str) -> str:
    return f'this.decode("hex").{verb}_aes("{scheme}", "{key}".decode("hex"), "{iv}".decode("hex")).encode("hex")'


@pytest.mark.parametrize(
    ("scheme", "key", "iv", "plain", "secret"),
    [
        # NIST SP 800-38A, F.2.1, F.4.1, F.5.1; the last one is of the reference's own tests
        ("cbc", KEY, BLOCK, "6bc1bee22e409f96e93d7e117393172a", "7649abac8119b246cee98e9b12e9197d"),
        ("ofb", KEY, BLOCK, "6bc1bee22e409f96e93d7e117393172a", "3b3fd92eb72dad20333449f8e83cfb4a"),
        ("ctr", KEY, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "6bc1bee22e409f96", "874d6191b620e326"),
        ("gcm", KEY32, "54cc7dc2c37ec006bcc6d1da", "007c5e5b3e59df24a7c355584fc1518d",
         "d50b9e252b70945d4240d351677eb10f937cdaef6f2822b6a3191654ba41b197"),
    ],
)  # fmt: skip
def test_aes_makes_what_is_published_and_takes_it_back(scheme: str, key: str, iv: str, plain: str, secret: str) -> None:
    assert ev(aes("encrypt", scheme, key, iv), plain) == secret
    assert ev(aes("decrypt", scheme, key, iv), secret) == plain


@pytest.mark.parametrize(
    ("mapping", "value", "said"),
    [
        (aes("encrypt", "cbc", KEY, BLOCK), "00", "not a multiple of the block size"),
        (aes("decrypt", "cbc", KEY, BLOCK), "0000", "not a multiple of the block size"),
        (aes("encrypt", "ecb", KEY, BLOCK), "00", "unrecognized encryption type: ecb"),
        (aes("encrypt", "ctr", "00", BLOCK), "00", "16, 24 or 32 bytes"),
        (aes("encrypt", "ctr", KEY, "00"), "00", "has 16 bytes, this one has 1"),
        (aes("decrypt", "gcm", KEY32, "54cc7dc2c37ec006bcc6d1da"), "00" * 32, "message authentication failed"),
        ('this.compare_bcrypt("nothing")', "x", "compare_bcrypt"),
        ('this.compare_argon2("$scrypt$")', "x", "does not begin with"),
        ('this.compare_argon2("$argon2id$broken")', "x", "compare_argon2"),
        ('this.parse_jwt_hs256("k")', "no.token", "failed to parse JWT string"),
        ('this.sign_jwt_rs256("no pem")', {"a": 1}, "failed to sign token"),
        ('this.sign_jwt_hs256("k")', "text", "expected object"),
        ('this.decompress("zstd")', "no zstd", "zstd"),
        ('this.decompress("snappy")', "no snappy", "snappy"),
    ],
)
def test_what_cannot_be_right_is_told(mapping: str, value: Any, said: str) -> None:
    with pytest.raises(MappingError, match=re.escape(said)):
        ev(mapping, value)


def test_a_token_is_read_only_with_its_algorithm_and_its_key() -> None:
    claims = {"sub": "user123", "admin": True}
    token = ev('this.sign_jwt_hs256("secret")', claims)
    assert ev('this.parse_jwt_hs256("secret")', token) == claims
    for other in ('this.parse_jwt_hs256("another")', 'this.parse_jwt_hs512("secret")'):
        with pytest.raises(MappingError):
            ev(other, token)
    nobody = jwt.encode(claims, "", algorithm="none")
    with pytest.raises(MappingError):
        ev('this.parse_jwt_hs256("secret")', nobody)
    with pytest.raises(MappingError, match="expired"):
        ev('this.sign_jwt_hs256("s").parse_jwt_hs256("s")', {"exp": 1})


@pytest.mark.parametrize("algorithm", ["rs256", "rs512", "es256", "es384"])
def test_asymmetric_tokens_go_round(algorithm: str) -> None:
    curve = ec.SECP384R1() if algorithm == "es384" else ec.SECP256R1()
    key = ec.generate_private_key(curve) if algorithm[:2] == "es" else rsa.generate_private_key(65537, 2048)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    mapping = f'this.sign_jwt_{algorithm}("""{private}""").parse_jwt_{algorithm}("""{public}""")'
    assert ev(mapping, {"sub": "1"}) == {"sub": "1"}


@pytest.mark.parametrize("algorithm", ["lz4", "snappy", "zstd"])
def test_compression_goes_round_and_bombs_do_not_unpack(algorithm: str) -> None:
    assert ev(f'this.compress("{algorithm}").decompress("{algorithm}").string()', "hé" * 999) == "hé" * 999
    module: Any = getattr(cramjam, algorithm)
    make = module.compress_raw if algorithm == "snappy" else module.compress
    bomb = bytes(make(bytes(11 * 1024 * 1024))).hex()
    with pytest.raises(MappingError, match=algorithm):
        ev(f'this.decode("hex").decompress("{algorithm}")', bomb)


@pytest.mark.parametrize(
    ("mapping", "shape"),
    [
        ("ulid()", "[0-9A-HJKMNP-TV-Z]{26}"),
        ('ulid("hex")', "[0-9a-f]{32}"),
        ("ksuid()", "[0-9A-Za-z]{27}"),
        ("snowflake_id()", "[1-9][0-9]{17,18}"),
    ],
)
def test_identifiers_have_their_shape_sort_by_time_and_never_come_twice(mapping: str, shape: str) -> None:
    made = [ev(mapping, None) for _ in range(500)]
    assert all(re.fullmatch(shape, one) for one in made)
    assert len(set(made)) == 500
    if mapping == "snowflake_id()":
        assert [int(one) for one in made] == sorted(int(one) for one in made)


@pytest.mark.parametrize("mapping", ['ulid("base7")', 'ulid("hex", "dice")', "snowflake_id(1024)"])
def test_identifiers_refuse_what_they_do_not_know(mapping: str) -> None:
    with pytest.raises(MappingError):
        ev(mapping, None)
