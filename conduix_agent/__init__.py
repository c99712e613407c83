"""The agent that runs pipelines on a host: `python -m conduix_agent`, `conduix-agent`."""

import conduix.rpc  # noqa: F401 - sets what gRPC reads when it is imported: before any module here does
