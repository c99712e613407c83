"""The tables, one module a family. The seeds' names and columns are kept and added to."""

from __future__ import annotations

from conduix_server.store.tables.base import Base
from conduix_server.store.tables.control import Assignment, Command, Counter, DesiredVersion, Operation, Server
from conduix_server.store.tables.fleet import Agent, JoinToken
from conduix_server.store.tables.history import AuditRecord, Change, Event, Request
from conduix_server.store.tables.identity import ApiToken, RefreshToken, Session, User
from conduix_server.store.tables.pipelines import CheckpointCopy, Pipeline, Report, Revision, Run

__all__ = [
    "Agent",
    "ApiToken",
    "Assignment",
    "AuditRecord",
    "Base",
    "Change",
    "CheckpointCopy",
    "Command",
    "Counter",
    "DesiredVersion",
    "Event",
    "JoinToken",
    "Operation",
    "Pipeline",
    "RefreshToken",
    "Report",
    "Request",
    "Revision",
    "Run",
    "Server",
    "Session",
    "User",
]
