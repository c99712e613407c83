"""What happens around every call of a server: id, sign-in and rights, the contract's rules, errors, a line in the log.

    id → log ( errors ( authorise → rules of the request → servicer ) )

One interceptor holds them all, because their order is part of what they promise: who may not call learns nothing about
the rules, a refused call is logged with its id, and no text of an exception leaves the server that was not written for
callers.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, aclosing, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias, TypeVar, cast
from urllib.parse import unquote

import grpc
import uuid_utils
from google.protobuf.message import DecodeError, Message

from conduix.errors import ConduixError, InvalidArgument, MethodUnknown
from conduix.rpc.errors import DETAILS_KEY, REQUEST_ID_KEY, to_status
from conduix.rpc.live import LiveStreams
from conduix.rpc.rules import check

T = TypeVar("T")

access_log = logging.getLogger("conduix.access")
log = logging.getLogger(__name__)

# in quotes: only their stubs know that these take parameters
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
"""What a servicer's method is given beside the request."""
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour = Callable[[Any, Context], Any]
Decode = Callable[[bytes], Message]

_GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_UNIMPLEMENTED = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNIMPLEMENTED.value[0])
_STATUS_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


class Principal(Protocol):
    """Who calls, as the log names them: `user:ada`, `agent:0192…`."""

    @property
    def name(self) -> str:
        """Kind and name, in one word."""
        ...


@dataclass(slots=True)
class Call:
    """One call while it runs."""

    method: str
    """As on the wire: `/conduix.v1.SystemService/GetInfo`."""
    request_id: str
    metadata: Mapping[str, str]
    """The caller's headers, names in lower case; of a repeated one the last."""
    peer: str
    identities: tuple[str, ...] = ()
    """Names in the caller's verified certificate; empty without mutual TLS."""
    principal: Principal | None = None
    """What `authorise` returned."""
    served: bool = True
    """Is there such a method? If not, the caller is told so, unless `authorise` has refused before."""

    @property
    def address(self) -> str:
        """The caller's address without its port; empty where it has none (a unix socket)."""
        kind, _, rest = self.peer.partition(":")
        return unquote(rest).rpartition(":")[0].strip("[]") if kind in {"ipv4", "ipv6"} else ""

    @property
    def name(self) -> str:
        """`SystemService/GetInfo`; names of services that are not ours stay whole."""
        return self.method.removeprefix("/").removeprefix("conduix.v1.")


Authorise = Callable[[Call], Awaitable[Principal | None]]
"""Says who calls, before anything is read of the request; refuses by Unauthenticated or PermissionDenied.
None: nobody, and this method needs nobody."""

Observe = Callable[[Call, str, float], None]
"""Told of each call that is over: its status' name, and the seconds that it took."""

_CALL: ContextVar[Call] = ContextVar("conduix_call")


def current_call() -> Call:
    """The call that this task serves; LookupError outside of one."""
    return _CALL.get()


