"""A gRPC server with what each one of the house has: health by service, reflection of both versions, a graceful end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from conduix.errors import UsageError
from conduix.rpc.channel import SERVER_OPTIONS, Listener
from conduix.rpc.interceptors import Authorise, CallInterceptor, Observe

REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the contract: its full name, and what adds its servicer to a server."""

    name: str
    add: Callable[[grpc.aio.Server], None]


class RpcServer:
    """Serves `services` on all `listeners`. Build it inside the event loop that is to serve.

    The life of one: `start()`, `set_serving()` as things come and go, `enter_drain()`, `stop(grace)`.
    `ports` has the port of each listener. UsageError: a port is taken, a certificate cannot be read.
    """

    def __init__(
        self,
        services: Sequence[Service],
        listeners: Sequence[Listener],
        *,
        authorise: Authorise,
        observe: Observe | None = None,
    ) -> None:
        self._services = tuple(services)
        interceptor = CallInterceptor(authorise, observe=observe)
        self.streams = interceptor.streams
        self._server = grpc.aio.server(interceptors=[interceptor], options=SERVER_OPTIONS)
        self._health = health.aio.HealthServicer()
        for service in self._services:
            service.add(self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        _add_reflection(self._server, [service.name for service in self._services])
        self.ports = tuple(self._bind(listener) for listener in listeners)

    def _bind(self, listener: Listener) -> int:
        credentials = None if listener.tls is None else listener.tls.credentials()
        try:
            if credentials is None:
                return self._server.add_insecure_port(listener.address)
            return self._server.add_secure_port(listener.address, credentials)
        except RuntimeError as error:  # its text says what the system said
            raise UsageError(
                f"cannot listen on {listener.address}: {error}",
                remedy="end what uses that port, or configure another one",
            ) from error

    async def start(self) -> None:
        """Begin to answer; all services are reported as serving."""
        await self._server.start()
        for service in self._services:
            await self.set_serving(service.name, serving=True)

    async def set_serving(self, name: str, *, serving: bool) -> None:
        """What health checks say of one service; the empty name is the server as a whole."""
        status = health_pb2.HealthCheckResponse
        await self._health.set(name, status.SERVING if serving else status.NOT_SERVING)

    async def enter_drain(self) -> None:
        """Health says NOT_SERVING from here on, for good; calls are still answered."""
        await self._health.enter_graceful_shutdown()

    async def stop(self, grace: float) -> None:
        """Take no new calls, give the running ones `grace` seconds, then cut them."""
        await self.enter_drain()
        await self._server.stop(grace)

    async def wait_stopped(self) -> None:
        """Until `stop` has ended the server."""
        await self._server.wait_for_termination()


def _add_reflection(server: grpc.aio.Server, names: Sequence[str]) -> None:
    """Both versions; gRPC's package has only v1alpha, whose messages are the same on the wire."""
    _describe_reflection_v1(descriptor_pool.Default())
    shown = [*names, health.SERVICE_NAME, reflection.SERVICE_NAME, REFLECTION_V1]
    servicer = reflection.aio.ReflectionServicer(shown)
    for name in (reflection.SERVICE_NAME, REFLECTION_V1):
        handler = grpc.stream_stream_rpc_method_handler(
            servicer.ServerReflectionInfo,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        generic = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
        server.add_generic_rpc_handlers((generic,))


def _describe_reflection_v1(pool: descriptor_pool.DescriptorPool) -> None:
    """Make v1's descriptor out of v1alpha's, so that reflection can describe itself."""
    try:
        pool.FindServiceByName(REFLECTION_V1)
    except KeyError:
        described = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(described)
        text = str(described).replace("grpc.reflection.v1alpha", "grpc.reflection.v1")
        described = text_format.Parse(text, descriptor_pb2.FileDescriptorProto())
        described.name = "grpc/reflection/v1/reflection.proto"
        pool.Add(described)
