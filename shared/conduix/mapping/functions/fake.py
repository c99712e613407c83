"""Made-up data: names, addresses, times and numbers that look real and belong to nobody."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from conduix.errors import MappingError
from conduix.mapping.functions.declare import Family, Parameter

family = Family("fake")

_random = random.Random()  # noqa: S311 - made-up data needs no secrecy


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_MALE = _listed("Adam Bruno Carl David Emil Felix George Henry Ivan James Karim Leo Martin Noah Oscar Peter Quinn")
_FEMALE = _listed("Anna Berta Clara Diana Elena Fatima Greta Hanna Ines Julia Karin Lena Maria Nora Olga Paula")
_LAST = _listed("Abbott Baker Cohen Diaz Evans Fischer Garcia Hughes Ito Jensen Khan Lopez Meyer Novak Okafor")
_WORDS = _listed(
    "amber basin cedar delta ember field grove harbor island jungle kettle lantern meadow needle orchard pebble "
    "quarry river saddle timber umber valley willow yonder"
)
_CHINESE_LAST: Final = "王李张刘陈杨黄赵周吴"
_CHINESE_FIRST: Final = ("伟", "芳", "娜", "敏", "静", "建国", "秀英", "明", "丽", "强")
_DOMAINS: Final = ("example.com", "example.net", "example.org")
_CURRENCIES: Final = ("AUD", "BRL", "CHF", "CNY", "EUR", "GBP", "INR", "JPY", "USD", "ZAR")
_CARDS: Final = {"VISA": ("4", 16), "MasterCard": ("55", 16), "American Express": ("37", 15), "Discover": ("6011", 16)}
_DAY: Final = 86_400


def _pick(choices: Any) -> Any:
    return _random.choice(choices)


def _moment() -> datetime:
    """A second between 1970 and 2026."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=_random.randrange(56 * 365 * _DAY))


def _written(layout: str) -> Callable[[], str]:
    return lambda: _moment().strftime(layout)


def _digits(count: int) -> str:
    return "".join(_random.choice("0123456789") for _ in range(count))


def _first() -> str:
    return str(_pick(_MALE + _FEMALE))


def _sentence() -> str:
    return " ".join(_pick(_WORDS) for _ in range(_random.randint(4, 10))).capitalize() + "."


def _username() -> str:
    return f"{_first()}{_pick(_LAST)}".lower() + _digits(2)


def _password() -> str:
    return "".join(_random.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(20))


def _card() -> str:
    """A number of no account whose check digit is right."""
    prefix, length = _random.choice(list(_CARDS.values()))
    body = prefix + _digits(length - len(prefix) - 1)
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def _token() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": _digits(10), "name": _first(), "iat": int(_moment().timestamp())})
    heads = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join((*heads, base64.urlsafe_b64encode(_random.randbytes(32)).rstrip(b"=").decode()))


def _identifier() -> uuid.UUID:
    return uuid.UUID(int=_random.getrandbits(128), version=4)


_MAKERS: Final[dict[str, Callable[[], Any]]] = {
    "latitude": lambda: round(_random.uniform(-90, 90), 6),
    "longitude": lambda: round(_random.uniform(-180, 180), 6),
    "unix_time": lambda: int(_moment().timestamp()),
    "date": _written("%Y-%m-%d"),
    "time_string": _written("%H:%M:%S"),
    "month_name": _written("%B"),
    "year_string": _written("%Y"),
    "day_of_week": _written("%A"),
    "day_of_month": lambda: str(_moment().day),
    "timestamp": _written("%Y-%m-%d %H:%M:%S"),
    "century": lambda: _pick(("XVI", "XVII", "XVIII", "XIX", "XX", "XXI")),
    "timezone": lambda: _pick(sorted(available_timezones())),
    "time_period": lambda: _pick(("AM", "PM")),
    "email": lambda: f"{_username()}@{_pick(_DOMAINS)}",
    "mac_address": lambda: ":".join(f"{byte:02x}" for byte in _random.randbytes(6)),
    "domain_name": lambda: f"{_pick(_WORDS)}.{_pick(_DOMAINS)}",
    "url": lambda: f"https://{_pick(_DOMAINS)}/{_pick(_WORDS)}",
    "username": _username,
    # the ranges that are set aside for documentation
    "ipv4": lambda: f"{_pick(('192.0.2', '198.51.100', '203.0.113'))}.{_random.randint(1, 254)}",
    "ipv6": lambda: "2001:db8:" + ":".join(f"{_random.getrandbits(16):x}" for _ in range(6)),
    "password": _password,
    "jwt": _token,
    "word": lambda: _pick(_WORDS),
    "sentence": _sentence,
    "paragraph": lambda: " ".join(_sentence() for _ in range(_random.randint(3, 6))),
    "cc_type": lambda: _pick(tuple(_CARDS)),
    "cc_number": _card,
    "currency": lambda: _pick(_CURRENCIES),
    "amount_with_currency": lambda: f"{_pick(_CURRENCIES)} {_random.randrange(1, 10**7) / 100:.2f}",
    "title_male": lambda: _pick(("Mr.", "Dr.", "Prof.", "Lord", "King", "Prince")),
    "title_female": lambda: _pick(("Mrs.", "Ms.", "Miss", "Dr.", "Prof.", "Lady", "Queen", "Princess")),
    "first_name": _first,
    "first_name_male": lambda: _pick(_MALE),
    "first_name_female": lambda: _pick(_FEMALE),
    "last_name": lambda: _pick(_LAST),
    "name": lambda: f"{_first()} {_pick(_LAST)}",
    "gender": lambda: _pick(("Female", "Male", "Prefer to skip")),
    "chinese_first_name": lambda: _pick(_CHINESE_FIRST),
    "chinese_last_name": lambda: _pick(_CHINESE_LAST),
    "chinese_name": lambda: _pick(_CHINESE_LAST) + _pick(_CHINESE_FIRST),
    "phone_number": lambda: f"{_random.randint(200, 999)}-555-{_digits(4)}",
    "toll_free_phone_number": lambda: f"(888) 555-{_digits(4)}",
    "e164_phone_number": lambda: f"+1{_random.randint(200, 999)}555{_digits(4)}",
    "uuid_hyphenated": lambda: str(_identifier()),
    "uuid_digit": lambda: _identifier().hex,
}


@family.function("fake", "A made-up value of a kind: " + ", ".join(f"`{kind}`" for kind in _MAKERS) + ".",
                 Parameter("function", "string", "The kind.", ""), deterministic=False)  # fmt: skip
def fake(kind: str) -> Any:
    """A value that belongs to nobody."""
    maker = _MAKERS.get(kind or "uuid_hyphenated")
    if maker is None:
        raise MappingError(f"there is nothing made up of the kind {kind[:100]}: write one of {', '.join(_MAKERS)}")
    return maker()
