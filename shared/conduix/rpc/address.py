"""Addresses, `host:port`: which of them stay on this machine. Imports no gRPC."""

from __future__ import annotations

import ipaddress


def is_loopback_host(host: str) -> bool:
    """Does nobody but this machine reach it? Names other than `localhost` may lead anywhere."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """Does `host:port` stay on this machine, so that nobody listens in between?"""
    return is_loopback_host(address.rpartition(":")[0].strip("[]"))
