import datetime

from buf.validate import validate_pb2 as _validate_pb2
from conduix.v1 import agent_service_pb2 as _agent_service_pb2
from conduix.v1 import pipeline_service_pb2 as _pipeline_service_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrafficClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRAFFIC_CLASS_UNSPECIFIED: _ClassVar[TrafficClass]
    TRAFFIC_CLASS_STATE: _ClassVar[TrafficClass]
    TRAFFIC_CLASS_RESULT: _ClassVar[TrafficClass]
    TRAFFIC_CLASS_EVENT: _ClassVar[TrafficClass]
    TRAFFIC_CLASS_LOG: _ClassVar[TrafficClass]
    TRAFFIC_CLASS_METRIC: _ClassVar[TrafficClass]

class CommandOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_OUTCOME_UNSPECIFIED: _ClassVar[CommandOutcome]
    COMMAND_OUTCOME_SUCCEEDED: _ClassVar[CommandOutcome]
    COMMAND_OUTCOME_FAILED: _ClassVar[CommandOutcome]
    COMMAND_OUTCOME_INTERRUPTED: _ClassVar[CommandOutcome]
    COMMAND_OUTCOME_EXPIRED: _ClassVar[CommandOutcome]
TRAFFIC_CLASS_UNSPECIFIED: TrafficClass
TRAFFIC_CLASS_STATE: TrafficClass
TRAFFIC_CLASS_RESULT: TrafficClass
TRAFFIC_CLASS_EVENT: TrafficClass
TRAFFIC_CLASS_LOG: TrafficClass
TRAFFIC_CLASS_METRIC: TrafficClass
COMMAND_OUTCOME_UNSPECIFIED: CommandOutcome
COMMAND_OUTCOME_SUCCEEDED: CommandOutcome
COMMAND_OUTCOME_FAILED: CommandOutcome
COMMAND_OUTCOME_INTERRUPTED: CommandOutcome
COMMAND_OUTCOME_EXPIRED: CommandOutcome

class EnrollRequest(_message.Message):
    __slots__ = ("join_token", "name", "csr", "labels", "request_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    JOIN_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CSR_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    join_token: str
    name: str
    csr: bytes
    labels: _containers.ScalarMap[str, str]
    request_id: str
    def __init__(self, join_token: _Optional[str] = ..., name: _Optional[str] = ..., csr: _Optional[bytes] = ..., labels: _Optional[_Mapping[str, str]] = ..., request_id: _Optional[str] = ...) -> None: ...

class EnrollResponse(_message.Message):
    __slots__ = ("identity", "mesh_port")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    MESH_PORT_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    mesh_port: int
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., mesh_port: _Optional[int] = ...) -> None: ...

class Identity(_message.Message):
    __slots__ = ("agent_id", "certificate", "authority", "token", "expires_at")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    certificate: bytes
    authority: bytes
    token: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, agent_id: _Optional[str] = ..., certificate: _Optional[bytes] = ..., authority: _Optional[bytes] = ..., token: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RenewIdentityRequest(_message.Message):
    __slots__ = ("csr",)
    CSR_FIELD_NUMBER: _ClassVar[int]
    csr: bytes
    def __init__(self, csr: _Optional[bytes] = ...) -> None: ...

class RenewIdentityResponse(_message.Message):
    __slots__ = ("identity",)
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ...) -> None: ...

