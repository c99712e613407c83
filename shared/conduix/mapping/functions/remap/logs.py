"""Lines of log files: syslog, and those of web servers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from conduix.errors import MappingError
from conduix.mapping import strftime
from conduix.mapping.functions.declare import REMAP, Family, Parameter
from conduix.mapping.timestamps import read
from conduix.mapping.values import Timestamp

family = Family("logs", prefix=REMAP)

_VALUE = Parameter("value", "string", "The line.")
_CLF_TIME: Final = "%d/%b/%Y:%H:%M:%S %z"
_NUMBERS: Final = frozenset({
    "status", "size", "pid", "cid", "port", "excess", "body_bytes_size", "request_length", "upstream_status",
})  # fmt: skip

# no group can give back what another takes, so that the time grows with the line only
_COMMON: Final = (
    r"(?P<host>\S+) (?P<identity>\S+) (?P<user>\S+) \[(?P<timestamp>[^\]]+)\] "
    r'"(?P<message>(?:(?P<method>[A-Z]+) (?P<path>[^" ]+)(?: (?P<protocol>[^" ]+))?|[^"]*))" '
    r"(?P<status>\d{1,9}|-) (?P<size>\d{1,18}|-)"
)
_COMBINED: Final = _COMMON + r' "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"'
_APACHE_ERROR: Final = (
    r"\[(?P<timestamp>[^\]]+)\] \[(?:(?P<module>[^:\]]*):)?(?P<severity>[^\]]+)\]"
    r"(?: \[pid (?P<pid>\d{1,18})(?::tid (?P<thread>[^\]]+))?\])?"
    r"(?: \[client (?P<client>[^\]]*?)(?::(?P<port>\d{1,5}))?\])? (?P<message>.*)"
)
_NGINX_COMBINED: Final = (
    r"(?P<client>\S+) - (?P<user>\S+) \[(?P<timestamp>[^\]]+)\] "
    r'"(?P<request>[^"]*)" (?P<status>\d{1,9}) (?P<size>\d{1,18}) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"'
    r'(?: "(?P<compression>[^"]*)")?'
)
_NGINX_ERROR: Final = (
    r"(?P<timestamp>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<severity>\w+)\] (?P<pid>\d{1,18})#(?P<tid>\d{1,18}):"
    r"(?: \*(?P<cid>\d{1,18}))? (?P<message>.*?)(?:, client: (?P<client>[^,]+))?(?:, server: (?P<server>[^,]*))?"
    r'(?:, request: "(?P<request>[^"]*)")?(?:, upstream: "(?P<upstream>[^"]*)")?(?:, host: "(?P<host>[^"]*)")?'
    r'(?:, referrer: "(?P<referer>[^"]*)")?'
)


def _example(call: str, line: str, result: Any) -> tuple[tuple[str, str, str], ...]:
    record = {"line": line}
    return ((f".a = {call}", json.dumps(record), json.dumps(record | {"a": result})),)


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source + r"\s*", re.DOTALL | re.ASCII)


def _found(value: str, source: str, layout: str, what: str) -> dict[str, Any]:
    match = _pattern(source).fullmatch(value) if len(value) <= 100_000 else None
    if match is None:
        raise MappingError(f"failed parsing {what} line: {value[:100]}")
    return {name: _typed(name, part, layout) for name, part in match.groupdict().items() if part not in {None, "-", ""}}


def _typed(name: str, part: str, layout: str) -> Any:
    if name == "timestamp":
        return strftime.parser(layout)(part)
    return int(part) if name in _NUMBERS else part


_FORMAT = Parameter("format", "string", "`common`, `combined` or `error`.")
_LAYOUT = Parameter("timestamp_format", "string", "Directives of strftime.", None)


@family.function("parse_common_log", "The parts of a line in the Common Log Format.", _VALUE, _LAYOUT,
                 examples=_example("parse_common_log!(.line)",
                                   '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326',
                                   {"host": "127.0.0.1", "user": "frank", "timestamp": "2000-10-10T13:55:36-07:00",
                                    "message": "GET /a.gif HTTP/1.0", "method": "GET", "path": "/a.gif",
                                    "protocol": "HTTP/1.0", "status": 200, "size": 2326}))  # fmt: skip
def parse_common_log(value: str, layout: str | None) -> dict[str, Any]:
    """What is in the line; `-` is left out."""
    return _found(value, _COMMON, layout or _CLF_TIME, "common log")


@family.function("parse_apache_log", "The parts of a line of Apache's logs.", _VALUE, _FORMAT, _LAYOUT,
                 examples=_example('parse_apache_log!(.line, "error").severity',
                                   "[Wed Oct 11 14:32:52 2000] [core:error] [pid 35708:tid 4328636416] "
                                   "[client 72.15.99.187:54321] File does not exist", "error"))  # fmt: skip
def parse_apache_log(value: str, form: str, layout: str | None) -> dict[str, Any]:
    """What is in the line; `-` is left out."""
    if form == "error":
        return _found(value, _APACHE_ERROR, layout or _apache_time(value), "Apache error log")
    source = _chosen({"common": _COMMON, "combined": _COMBINED}, form)
    return _found(value, source, layout or _CLF_TIME, f"Apache {form} log")


def _apache_time(value: str) -> str:
    return "%a %b %d %H:%M:%S.%f %Y" if "." in value[: value.find("]")] else "%a %b %d %H:%M:%S %Y"


@family.function("parse_nginx_log", "The parts of a line of nginx's logs.", _VALUE,
                 Parameter("format", "string", "`combined` or `error`."), _LAYOUT,
                 examples=_example('parse_nginx_log!(.line, "combined").request',
                                   '172.17.0.1 - - [31/Mar/2021:12:04:07 +0000] "GET / HTTP/1.1" 200 612 "-" "curl"',
                                   "GET / HTTP/1.1"))  # fmt: skip
def parse_nginx_log(value: str, form: str, layout: str | None) -> dict[str, Any]:
    """What is in the line; `-` is left out."""
    source = _chosen({"combined": _NGINX_COMBINED, "error": _NGINX_ERROR}, form)
    usual = "%Y/%m/%d %H:%M:%S" if form == "error" else _CLF_TIME
    return _found(value, source, layout or usual, f"nginx {form} log")


def _chosen(known: Mapping[str, str], form: str) -> str:
    if form not in known:
        raise MappingError(f"unknown format {form[:30]}: write {', '.join(known)} or error")
    return known[form]


# syslog

_SEVERITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
)  # fmt: skip
_PRIORITY: Final = r"(?:<(?P<priority>\d{1,3})>)"
_RFC5424: Final = (
    _PRIORITY + r"(?P<version>\d{1,2}) (?P<timestamp>\S+) (?P<hostname>\S+) (?P<appname>\S+) (?P<procid>\S+) "
    r'(?P<msgid>\S+) (?P<data>-|(?:\[(?:[^\]"\\]|"(?:[^"\\]|\\.)*"|\\.)*\])+)(?: (?P<message>.*))?'
)
_RFC3164: Final = (
    _PRIORITY + r"?(?P<timestamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (?P<hostname>\S+) "
    r"(?P<appname>[^\s:\[]+)(?:\[(?P<procid>[^\]]*)\])?: ?(?P<message>.*)"
)
_ELEMENT: Final = re.compile(r'\[([^\s\]="]+)((?: [^\s=\]"]+="(?:[^"\\]|\\.)*")*)\]')
_PARAMETER: Final = re.compile(r' ([^\s=\]"]+)="((?:[^"\\]|\\.)*)"')


@family.function("parse_syslog", "The parts of a message of syslog, of RFC 5424 or RFC 3164.", _VALUE,
                 examples=_example("parse_syslog!(.line)",
                                   '<13>1 2020-03-13T20:45:38.119Z web1 app 2426 ID9 [x@9 k="v"] hello',
                                   {"facility": "user", "severity": "notice", "version": 1, "hostname": "web1",
                                    "timestamp": "2020-03-13T20:45:38.119Z", "appname": "app", "procid": 2426,
                                    "msgid": "ID9", "message": "hello", "x@9": {"k": "v"}}))  # fmt: skip
def parse_syslog(value: str) -> dict[str, Any]:
    """What is in the message; `-` is left out. A time without a year is of this one."""
    line = value.strip() if len(value) <= 100_000 else ""
    match = _pattern(_RFC5424).fullmatch(line) or _pattern(_RFC3164).fullmatch(line)
    if match is None:
        raise MappingError(f"unable to parse syslog message: {value[:100]}")
    parts = {name: part for name, part in match.groupdict().items() if part not in {None, "-", ""}}
    made: dict[str, Any] = {}
    if "priority" in parts:
        facility, severity = divmod(int(parts["priority"]), 8)
        if facility < len(_FACILITIES):
            made["facility"] = _FACILITIES[facility]
        made["severity"] = _SEVERITIES[severity]
    if "version" in parts:
        made["version"] = int(parts["version"])
    if "timestamp" in parts:
        made["timestamp"] = _syslog_time(parts["timestamp"])
    made |= {name: parts[name] for name in ("hostname", "appname", "msgid", "message") if name in parts}
    if "procid" in parts:
        made["procid"] = int(parts["procid"]) if re.fullmatch(r"[0-9]{1,18}", parts["procid"]) else parts["procid"]
    return made | _structured(parts.get("data", ""))


def _structured(written: str) -> dict[str, Any]:
    return {
        element[1]: {name: re.sub(r"\\([\"\\\]])", r"\1", text) for name, text in _PARAMETER.findall(element[2])}
        for element in _ELEMENT.finditer(written)
    }


def _syslog_time(written: str) -> Timestamp:
    if written[:1].isdigit():
        return read(written)
    year = datetime.now(UTC).year
    return strftime.parser("%Y %b %d %H:%M:%S")(f"{year} {written[:3]} {int(written[4:6]):02d}{written[6:]}")
