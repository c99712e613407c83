"""What every gRPC caller and server of the house has in common: channels, interceptors, rich errors, serving.

Import this package before `grpc`: with fork support on, gRPC complains at each process that is spawned beside its
threads, and it reads the switch only once, when it is imported. The same with its own log: a line for each server
that leaves is ours to say, in our log's form.
"""

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