class AgentMessage(_message.Message):
    __slots__ = ("id", "in_reply_to", "traceparent", "sent_at", "hello", "heartbeat", "desired_ack", "command_received", "command_progress", "command_result", "report", "nack", "goodbye", "credit")
    ID_FIELD_NUMBER: _ClassVar[int]
    IN_REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    DESIRED_ACK_FIELD_NUMBER: _ClassVar[int]
    COMMAND_RECEIVED_FIELD_NUMBER: _ClassVar[int]
    COMMAND_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_RESULT_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    NACK_FIELD_NUMBER: _ClassVar[int]
    GOODBYE_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    id: str
    in_reply_to: str
    traceparent: str
    sent_at: _timestamp_pb2.Timestamp
    hello: Hello
    heartbeat: Heartbeat
    desired_ack: DesiredAck
    command_received: CommandReceived
    command_progress: CommandProgress
    command_result: CommandResult
    report: Report
    nack: Nack
    goodbye: Goodbye
    credit: Credit
    def __init__(self, id: _Optional[str] = ..., in_reply_to: _Optional[str] = ..., traceparent: _Optional[str] = ..., sent_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., desired_ack: _Optional[_Union[DesiredAck, _Mapping]] = ..., command_received: _Optional[_Union[CommandReceived, _Mapping]] = ..., command_progress: _Optional[_Union[CommandProgress, _Mapping]] = ..., command_result: _Optional[_Union[CommandResult, _Mapping]] = ..., report: _Optional[_Union[Report, _Mapping]] = ..., nack: _Optional[_Union[Nack, _Mapping]] = ..., goodbye: _Optional[_Union[Goodbye, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ...) -> None: ...

class ServerMessage(_message.Message):
    __slots__ = ("id", "in_reply_to", "traceparent", "sent_at", "welcome", "refused", "heartbeat_ack", "desired_state", "command", "report_ack", "nack", "go_away", "credit", "result_ack")
    ID_FIELD_NUMBER: _ClassVar[int]
    IN_REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_ACK_FIELD_NUMBER: _ClassVar[int]
    DESIRED_STATE_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    REPORT_ACK_FIELD_NUMBER: _ClassVar[int]
    NACK_FIELD_NUMBER: _ClassVar[int]
    GO_AWAY_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    RESULT_ACK_FIELD_NUMBER: _ClassVar[int]
    id: str
    in_reply_to: str
    traceparent: str
    sent_at: _timestamp_pb2.Timestamp
    welcome: Welcome
    refused: Refused
    heartbeat_ack: HeartbeatAck
    desired_state: DesiredStateUpdate
    command: Command
    report_ack: ReportAck
    nack: Nack
    go_away: GoAway
    credit: Credit
    result_ack: ResultAck
    def __init__(self, id: _Optional[str] = ..., in_reply_to: _Optional[str] = ..., traceparent: _Optional[str] = ..., sent_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ..., heartbeat_ack: _Optional[_Union[HeartbeatAck, _Mapping]] = ..., desired_state: _Optional[_Union[DesiredStateUpdate, _Mapping]] = ..., command: _Optional[_Union[Command, _Mapping]] = ..., report_ack: _Optional[_Union[ReportAck, _Mapping]] = ..., nack: _Optional[_Union[Nack, _Mapping]] = ..., go_away: _Optional[_Union[GoAway, _Mapping]] = ..., credit: _Optional[_Union[Credit, _Mapping]] = ..., result_ack: _Optional[_Union[ResultAck, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("version_min", "version_max", "agent_id", "incarnation", "predecessor", "agent_version", "labels", "capabilities", "replicas", "desired_version", "report_acked", "session_seen", "epochs_seen", "hostname")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class EpochsSeenEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    VERSION_MIN_FIELD_NUMBER: _ClassVar[int]
    VERSION_MAX_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    PREDECESSOR_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    DESIRED_VERSION_FIELD_NUMBER: _ClassVar[int]
    REPORT_ACKED_FIELD_NUMBER: _ClassVar[int]
    SESSION_SEEN_FIELD_NUMBER: _ClassVar[int]
    EPOCHS_SEEN_FIELD_NUMBER: _ClassVar[int]
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    version_min: int
    version_max: int
    agent_id: str
    incarnation: str
    predecessor: str
    agent_version: str
    labels: _containers.ScalarMap[str, str]
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    replicas: _containers.RepeatedCompositeFieldContainer[_pipeline_service_pb2.ReplicaStatus]
    desired_version: int
    report_acked: int
    session_seen: int
    epochs_seen: _containers.ScalarMap[str, int]
    hostname: str
    def __init__(self, version_min: _Optional[int] = ..., version_max: _Optional[int] = ..., agent_id: _Optional[str] = ..., incarnation: _Optional[str] = ..., predecessor: _Optional[str] = ..., agent_version: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., capabilities: _Optional[_Iterable[str]] = ..., replicas: _Optional[_Iterable[_Union[_pipeline_service_pb2.ReplicaStatus, _Mapping]]] = ..., desired_version: _Optional[int] = ..., report_acked: _Optional[int] = ..., session_seen: _Optional[int] = ..., epochs_seen: _Optional[_Mapping[str, int]] = ..., hostname: _Optional[str] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("session_id", "session", "version", "heartbeat_interval", "lease", "credits", "desired_state", "report_acked", "server_id")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    CREDITS_FIELD_NUMBER: _ClassVar[int]
    DESIRED_STATE_FIELD_NUMBER: _ClassVar[int]
    REPORT_ACKED_FIELD_NUMBER: _ClassVar[int]
    SERVER_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    session: int
    version: int
    heartbeat_interval: _duration_pb2.Duration
    lease: _duration_pb2.Duration
    credits: _containers.RepeatedCompositeFieldContainer[Credit]
    desired_state: DesiredStateUpdate
    report_acked: int
    server_id: str
    def __init__(self, session_id: _Optional[str] = ..., session: _Optional[int] = ..., version: _Optional[int] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., lease: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., credits: _Optional[_Iterable[_Union[Credit, _Mapping]]] = ..., desired_state: _Optional[_Union[DesiredStateUpdate, _Mapping]] = ..., report_acked: _Optional[int] = ..., server_id: _Optional[str] = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("code", "message", "retry_after")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    retry_after: _duration_pb2.Duration
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("number", "host")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    number: int
    host: _agent_service_pb2.HostFacts
    def __init__(self, number: _Optional[int] = ..., host: _Optional[_Union[_agent_service_pb2.HostFacts, _Mapping]] = ...) -> None: ...

class HeartbeatAck(_message.Message):
    __slots__ = ("number",)
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: int
    def __init__(self, number: _Optional[int] = ...) -> None: ...

class DesiredStateUpdate(_message.Message):
    __slots__ = ("version", "nonce", "assignments")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    ASSIGNMENTS_FIELD_NUMBER: _ClassVar[int]
    version: int
    nonce: str
    assignments: _containers.RepeatedCompositeFieldContainer[Assignment]
    def __init__(self, version: _Optional[int] = ..., nonce: _Optional[str] = ..., assignments: _Optional[_Iterable[_Union[Assignment, _Mapping]]] = ...) -> None: ...

class Assignment(_message.Message):
    __slots__ = ("pipeline_id", "pipeline_name", "revision", "digest", "replica", "replicas", "epoch", "run_id", "run_seq", "action")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_NAME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_SEQ_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    pipeline_name: str
    revision: int
    digest: str
    replica: int
    replicas: int
    epoch: int
    run_id: str
    run_seq: int
    action: _pipeline_service_pb2.DesiredState
    def __init__(self, pipeline_id: _Optional[str] = ..., pipeline_name: _Optional[str] = ..., revision: _Optional[int] = ..., digest: _Optional[str] = ..., replica: _Optional[int] = ..., replicas: _Optional[int] = ..., epoch: _Optional[int] = ..., run_id: _Optional[str] = ..., run_seq: _Optional[int] = ..., action: _Optional[_Union[_pipeline_service_pb2.DesiredState, str]] = ...) -> None: ...

class DesiredAck(_message.Message):
    __slots__ = ("version", "nonce", "code", "message")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    version: int
    nonce: str
    code: str
    message: str
    def __init__(self, version: _Optional[int] = ..., nonce: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("command_id", "deadline", "checkpoint", "restart", "tap", "tail", "shutdown")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    RESTART_FIELD_NUMBER: _ClassVar[int]
    TAP_FIELD_NUMBER: _ClassVar[int]
    TAIL_FIELD_NUMBER: _ClassVar[int]
    SHUTDOWN_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    deadline: _timestamp_pb2.Timestamp
    checkpoint: CheckpointCommand
    restart: RestartCommand
    tap: TapCommand
    tail: TailCommand
    shutdown: ShutdownCommand
    def __init__(self, command_id: _Optional[str] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., checkpoint: _Optional[_Union[CheckpointCommand, _Mapping]] = ..., restart: _Optional[_Union[RestartCommand, _Mapping]] = ..., tap: _Optional[_Union[TapCommand, _Mapping]] = ..., tail: _Optional[_Union[TailCommand, _Mapping]] = ..., shutdown: _Optional[_Union[ShutdownCommand, _Mapping]] = ...) -> None: ...

class CheckpointCommand(_message.Message):
    __slots__ = ("pipeline_id", "replica")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ...) -> None: ...

class RestartCommand(_message.Message):
    __slots__ = ("pipeline_id", "replica")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ...) -> None: ...

class TapCommand(_message.Message):
    __slots__ = ("pipeline_id", "replica", "tap_id", "node", "limit", "rate", "stop")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    TAP_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    tap_id: str
    node: str
    limit: int
    rate: int
    stop: bool
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., tap_id: _Optional[str] = ..., node: _Optional[str] = ..., limit: _Optional[int] = ..., rate: _Optional[int] = ..., stop: _Optional[bool] = ...) -> None: ...

class TailCommand(_message.Message):
    __slots__ = ("pipeline_id", "replica", "lines")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    lines: int
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., lines: _Optional[int] = ...) -> None: ...

class ShutdownCommand(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class CommandReceived(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class CommandProgress(_message.Message):
    __slots__ = ("command_id", "message")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    message: str
    def __init__(self, command_id: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class CommandResult(_message.Message):
    __slots__ = ("command_id", "outcome", "code", "message", "result")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    outcome: CommandOutcome
    code: str
    message: str
    result: str
    def __init__(self, command_id: _Optional[str] = ..., outcome: _Optional[_Union[CommandOutcome, str]] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., result: _Optional[str] = ...) -> None: ...

class ResultAck(_message.Message):
    __slots__ = ("command_id",)
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    def __init__(self, command_id: _Optional[str] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("number", "full", "replica", "event", "gap")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    number: int
    full: FullState
    replica: _pipeline_service_pb2.ReplicaStatus
    event: AgentEvent
    gap: Gap
    def __init__(self, number: _Optional[int] = ..., full: _Optional[_Union[FullState, _Mapping]] = ..., replica: _Optional[_Union[_pipeline_service_pb2.ReplicaStatus, _Mapping]] = ..., event: _Optional[_Union[AgentEvent, _Mapping]] = ..., gap: _Optional[_Union[Gap, _Mapping]] = ...) -> None: ...

class FullState(_message.Message):
    __slots__ = ("replicas",)
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    replicas: _containers.RepeatedCompositeFieldContainer[_pipeline_service_pb2.ReplicaStatus]
    def __init__(self, replicas: _Optional[_Iterable[_Union[_pipeline_service_pb2.ReplicaStatus, _Mapping]]] = ...) -> None: ...

class AgentEvent(_message.Message):
    __slots__ = ("at", "kind", "pipeline_id", "replica", "message")
    AT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    kind: str
    pipeline_id: str
    replica: int
    message: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[str] = ..., pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("traffic", "first", "last", "count")
    TRAFFIC_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    traffic: TrafficClass
    first: int
    last: int
    count: int
    def __init__(self, traffic: _Optional[_Union[TrafficClass, str]] = ..., first: _Optional[int] = ..., last: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class ReportAck(_message.Message):
    __slots__ = ("number", "resend_full")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    RESEND_FULL_FIELD_NUMBER: _ClassVar[int]
    number: int
    resend_full: bool
    def __init__(self, number: _Optional[int] = ..., resend_full: _Optional[bool] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("traffic", "messages", "bytes")
    TRAFFIC_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    traffic: TrafficClass
    messages: int
    bytes: int
    def __init__(self, traffic: _Optional[_Union[TrafficClass, str]] = ..., messages: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...

class Nack(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Goodbye(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class GoAway(_message.Message):
    __slots__ = ("delay", "alternatives")
    DELAY_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    delay: _duration_pb2.Duration
    alternatives: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., alternatives: _Optional[_Iterable[str]] = ...) -> None: ...

class StreamTelemetryRequest(_message.Message):
    __slots__ = ("log", "tap")
    LOG_FIELD_NUMBER: _ClassVar[int]
    TAP_FIELD_NUMBER: _ClassVar[int]
    log: LogLine
    tap: TapRecord
    def __init__(self, log: _Optional[_Union[LogLine, _Mapping]] = ..., tap: _Optional[_Union[TapRecord, _Mapping]] = ...) -> None: ...

class LogLine(_message.Message):
    __slots__ = ("at", "pipeline_id", "replica", "level", "logger", "message", "dropped")
    AT_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    LOGGER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    pipeline_id: str
    replica: int
    level: str
    logger: str
    message: str
    dropped: int
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., level: _Optional[str] = ..., logger: _Optional[str] = ..., message: _Optional[str] = ..., dropped: _Optional[int] = ...) -> None: ...

class TapRecord(_message.Message):
    __slots__ = ("tap_id", "pipeline_id", "replica", "node", "record", "dropped")
    TAP_ID_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    tap_id: str
    pipeline_id: str
    replica: int
    node: str
    record: str
    dropped: int
    def __init__(self, tap_id: _Optional[str] = ..., pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., node: _Optional[str] = ..., record: _Optional[str] = ..., dropped: _Optional[int] = ...) -> None: ...

class StreamTelemetryResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SaveCheckpointRequest(_message.Message):
    __slots__ = ("pipeline_id", "replica", "epoch", "run_seq", "g", "n", "record", "cut")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RUN_SEQ_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    epoch: int
    run_seq: int
    g: int
    n: int
    record: bytes
    cut: bytes
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., epoch: _Optional[int] = ..., run_seq: _Optional[int] = ..., g: _Optional[int] = ..., n: _Optional[int] = ..., record: _Optional[bytes] = ..., cut: _Optional[bytes] = ...) -> None: ...

class SaveCheckpointResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LoadCheckpointRequest(_message.Message):
    __slots__ = ("pipeline_id", "replica", "run_seq")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_FIELD_NUMBER: _ClassVar[int]
    RUN_SEQ_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    replica: int
    run_seq: int
    def __init__(self, pipeline_id: _Optional[str] = ..., replica: _Optional[int] = ..., run_seq: _Optional[int] = ...) -> None: ...

class LoadCheckpointResponse(_message.Message):
    __slots__ = ("n", "g", "record", "cut")
    N_FIELD_NUMBER: _ClassVar[int]
    G_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    n: int
    g: int
    record: bytes
    cut: bytes
    def __init__(self, n: _Optional[int] = ..., g: _Optional[int] = ..., record: _Optional[bytes] = ..., cut: _Optional[bytes] = ...) -> None: ...

class FetchRevisionRequest(_message.Message):
    __slots__ = ("pipeline_id", "number")
    PIPELINE_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    pipeline_id: str
    number: int
    def __init__(self, pipeline_id: _Optional[str] = ..., number: _Optional[int] = ...) -> None: ...

class FetchRevisionResponse(_message.Message):
    __slots__ = ("number", "digest", "document")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    number: int
    digest: str
    document: str
    def __init__(self, number: _Optional[int] = ..., digest: _Optional[str] = ..., document: _Optional[str] = ...) -> None: ...
