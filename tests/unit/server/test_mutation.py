"""What of a request goes into the audit and into the mark by which a repeat is known."""

from __future__ import annotations

import json

from conduix.v1 import common_pb2 as pb_common
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import user_service_pb2 as pb_user
from conduix_server.services.mutation import _detail, without_secrets

VIEWER = pb_common.ROLE_VIEWER
CANARY = "canary-canary-canary"


def test_secrets_are_nowhere() -> None:
    request = pb_user.CreateUserRequest(username="ann", password=CANARY, role=VIEWER, request_id="r1")
    assert without_secrets(request) == pb_user.CreateUserRequest(username="ann", role=VIEWER, request_id="r1")
    assert request.password == CANARY
    assert json.loads(_detail(request)) == {"username": "ann", "role": "ROLE_VIEWER"}


def test_documents_are_told_by_their_length() -> None:
    request = pb_pipeline.CreatePipelineRequest(document="name: orders\n" + "x" * 500)
    assert json.loads(_detail(request)) == {"document": "(513 characters)"}


def test_long_lists_are_cut_and_labels_stay() -> None:
    documents = [pb_pipeline.ApplyDocument(document=f"name: p{n}\n") for n in range(50)]
    said = json.loads(_detail(pb_pipeline.ApplyPipelinesRequest(documents=documents)))
    assert len(said["documents"]) == 20
    labels = pb_pipeline.UpdatePipelineRequest(labels={"env": "prod"})
    assert json.loads(_detail(labels)) == {"labels": {"env": "prod"}}
