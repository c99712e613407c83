"""JSON Web Tokens: signed, and read where the signature is right."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter
from conduix.mapping.values import WrongType, data, plain

family = Family("jwt")

_SECRET = Parameter("signing_secret", "string", "The secret, or the key in PEM.")
_ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
_NOTHING = '{"sub":"user123"}'


def _parser(algorithm: str) -> Callable[..., Any]:
    def parse(value: Any, signing_secret: str) -> Any:
        import jwt  # noqa: PLC0415 - loads slowly, few use it

        try:
            with _quiet():
                # the times that it names are checked, whom it is for is the mapping's affair
                options: Any = {"verify_aud": False, "verify_iss": False, "verify_sub": False, "verify_jti": False}
                return jwt.decode(data(value), signing_secret, algorithms=[algorithm], options=options)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise MappingError(f"failed to parse JWT string: {error}") from error

    parse.__doc__ = f"The claims of a token signed with {algorithm}. Raises MappingError where it is not."
    return parse


def _signer(algorithm: str) -> Callable[..., Any]:
    def sign(value: Any, signing_secret: str) -> str:
        import jwt  # noqa: PLC0415 - as above

        if not isinstance(value, dict):
            raise WrongType("object", value)
        claims = plain(value)
        try:
            with _quiet():
                ordered = dict(sorted(claims.items()))
                return jwt.encode(ordered, signing_secret, algorithm=algorithm, sort_headers=True)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise MappingError(f"failed to sign token: {error}") from error

    sign.__doc__ = f"The token of these claims, signed with {algorithm}. Raises MappingError for a key that is none."
    return sign


def _quiet() -> warnings.catch_warnings[None]:
    """A short secret is whoever wrote the mapping's choice: the reference takes it without a word."""
    return warnings.catch_warnings(action="ignore")


for _name in _ALGORITHMS:
    _method = _name.lower()
    _symmetric = _name.startswith("HS")
    _round_trip = f'root.claims = this.sign_jwt_{_method}("dont-tell-anyone").parse_jwt_{_method}("dont-tell-anyone")'
    family.method(
        f"sign_jwt_{_method}", f"An object as the claims of a token, signed with {_name}.", _SECRET,
        examples=((_round_trip, _NOTHING, f'{{"claims":{_NOTHING}}}'),) if _symmetric else (),
        # signing by elliptic curves draws a number; who makes ids of any signature should think again
        deterministic=_symmetric,
    )(_signer(_name))  # fmt: skip
    family.method(
        f"parse_jwt_{_method}", f"The claims of a token that was signed with {_name}.", _SECRET,
        examples=((_round_trip, _NOTHING, f'{{"claims":{_NOTHING}}}'),) if _symmetric else (),
        # a token may have expired since
        deterministic=False,
    )(_parser(_name))  # fmt: skip
