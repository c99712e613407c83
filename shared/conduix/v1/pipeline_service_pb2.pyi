import datetime

from buf.validate import validate_pb2 as _validate_pb2
from conduix.v1 import common_pb2 as _common_pb2
from conduix.v1 import operation_service_pb2 as _operation_service_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DesiredState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DESIRED_STATE_UNSPECIFIED: _ClassVar[DesiredState]
    DESIRED_STATE_STOPPED: _ClassVar[DesiredState]
    DESIRED_STATE_RUNNING: _ClassVar[DesiredState]
    DESIRED_STATE_PAUSED: _ClassVar[DesiredState]

class PipelineState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PIPELINE_STATE_UNSPECIFIED: _ClassVar[PipelineState]
    PIPELINE_STATE_STOPPED: _ClassVar[PipelineState]
    PIPELINE_STATE_PENDING: _ClassVar[PipelineState]
    PIPELINE_STATE_STARTING: _ClassVar[PipelineState]
    PIPELINE_STATE_RUNNING: _ClassVar[PipelineState]
    PIPELINE_STATE_REWINDING: _ClassVar[PipelineState]
    PIPELINE_STATE_PAUSED: _ClassVar[PipelineState]
    PIPELINE_STATE_DRAINING: _ClassVar[PipelineState]
    PIPELINE_STATE_COMPLETED: _ClassVar[PipelineState]
    PIPELINE_STATE_FAILED: _ClassVar[PipelineState]
    PIPELINE_STATE_WAITING_FOR_AGENT: _ClassVar[PipelineState]

class PipelineMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PIPELINE_MODE_UNSPECIFIED: _ClassVar[PipelineMode]
    PIPELINE_MODE_BATCH: _ClassVar[PipelineMode]
    PIPELINE_MODE_REALTIME: _ClassVar[PipelineMode]

class PauseReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAUSE_REASON_UNSPECIFIED: _ClassVar[PauseReason]
    PAUSE_REASON_OPERATOR: _ClassVar[PauseReason]
    PAUSE_REASON_LEASE: _ClassVar[PauseReason]
    PAUSE_REASON_DISK: _ClassVar[PauseReason]
    PAUSE_REASON_DLQ_FLOOD: _ClassVar[PauseReason]
    PAUSE_REASON_OUTSIDE: _ClassVar[PauseReason]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_ERROR: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]

class ApplyAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPLY_ACTION_UNSPECIFIED: _ClassVar[ApplyAction]
    APPLY_ACTION_CREATED: _ClassVar[ApplyAction]
    APPLY_ACTION_UPDATED: _ClassVar[ApplyAction]
    APPLY_ACTION_UNCHANGED: _ClassVar[ApplyAction]
DESIRED_STATE_UNSPECIFIED: DesiredState
DESIRED_STATE_STOPPED: DesiredState
DESIRED_STATE_RUNNING: DesiredState
DESIRED_STATE_PAUSED: DesiredState
PIPELINE_STATE_UNSPECIFIED: PipelineState
PIPELINE_STATE_STOPPED: PipelineState
PIPELINE_STATE_PENDING: PipelineState
PIPELINE_STATE_STARTING: PipelineState
PIPELINE_STATE_RUNNING: PipelineState
PIPELINE_STATE_REWINDING: PipelineState
PIPELINE_STATE_PAUSED: PipelineState
PIPELINE_STATE_DRAINING: PipelineState
PIPELINE_STATE_COMPLETED: PipelineState
PIPELINE_STATE_FAILED: PipelineState
PIPELINE_STATE_WAITING_FOR_AGENT: PipelineState
PIPELINE_MODE_UNSPECIFIED: PipelineMode
PIPELINE_MODE_BATCH: PipelineMode
PIPELINE_MODE_REALTIME: PipelineMode
PAUSE_REASON_UNSPECIFIED: PauseReason
PAUSE_REASON_OPERATOR: PauseReason
PAUSE_REASON_LEASE: PauseReason
PAUSE_REASON_DISK: PauseReason
PAUSE_REASON_DLQ_FLOOD: PauseReason
PAUSE_REASON_OUTSIDE: PauseReason
SEVERITY_UNSPECIFIED: Severity
SEVERITY_ERROR: Severity
SEVERITY_WARNING: Severity
APPLY_ACTION_UNSPECIFIED: ApplyAction
APPLY_ACTION_CREATED: ApplyAction
APPLY_ACTION_UPDATED: ApplyAction
APPLY_ACTION_UNCHANGED: ApplyAction

