from conduix.v1 import mesh_service_pb2 as _mesh_service_pb2
from conduix.v1 import pipeline_service_pb2 as _pipeline_service_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkerAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORKER_ACTION_UNSPECIFIED: _ClassVar[WorkerAction]
    WORKER_ACTION_STOP: _ClassVar[WorkerAction]
    WORKER_ACTION_PAUSE: _ClassVar[WorkerAction]
    WORKER_ACTION_RESUME: _ClassVar[WorkerAction]
    WORKER_ACTION_CHECKPOINT: _ClassVar[WorkerAction]
WORKER_ACTION_UNSPECIFIED: WorkerAction
WORKER_ACTION_STOP: WorkerAction
WORKER_ACTION_PAUSE: WorkerAction
WORKER_ACTION_RESUME: WorkerAction
WORKER_ACTION_CHECKPOINT: WorkerAction

class WorkerRequest(_message.Message):
    __slots__ = ("start", "verb", "tap", "deal")
    START_FIELD_NUMBER: _ClassVar[int]
    VERB_FIELD_NUMBER: _ClassVar[int]
    TAP_FIELD_NUMBER: _ClassVar[int]
    DEAL_FIELD_NUMBER: _ClassVar[int]
    start: WorkerStart
    verb: WorkerVerb
    tap: WorkerTap
    deal: WorkerDeal
    def __init__(self, start: _Optional[_Union[WorkerStart, _Mapping]] = ..., verb: _Optional[_Union[WorkerVerb, _Mapping]] = ..., tap: _Optional[_Union[WorkerTap, _Mapping]] = ..., deal: _Optional[_Union[WorkerDeal, _Mapping]] = ...) -> None: ...

class WorkerStart(_message.Message):
    __slots__ = ("assignment", "document", "directory", "g", "dead_letters")
    ASSIGNMENT_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    assignment: _mesh_service_pb2.Assignment
    document: str
    directory: str
    g: int
    dead_letters: str
    def __init__(self, assignment: _Optional[_Union[_mesh_service_pb2.Assignment, _Mapping]] = ..., document: _Optional[str] = ..., directory: _Optional[str] = ..., g: _Optional[int] = ..., dead_letters: _Optional[str] = ...) -> None: ...

class WorkerDeal(_message.Message):
    __slots__ = ("document", "previous", "next", "replicas", "run_seq", "g", "dead_letters")
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    RUN_SEQ_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    DEAD_LETTERS_FIELD_NUMBER: _ClassVar[int]
    document: str
    previous: str
    next: str
    replicas: int
    run_seq: int
    g: int
    dead_letters: str
    def __init__(self, document: _Optional[str] = ..., previous: _Optional[str] = ..., next: _Optional[str] = ..., replicas: _Optional[int] = ..., run_seq: _Optional[int] = ..., g: _Optional[int] = ..., dead_letters: _Optional[str] = ...) -> None: ...

class WorkerVerb(_message.Message):
    __slots__ = ("action", "command_id")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    action: WorkerAction
    command_id: str
    def __init__(self, action: _Optional[_Union[WorkerAction, str]] = ..., command_id: _Optional[str] = ...) -> None: ...

class WorkerTap(_message.Message):
    __slots__ = ("tap_id", "node", "limit", "rate", "stop")
    TAP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    tap_id: str
    node: str
    limit: int
    rate: int
    stop: bool
    def __init__(self, tap_id: _Optional[str] = ..., node: _Optional[str] = ..., limit: _Optional[int] = ..., rate: _Optional[int] = ..., stop: _Optional[bool] = ...) -> None: ...

class WorkerEvent(_message.Message):
    __slots__ = ("status", "log", "tap", "checkpoint", "done")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    TAP_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    status: _pipeline_service_pb2.ReplicaStatus
    log: _mesh_service_pb2.LogLine
    tap: _mesh_service_pb2.TapRecord
    checkpoint: WorkerCheckpoint
    done: WorkerDone
    def __init__(self, status: _Optional[_Union[_pipeline_service_pb2.ReplicaStatus, _Mapping]] = ..., log: _Optional[_Union[_mesh_service_pb2.LogLine, _Mapping]] = ..., tap: _Optional[_Union[_mesh_service_pb2.TapRecord, _Mapping]] = ..., checkpoint: _Optional[_Union[WorkerCheckpoint, _Mapping]] = ..., done: _Optional[_Union[WorkerDone, _Mapping]] = ...) -> None: ...

class WorkerCheckpoint(_message.Message):
    __slots__ = ("n", "record", "cut")
    N_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    n: int
    record: bytes
    cut: bytes
    def __init__(self, n: _Optional[int] = ..., record: _Optional[bytes] = ..., cut: _Optional[bytes] = ...) -> None: ...

class WorkerDone(_message.Message):
    __slots__ = ("command_id", "code", "message", "remedy")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    code: str
    message: str
    remedy: str
    def __init__(self, command_id: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., remedy: _Optional[str] = ...) -> None: ...
