"""A worker program that does what its argument says, over the real protocol: `python scripted.py SCRIPT`.

A script is words: `running`, `completed` (statuses), `print:TEXT`, `garbage`, `huge`, `hang`, `exit:STATUS`, `echo`
(each request it hears becomes a log line, until the line ends), `orphan` (leaves a child that holds its pipes until the
line ends).
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys

from conduix.engine.worker.frames import frame, read_frame
from conduix.v1 import mesh_service_pb2 as pb_mesh
from conduix.v1 import pipeline_service_pb2 as pb_pipeline
from conduix.v1 import worker_pb2 as pb

STATES = {"running": pb_pipeline.PIPELINE_STATE_RUNNING, "completed": pb_pipeline.PIPELINE_STATE_COMPLETED}


def act(line: socket.socket, word: str) -> None:
    verb, _, argument = word.partition(":")
    if verb in STATES:
        line.sendall(frame(pb.WorkerEvent(status=pb_pipeline.ReplicaStatus(state=STATES[verb]))))
    elif verb == "print":
        os.write(1, argument.encode().decode("unicode_escape").encode())
    elif verb == "garbage":
        line.sendall(struct.pack(">I", 3) + b"\xff\xff\xff")
    elif verb == "huge":
        line.sendall(struct.pack(">I", 0xFFFFFFFF))
    elif verb == "hang":
        signal.pause()
    elif verb == "echo":
        echo(line)
    elif verb == "orphan":
        if not os.fork():
            line.recv(1)  # until the agent closes the line
            os._exit(0)
    elif verb == "exit":
        os._exit(int(argument))


def echo(line: socket.socket) -> None:
    while (body := read_frame(line.recv)) is not None:
        said = pb.WorkerRequest.FromString(body).WhichOneof("kind") or "nothing"
        line.sendall(frame(pb.WorkerEvent(log=pb_mesh.LogLine(message=said))))


if __name__ == "__main__":
    own = socket.socket(fileno=3)
    for each in sys.argv[1].split():
        act(own, each)