class CallInterceptor(grpc.aio.ServerInterceptor):
    """The frame around all calls; see the module.

    Servicers are asynchronous. Those of request streams read from their iterator, never by `context.read()`, which
    would go past the rules.
    """

    def __init__(
        self,
        authorise: Authorise,
        *,
        observe: Observe | None = None,
        new_request_id: Callable[[], str] = lambda: str(uuid_utils.uuid7()),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.streams = LiveStreams()
        self._authorise = authorise
        self._observe = observe
        self._new_request_id = new_request_id
        self._clock = clock
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The framed handler; for a method that does not exist one that says so, also framed."""
        method = handler_call_details.method
        framed = self._handlers.get(method)
        if framed is None:
            handler = await continuation(handler_call_details)
            if handler is None:  # not kept: callers could fill the memory with names
                return grpc.stream_stream_rpc_method_handler(self._unknown(method))
            framed = self._handlers[method] = self._framed(method, handler)
        return framed

    def _framed(self, method: str, handler: Handler) -> Handler:
        ways: dict[tuple[bool, bool], tuple[Any, Callable[..., Handler]]] = {
            (False, False): (handler.unary_unary, grpc.unary_unary_rpc_method_handler),
            (False, True): (handler.unary_stream, grpc.unary_stream_rpc_method_handler),
            (True, False): (handler.stream_unary, grpc.stream_unary_rpc_method_handler),
            (True, True): (handler.stream_stream, grpc.stream_stream_rpc_method_handler),
        }
        behaviour, make = ways[handler.request_streaming, handler.response_streaming]
        answer = _streamed if handler.response_streaming else _single
        read = _read_all if handler.request_streaming else _read_one
        decode = cast("Decode", handler.request_deserializer)  # generated code always gives one

        streams = handler.request_streaming or handler.response_streaming

        async def serve(request: Any, context: Context) -> Any:
            call = self._call(method, context)
            live = self.streams.entered(call) if streams else nullcontext()
            return await self._run(call, context, lambda: answer(behaviour, read(decode, request), context), live)

        # what gRPC decodes for itself it also refuses for itself: with the exception's text, without id and log
        return make(serve, None, handler.response_serializer)

    def _unknown(self, method: str) -> Behaviour:
        async def refuse() -> None:
            raise _no_method(method)

        async def serve(_requests: Any, context: Context) -> None:
            call = self._call(method, context)
            call.served = False
            await self._run(call, context, refuse, nullcontext())

        return serve

    async def _run(
        self, call: Call, context: Context, serve: Callable[[], Awaitable[T]], live: AbstractContextManager[None]
    ) -> T:
        _CALL.set(call)  # the task is the call's own: nothing to reset
        started = self._clock()
        status = "OK"
        try:
            await context.send_initial_metadata(((REQUEST_ID_KEY, call.request_id),))
            call.principal = await self._authorise(call)
            with live:
                return await serve()
        except asyncio.CancelledError:
            status = "CANCELLED"
            raise
        except grpc.aio.AbortError:  # a servicer of gRPC's own has spoken: health, reflection
            status = _STATUS_NAMES.get(_number(context.code()), "UNKNOWN")
            raise
        except ConduixError as error:
            status = error.status
            await _abort(context, error)
        except Exception as error:
            if isinstance(error, NotImplementedError) and context.code() in _UNIMPLEMENTED:
                status = "UNIMPLEMENTED"  # generated code has spoken: the servicer lacks this method
                await _abort(context, _no_method(call.method))
            status = "INTERNAL"
            log.exception("%s failed, request %s", call.method, call.request_id)
            await _abort(context, _internal(call.request_id))
        finally:
            seconds = self._clock() - started
            _log(call, status, seconds)
            if self._observe is not None:
                self._observe(call, status, seconds)

    def _call(self, method: str, context: Context) -> Call:
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        given = metadata.get(REQUEST_ID_KEY, "")
        identities = tuple(name.decode(errors="replace") for name in context.peer_identities() or ())
        request_id = given if _GIVEN_ID.fullmatch(given) else self._new_request_id()
        return Call(method, request_id, metadata, context.peer(), identities)


def _read_one(decode: Decode, raw: bytes) -> Message:
    try:
        request = decode(raw)
    except DecodeError as error:
        raise InvalidArgument(f"the request is no message of this method: {error}") from error
    check(request)
    return request


async def _read_all(decode: Decode, raw: AsyncIterator[bytes]) -> AsyncIterator[Message]:
    async for one in raw:
        yield _read_one(decode, one)


async def _single(behaviour: Behaviour, request: Any, context: Context) -> Any:
    return await behaviour(request, context)


async def _streamed(behaviour: Behaviour, request: Any, context: Context) -> None:
    answer = behaviour(request, context)
    if not hasattr(answer, "__aiter__"):  # a coroutine that writes for itself
        await answer
        return
    async with aclosing(answer):  # a cancelled call ends the generator now, not when it is collected
        async for response in answer:
            await context.write(response)


async def _abort(context: Context, error: ConduixError) -> NoReturn:
    status = to_status(error)
    await context.abort(grpc.StatusCode[error.status], status.message, ((DETAILS_KEY, status.SerializeToString()),))


def _no_method(method: str) -> MethodUnknown:
    return MethodUnknown(f"there is no method {method}", remedy="list the methods by server reflection")


def _internal(request_id: str) -> ConduixError:
    return ConduixError(
        f"internal error, request {request_id}",
        remedy="the server's log has the cause under this request's id; please report it",
    )


def _number(code: Any) -> int:
    # typed as StatusCode; grpc.aio hands out the number that was set
    return code.value[0] if isinstance(code, grpc.StatusCode) else int(code)


def _log(call: Call, status: str, seconds: float) -> None:
    caller = call.principal.name if call.principal else "-"
    access_log.info(
        "%s %s %.1f ms caller=%s peer=%s id=%s", call.method, status, seconds * 1000, caller, call.peer, call.request_id
    )