class Pipeline(_message.Message):
    __slots__ = ("id", "name", "description", "labels", "mode", "revision", "desired_state", "replicas", "state", "detail", "remedy", "guarantee", "run_id", "restarts", "records_in", "records_out", "records_dead", "records_per_second", "etag", "created_at", "updated_at", "agent_ids", "reason")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DESIRED_STATE_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    GUARANTEE_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    RECORDS_IN_FIELD_NUMBER: _ClassVar[int]
    RECORDS_OUT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_DEAD_FIELD_NUMBER: _ClassVar[int]
    RECORDS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    AGENT_IDS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    labels: _containers.ScalarMap[str, str]
    mode: PipelineMode
    revision: int
    desired_state: DesiredState
    replicas: int
    state: PipelineState
    detail: str
    remedy: str
    guarantee: str
    run_id: str
    restarts: int
    records_in: int
    records_out: int
    records_dead: int
    records_per_second: float
    etag: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    agent_ids: _containers.RepeatedScalarFieldContainer[str]
    reason: PauseReason
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., mode: _Optional[_Union[PipelineMode, str]] = ..., revision: _Optional[int] = ..., desired_state: _Optional[_Union[DesiredState, str]] = ..., replicas: _Optional[int] = ..., state: _Optional[_Union[PipelineState, str]] = ..., detail: _Optional[str] = ..., remedy: _Optional[str] = ..., guarantee: _Optional[str] = ..., run_id: _Optional[str] = ..., restarts: _Optional[int] = ..., records_in: _Optional[int] = ..., records_out: _Optional[int] = ..., records_dead: _Optional[int] = ..., records_per_second: _Optional[float] = ..., etag: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., agent_ids: _Optional[_Iterable[str]] = ..., reason: _Optional[_Union[PauseReason, str]] = ...) -> None: ...

class Revision(_message.Message):
    __slots__ = ("pipeline_id", "number", "digest", "document", "created_by", "created_at")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    number: int
    digest: str
    document: str
    created_by: str
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, pipeline_id: _Optional[str] = ..., number: _Optional[int] = ..., digest: _Optional[str] = ..., document: _Optional[str] = ..., created_by: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Diagnostic(_message.Message):
    __slots__ = ("file", "line", "column", "path", "code", "message", "suggestion", "severity")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUGGESTION_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    column: int
    path: str
    code: str
    message: str
    suggestion: str
    severity: Severity
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ..., path: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., suggestion: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ...) -> None: ...

class ListPipelinesRequest(_message.Message):
    __slots__ = ("paging",)
    PAGING_FIELD_NUMBER: _ClassVar[int]
    paging: _common_pb2.Paging
    def __init__(self, paging: _Optional[_Union[_common_pb2.Paging, _Mapping]] = ...) -> None: ...

class ListPipelinesResponse(_message.Message):
    __slots__ = ("pipelines", "page_info")
    PIPELINES_FIELD_NUMBER: _ClassVar[int]
    PAGE_INFO_FIELD_NUMBER: _ClassVar[int]
    pipelines: _containers.RepeatedCompositeFieldContainer[Pipeline]
    page_info: _common_pb2.PageInfo
    def __init__(self, pipelines: _Optional[_Iterable[_Union[Pipeline, _Mapping]]] = ..., page_info: _Optional[_Union[_common_pb2.PageInfo, _Mapping]] = ...) -> None: ...

class PipelineRef(_message.Message):
    __slots__ = ("id", "name")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class GetPipelineRequest(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ...) -> None: ...

class GetPipelineResponse(_message.Message):
    __slots__ = ("pipeline", "document")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    pipeline: Pipeline
    document: str
    def __init__(self, pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., document: _Optional[str] = ...) -> None: ...

