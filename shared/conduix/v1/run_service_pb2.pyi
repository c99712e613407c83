import datetime

from buf.validate import validate_pb2 as _validate_pb2
from conduix.v1 import common_pb2 as _common_pb2
from conduix.v1 import operation_service_pb2 as _operation_service_pb2
from conduix.v1 import pipeline_service_pb2 as _pipeline_service_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Run(_message.Message):
    __slots__ = ("id", "pipeline_id", "pipeline_name", "revision", "run_seq", "state", "detail", "started_at", "ended_at", "records_in", "records_out", "records_filtered", "records_dead", "restarts", "started_by", "nodes")
    ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_NAME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    RUN_SEQ_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_IN_FIELD_NUMBER: _ClassVar[int]
    RECORDS_OUT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FILTERED_FIELD_NUMBER: _ClassVar[int]
    RECORDS_DEAD_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    STARTED_BY_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    id: str
    pipeline_id: str
    pipeline_name: str
    revision: int
    run_seq: int
    state: _pipeline_service_pb2.PipelineState
    detail: str
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    records_in: int
    records_out: int
    records_filtered: int
    records_dead: int
    restarts: int
    started_by: str
    nodes: _containers.RepeatedCompositeFieldContainer[_pipeline_service_pb2.NodeCounts]
    def __init__(self, id: _Optional[str] = ..., pipeline_id: _Optional[str] = ..., pipeline_name: _Optional[str] = ..., revision: _Optional[int] = ..., run_seq: _Optional[int] = ..., state: _Optional[_Union[_pipeline_service_pb2.PipelineState, str]] = ..., detail: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., records_in: _Optional[int] = ..., records_out: _Optional[int] = ..., records_filtered: _Optional[int] = ..., records_dead: _Optional[int] = ..., restarts: _Optional[int] = ..., started_by: _Optional[str] = ..., nodes: _Optional[_Iterable[_Union[_pipeline_service_pb2.NodeCounts, _Mapping]]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("paging",)
    PAGING_FIELD_NUMBER: _ClassVar[int]
    paging: _common_pb2.Paging
    def __init__(self, paging: _Optional[_Union[_common_pb2.Paging, _Mapping]] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "page_info")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    PAGE_INFO_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    page_info: _common_pb2.PageInfo
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., page_info: _Optional[_Union[_common_pb2.PageInfo, _Mapping]] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Run
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class WatchRunsRequest(_message.Message):
    __slots__ = ("pipeline_id", "resume_token")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    resume_token: str
    def __init__(self, pipeline_id: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchRunsResponse(_message.Message):
    __slots__ = ("kind", "run", "resume_token")
    KIND_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kind: _common_pb2.ChangeKind
    run: Run
    resume_token: str
    def __init__(self, kind: _Optional[_Union[_common_pb2.ChangeKind, str]] = ..., run: _Optional[_Union[Run, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class RetryRunRequest(_message.Message):
    __slots__ = ("id", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    request_id: str
    def __init__(self, id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RetryRunResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...
