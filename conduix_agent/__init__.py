"""The agent that runs pipelines on a host (comes with part 2 of the plan)."""

import conduix.rpc  # noqa: F401 - sets what gRPC reads when it is imported: before any module here does