class CreatePipelineRequest(_message.Message):
    __slots__ = ("document", "request_id")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    document: str
    request_id: str
    def __init__(self, document: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreatePipelineResponse(_message.Message):
    __slots__ = ("pipeline", "warnings")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    pipeline: Pipeline
    warnings: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    def __init__(self, pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., warnings: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ...) -> None: ...

class UpdatePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "document", "labels", "update_mask", "etag", "request_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    document: str
    labels: _containers.ScalarMap[str, str]
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., document: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdatePipelineResponse(_message.Message):
    __slots__ = ("pipeline", "warnings")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    pipeline: Pipeline
    warnings: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    def __init__(self, pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., warnings: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ...) -> None: ...

class DeletePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "etag", "request_id")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    etag: str
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeletePipelineResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ValidatePipelineRequest(_message.Message):
    __slots__ = ("document", "file")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    document: str
    file: str
    def __init__(self, document: _Optional[str] = ..., file: _Optional[str] = ...) -> None: ...

class ValidatePipelineResponse(_message.Message):
    __slots__ = ("valid", "diagnostics")
    VALID_FIELD_NUMBER: _ClassVar[int]
    DIAGNOSTICS_FIELD_NUMBER: _ClassVar[int]
    valid: bool
    diagnostics: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    def __init__(self, valid: _Optional[bool] = ..., diagnostics: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ...) -> None: ...

class ApplyPipelinesRequest(_message.Message):
    __slots__ = ("documents", "dry_run", "request_id")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[ApplyDocument]
    dry_run: bool
    request_id: str
    def __init__(self, documents: _Optional[_Iterable[_Union[ApplyDocument, _Mapping]]] = ..., dry_run: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class ApplyDocument(_message.Message):
    __slots__ = ("file", "document")
    FILE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    file: str
    document: str
    def __init__(self, file: _Optional[str] = ..., document: _Optional[str] = ...) -> None: ...

class ApplyPipelinesResponse(_message.Message):
    __slots__ = ("applied",)
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    applied: _containers.RepeatedCompositeFieldContainer[Applied]
    def __init__(self, applied: _Optional[_Iterable[_Union[Applied, _Mapping]]] = ...) -> None: ...

class Applied(_message.Message):
    __slots__ = ("action", "pipeline", "diff", "warnings")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    action: ApplyAction
    pipeline: Pipeline
    diff: str
    warnings: _containers.RepeatedCompositeFieldContainer[Diagnostic]
    def __init__(self, action: _Optional[_Union[ApplyAction, str]] = ..., pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., diff: _Optional[str] = ..., warnings: _Optional[_Iterable[_Union[Diagnostic, _Mapping]]] = ...) -> None: ...

class DiffPipelineRequest(_message.Message):
    __slots__ = ("document", "file")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    document: str
    file: str
    def __init__(self, document: _Optional[str] = ..., file: _Optional[str] = ...) -> None: ...

class DiffPipelineResponse(_message.Message):
    __slots__ = ("action", "diff")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    action: ApplyAction
    diff: str
    def __init__(self, action: _Optional[_Union[ApplyAction, str]] = ..., diff: _Optional[str] = ...) -> None: ...

class ListRevisionsRequest(_message.Message):
    __slots__ = ("pipeline", "paging")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    PAGING_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    paging: _common_pb2.Paging
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., paging: _Optional[_Union[_common_pb2.Paging, _Mapping]] = ...) -> None: ...

class ListRevisionsResponse(_message.Message):
    __slots__ = ("revisions", "page_info")
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    PAGE_INFO_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[Revision]
    page_info: _common_pb2.PageInfo
    def __init__(self, revisions: _Optional[_Iterable[_Union[Revision, _Mapping]]] = ..., page_info: _Optional[_Union[_common_pb2.PageInfo, _Mapping]] = ...) -> None: ...

class GetRevisionRequest(_message.Message):
    __slots__ = ("pipeline", "number")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    number: int
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., number: _Optional[int] = ...) -> None: ...

