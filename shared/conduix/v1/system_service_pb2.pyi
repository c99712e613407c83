import datetime

from conduix.v1 import common_pb2 as _common_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInfoResponse(_message.Message):
    __slots__ = ("version", "server_id", "started_at", "now")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    version: str
    server_id: str
    started_at: _timestamp_pb2.Timestamp
    now: _timestamp_pb2.Timestamp
    def __init__(self, version: _Optional[str] = ..., server_id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., now: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetClusterStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetClusterStatusResponse(_message.Message):
    __slots__ = ("servers", "database", "agents_connected", "agents_known", "pipelines", "pipelines_running")
    SERVERS_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_CONNECTED_FIELD_NUMBER: _ClassVar[int]
    AGENTS_KNOWN_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_RUNNING_FIELD_NUMBER: _ClassVar[int]
    servers: _containers.RepeatedCompositeFieldContainer[ServerStatus]
    database: str
    agents_connected: int
    agents_known: int
    pipelines: int
    pipelines_running: int
    def __init__(self, servers: _Optional[_Iterable[_Union[ServerStatus, _Mapping]]] = ..., database: _Optional[str] = ..., agents_connected: _Optional[int] = ..., agents_known: _Optional[int] = ..., pipelines: _Optional[int] = ..., pipelines_running: _Optional[int] = ...) -> None: ...

class ServerStatus(_message.Message):
    __slots__ = ("server_id", "version", "started_at", "seen_at", "streams")
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    SEEN_AT_FIELD_NUMBER: _ClassVar[int]
    STREAMS_FIELD_NUMBER: _ClassVar[int]
    server_id: str
    version: str
    started_at: _timestamp_pb2.Timestamp
    seen_at: _timestamp_pb2.Timestamp
    streams: int
    def __init__(self, server_id: _Optional[str] = ..., version: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., seen_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., streams: _Optional[int] = ...) -> None: ...

class GetStageCatalogRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStageCatalogResponse(_message.Message):
    __slots__ = ("entries", "document_schema")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[CatalogEntry]
    document_schema: str
    def __init__(self, entries: _Optional[_Iterable[_Union[CatalogEntry, _Mapping]]] = ..., document_schema: _Optional[str] = ...) -> None: ...

class CatalogEntry(_message.Message):
    __slots__ = ("role", "type", "aliases", "summary", "guarantee", "extra", "options_schema")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    GUARANTEE_FIELD_NUMBER: _ClassVar[int]
    EXTRA_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    role: _common_pb2.NodeRole
    type: str
    aliases: _containers.RepeatedScalarFieldContainer[str]
    summary: str
    guarantee: str
    extra: str
    options_schema: str
    def __init__(self, role: _Optional[_Union[_common_pb2.NodeRole, str]] = ..., type: _Optional[str] = ..., aliases: _Optional[_Iterable[str]] = ..., summary: _Optional[str] = ..., guarantee: _Optional[str] = ..., extra: _Optional[str] = ..., options_schema: _Optional[str] = ...) -> None: ...

class GetDashboardRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDashboardResponse(_message.Message):
    __slots__ = ("cluster", "points", "step")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    cluster: GetClusterStatusResponse
    points: _containers.RepeatedCompositeFieldContainer[DashboardPoint]
    step: _duration_pb2.Duration
    def __init__(self, cluster: _Optional[_Union[GetClusterStatusResponse, _Mapping]] = ..., points: _Optional[_Iterable[_Union[DashboardPoint, _Mapping]]] = ..., step: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DashboardPoint(_message.Message):
    __slots__ = ("at", "agents_online", "agents_offline", "pipelines_running", "pipelines_failed", "pipelines_paused", "records_in_per_second", "records_out_per_second", "records_dead_per_second", "restarts")
    AT_FIELD_NUMBER: _ClassVar[int]
    AGENTS_ONLINE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_OFFLINE_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_RUNNING_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_FAILED_FIELD_NUMBER: _ClassVar[int]
    PIPELINES_PAUSED_FIELD_NUMBER: _ClassVar[int]
    RECORDS_IN_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    RECORDS_OUT_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    RECORDS_DEAD_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    agents_online: int
    agents_offline: int
    pipelines_running: int
    pipelines_failed: int
    pipelines_paused: int
    records_in_per_second: float
    records_out_per_second: float
    records_dead_per_second: float
    restarts: int
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., agents_online: _Optional[int] = ..., agents_offline: _Optional[int] = ..., pipelines_running: _Optional[int] = ..., pipelines_failed: _Optional[int] = ..., pipelines_paused: _Optional[int] = ..., records_in_per_second: _Optional[float] = ..., records_out_per_second: _Optional[float] = ..., records_dead_per_second: _Optional[float] = ..., restarts: _Optional[int] = ...) -> None: ...
