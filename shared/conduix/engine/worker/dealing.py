"""A worker that deals the shards of a run among replicas, says how that went, and ends."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from conduix.engine.api import Fence
from conduix.engine.catalog import default_catalog
from conduix.engine.deal import Deal
from conduix.engine.letters import default_letters
from conduix.engine.runtime.failure import ActorFailed, code_of, told
from conduix.engine.worker.channel import Channel
from conduix.errors import ConduixError
from conduix.spec.loading import load_or_raise
from conduix.v1 import worker_pb2 as pb

_log = logging.getLogger(__name__)


async def deal(request: pb.WorkerDeal, channel: Channel) -> bool:
    """Do what a WorkerDeal says; False: it failed. The answer is given to the channel before it returns."""
    channel.listen(lambda _request: None)
    try:
        cut = await _order(request).carry_out()
    except (ConduixError, ActorFailed) as error:
        channel.done(_refusal(error))
        return False
    except Exception as error:  # noqa: BLE001 - whatever it is, the agent must hear of it
        _log.exception("dealing shards ended by a fault of Conduix")
        channel.done(_refusal(error))
        return False
    channel.done(pb.WorkerDone(message=f"{len(cut.order())} shards for {request.replicas} replicas"))
    return True


def _order(request: pb.WorkerDeal) -> Deal:
    catalog = default_catalog()
    following = Path(request.next)
    return Deal(
        spec=load_or_raise(request.document, file="document", catalog=catalog, env=os.environ),
        previous=Path(request.previous) if request.previous else None,
        next=following,
        replicas=request.replicas,
        fence=Fence(request.run_seq, request.g),
        letters=Path(request.dead_letters) if request.dead_letters else default_letters(following),
        catalog=catalog,
    )


def _refusal(error: Exception) -> pb.WorkerDone:
    cause = error.cause if isinstance(error, ActorFailed) else error
    remedy = cause.remedy if isinstance(cause, ConduixError) else ""
    return pb.WorkerDone(code=code_of(cause) or ConduixError.code, message=told(error), remedy=remedy)