class GetRevisionResponse(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: Revision
    def __init__(self, revision: _Optional[_Union[Revision, _Mapping]] = ...) -> None: ...

class StartPipelineRequest(_message.Message):
    __slots__ = ("pipeline", "request_id", "fresh")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FRESH_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    request_id: str
    fresh: bool
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., request_id: _Optional[str] = ..., fresh: _Optional[bool] = ...) -> None: ...

class StartPipelineResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...

class StopPipelineRequest(_message.Message):
    __slots__ = ("pipeline", "request_id")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class StopPipelineResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...

class PausePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "request_id")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class PausePipelineResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...

class ResumePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "request_id")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class ResumePipelineResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...

class ScalePipelineRequest(_message.Message):
    __slots__ = ("pipeline", "replicas", "request_id")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    replicas: int
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., replicas: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class ScalePipelineResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...

class GetPipelineStatusRequest(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ...) -> None: ...

class GetPipelineStatusResponse(_message.Message):
    __slots__ = ("pipeline", "replicas")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    pipeline: Pipeline
    replicas: _containers.RepeatedCompositeFieldContainer[ReplicaStatus]
    def __init__(self, pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., replicas: _Optional[_Iterable[_Union[ReplicaStatus, _Mapping]]] = ...) -> None: ...

class ReplicaStatus(_message.Message):
    __slots__ = ("pipeline_id", "replica", "epoch", "agent_id", "run_id", "state", "reason", "detail", "remedy", "checkpoint", "checkpoint_at", "attempt", "restarts", "nodes", "progress", "actors", "outputs", "at", "revision", "starts", "digest", "barrier_age", "code")
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ACTORS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STARTS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    BARRIER_AGE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    epoch: int
    agent_id: str
    run_id: str
    state: PipelineState
    reason: PauseReason
    detail: str
    remedy: str
    checkpoint: int
    checkpoint_at: _timestamp_pb2.Timestamp
    attempt: int
    restarts: int
    nodes: _containers.RepeatedCompositeFieldContainer[NodeCounts]
    progress: float
    actors: _containers.RepeatedCompositeFieldContainer[ActorStatus]
    outputs: _containers.ScalarMap[str, str]
    at: _timestamp_pb2.Timestamp
    revision: int
    starts: int
    digest: str
    barrier_age: _duration_pb2.Duration
    code: str
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., epoch: _Optional[int] = ..., agent_id: _Optional[str] = ..., run_id: _Optional[str] = ..., state: _Optional[_Union[PipelineState, str]] = ..., reason: _Optional[_Union[PauseReason, str]] = ..., detail: _Optional[str] = ..., remedy: _Optional[str] = ..., checkpoint: _Optional[int] = ..., checkpoint_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempt: _Optional[int] = ..., restarts: _Optional[int] = ..., nodes: _Optional[_Iterable[_Union[NodeCounts, _Mapping]]] = ..., progress: _Optional[float] = ..., actors: _Optional[_Iterable[_Union[ActorStatus, _Mapping]]] = ..., outputs: _Optional[_Mapping[str, str]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., starts: _Optional[int] = ..., digest: _Optional[str] = ..., barrier_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., code: _Optional[str] = ...) -> None: ...

class NodeCounts(_message.Message):
    __slots__ = ("node", "passed", "filtered", "dead", "made", "role")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PASSED_FIELD_NUMBER: _ClassVar[int]
    FILTERED_FIELD_NUMBER: _ClassVar[int]
    DEAD_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    node: str
    passed: int
    filtered: int
    dead: int
    made: int
    role: _common_pb2.NodeRole
    def __init__(self, node: _Optional[str] = ..., passed: _Optional[int] = ..., filtered: _Optional[int] = ..., dead: _Optional[int] = ..., made: _Optional[int] = ..., role: _Optional[_Union[_common_pb2.NodeRole, str]] = ...) -> None: ...

class ActorStatus(_message.Message):
    __slots__ = ("id", "kind", "nodes", "state", "restarts", "mailbox")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    MAILBOX_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: str
    nodes: _containers.RepeatedScalarFieldContainer[str]
    state: str
    restarts: int
    mailbox: int
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[str] = ..., nodes: _Optional[_Iterable[str]] = ..., state: _Optional[str] = ..., restarts: _Optional[int] = ..., mailbox: _Optional[int] = ...) -> None: ...

