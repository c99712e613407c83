"""Addresses of the Internet Protocol."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from conduix.errors import MappingError
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.values import array, text

family = Family("network", prefix=REMAP)

_VALUE = Parameter("value", "string", "The address.")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(value: str) -> _Address:
    try:
        return ipaddress.ip_address(value)
    except ValueError as error:
        raise MappingError(f'unable to parse IP address "{value[:100]}"') from error


def _v4(value: str) -> ipaddress.IPv4Address:
    found = _address(value)
    if not isinstance(found, ipaddress.IPv4Address):
        raise MappingError(f'"{value}" is no address of version 4')
    return found


@family.function("ip_aton", "An IPv4 address as a number.", _VALUE,
                 examples=(('.a = ip_aton!("1.2.3.4")', "{}", '{"a":16909060}'),))  # fmt: skip
def ip_aton(value: str) -> int:
    """The number of 32 bits."""
    return int(_v4(value))


@family.function("ip_ntoa", "The IPv4 address of a number.", Parameter("value", "integer", "The number."),
                 examples=((".a = ip_ntoa!(16909060)", "{}", '{"a":"1.2.3.4"}'),))  # fmt: skip
def ip_ntoa(value: int) -> str:
    """The address."""
    if not 0 <= value < 2**32:
        raise MappingError(f"an IPv4 address is a number from 0 to 4294967295, this is {value}")
    return str(ipaddress.IPv4Address(value))


@family.function("ip_cidr_contains", "Whether an address is within a network, or one of several.",
                 Parameter("cidr", "any", "A network such as `192.168.0.0/16`, or an array of them."), _VALUE,
                 examples=(('.a = ip_cidr_contains!("192.168.0.0/16", "192.168.10.32")', "{}",
                            '{"a":true}'),))  # fmt: skip
def ip_cidr_contains(cidr: Any, value: str) -> bool:
    """Whether it is."""
    address = _address(value)
    return any(address in _network(text(each)) for each in (array(cidr) if isinstance(cidr, list) else [cidr]))


def _network(written: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(written, strict=False)
    except ValueError as error:
        raise MappingError(f'unable to parse CIDR "{written[:100]}": {error}') from error


@family.function("ip_subnet", "The address of the network that an address is in.", _VALUE,
                 Parameter("subnet", "string", "A mask such as `255.255.255.0`, or `/24`."),
                 examples=(('.a = ip_subnet!("192.168.10.32", "255.255.255.0")', "{}",
                            '{"a":"192.168.10.0"}'),))  # fmt: skip
def ip_subnet(value: str, subnet: str) -> str:
    """The first address of the network."""
    return str(_network(f"{_address(value)}/{subnet.removeprefix('/')}").network_address)


@family.function("ip_to_ipv6", "An address as one of version 6.", _VALUE,
                 examples=(('.a = ip_to_ipv6!("192.168.10.32")', "{}", '{"a":"::ffff:192.168.10.32"}'),))  # fmt: skip
def ip_to_ipv6(value: str) -> str:
    """The address; one of version 6 as it is."""
    found = _address(value)
    return f"::ffff:{found}" if isinstance(found, ipaddress.IPv4Address) else str(found)


@family.function("ipv6_to_ipv4", "The IPv4 address that an IPv6 address stands for.", _VALUE,
                 examples=(('.a = ipv6_to_ipv4!("::ffff:192.168.0.1")', "{}", '{"a":"192.168.0.1"}'),))  # fmt: skip
def ipv6_to_ipv4(value: str) -> str:
    """The address; one of version 4 as it is."""
    found = _address(value)
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is None:
        raise MappingError(f"IPv6 address {value} is not compatible with IPv4")
    return str(found.ipv4_mapped)


@family.function("ip_version", "The version of an address: `IPv4` or `IPv6`.", _VALUE,
                 examples=(('.a = ip_version!("::1")', "{}", '{"a":"IPv6"}'),))  # fmt: skip
def ip_version(value: str) -> str:
    """The version."""
    return f"IPv{_address(value).version}"


def _asking(version: int, sample: str) -> None:
    def is_version(value: str) -> bool:
        try:
            return ipaddress.ip_address(value).version == version
        except ValueError:
            return False

    asked: Callable[[str], bool] = is_version
    asked.__doc__ = f"Whether the text is an address of version {version}."
    family.function(f"is_ipv{version}", f"Whether a text is an address of version {version}.", _VALUE,
                    examples=((f'.a = is_ipv{version}("{sample}")', "{}", '{"a":true}'),))(asked)  # fmt: skip


_asking(4, "10.0.0.1")
_asking(6, "2001:db8::1")
