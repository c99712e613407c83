"""The test server as a process of its own: writes its port, then serves until it is killed."""

from __future__ import annotations

import asyncio
import sys

from conduix.rpc.channel import Listener
from conduix.rpc.serving import RpcServer
from tests.unit.rpc.serving import Script, anybody, services


async def main() -> None:
    server = RpcServer(services(Script()), [Listener("127.0.0.1:0")], authorise=anybody)
    await server.start()
    sys.stdout.write(f"{server.ports[0]}\n")
    sys.stdout.flush()
    await server.wait_stopped()


if __name__ == "__main__":
    asyncio.run(main())