class WatchPipelinesRequest(_message.Message):
    __slots__ = ("filter", "resume_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: str
    resume_token: str
    def __init__(self, filter: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchPipelinesResponse(_message.Message):
    __slots__ = ("kind", "pipeline", "resume_token")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kind: _common_pb2.ChangeKind
    pipeline: Pipeline
    resume_token: str
    def __init__(self, kind: _Optional[_Union[_common_pb2.ChangeKind, str]] = ..., pipeline: _Optional[_Union[Pipeline, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class TapPipelineRequest(_message.Message):
    __slots__ = ("pipeline", "node", "limit", "rate")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    node: str
    limit: int
    rate: int
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., node: _Optional[str] = ..., limit: _Optional[int] = ..., rate: _Optional[int] = ...) -> None: ...

class TapPipelineResponse(_message.Message):
    __slots__ = ("node", "replica", "record", "dropped")
    NODE_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    node: str
    replica: int
    record: str
    dropped: int
    def __init__(self, node: _Optional[str] = ..., replica: _Optional[int] = ..., record: _Optional[str] = ..., dropped: _Optional[int] = ...) -> None: ...

class TailLogsRequest(_message.Message):
    __slots__ = ("pipeline", "lines", "follow")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    lines: int
    follow: bool
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., lines: _Optional[int] = ..., follow: _Optional[bool] = ...) -> None: ...

class TailLogsResponse(_message.Message):
    __slots__ = ("at", "level", "logger", "message", "replica", "agent_id", "dropped")
    AT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    LOGGER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    level: str
    logger: str
    message: str
    replica: int
    agent_id: str
    dropped: int
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., level: _Optional[str] = ..., logger: _Optional[str] = ..., message: _Optional[str] = ..., replica: _Optional[int] = ..., agent_id: _Optional[str] = ..., dropped: _Optional[int] = ...) -> None: ...

class GetCheckpointRequest(_message.Message):
    __slots__ = ("pipeline", "replica")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    replica: int
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., replica: _Optional[int] = ...) -> None: ...

class GetCheckpointResponse(_message.Message):
    __slots__ = ("n", "at", "record", "agent_id")
    N_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    n: int
    at: _timestamp_pb2.Timestamp
    record: str
    agent_id: str
    def __init__(self, n: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., record: _Optional[str] = ..., agent_id: _Optional[str] = ...) -> None: ...

class TriggerCheckpointRequest(_message.Message):
    __slots__ = ("pipeline", "request_id")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    request_id: str
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class TriggerCheckpointResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operation_service_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operation_service_pb2.Operation, _Mapping]] = ...) -> None: ...

class GetPipelineMetricsRequest(_message.Message):
    __slots__ = ("pipeline",)
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    pipeline: PipelineRef
    def __init__(self, pipeline: _Optional[_Union[PipelineRef, _Mapping]] = ...) -> None: ...

class GetPipelineMetricsResponse(_message.Message):
    __slots__ = ("points", "step")
    POINTS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[PipelinePoint]
    step: _duration_pb2.Duration
    def __init__(self, points: _Optional[_Iterable[_Union[PipelinePoint, _Mapping]]] = ..., step: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class PipelinePoint(_message.Message):
    __slots__ = ("at", "records_in_per_second", "records_out_per_second", "records_dead_per_second", "checkpoint_age", "restarts", "state")
    AT_FIELD_NUMBER: _ClassVar[int]
    RECORDS_IN_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    RECORDS_OUT_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    RECORDS_DEAD_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_AGE_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    records_in_per_second: float
    records_out_per_second: float
    records_dead_per_second: float
    checkpoint_age: _duration_pb2.Duration
    restarts: int
    state: PipelineState
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., records_in_per_second: _Optional[float] = ..., records_out_per_second: _Optional[float] = ..., records_dead_per_second: _Optional[float] = ..., checkpoint_age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., restarts: _Optional[int] = ..., state: _Optional[_Union[PipelineState, str]] = ...) -> None: ...
