"""Brings a document here and checks whether this agent can run it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from conduix.engine.catalog import Catalog, default_catalog
from conduix.errors import ConduixError, Unavailable
from conduix.spec.diagnostics import Diagnostic
from conduix.spec.loading import load
from conduix_agent.host.actions import Refusal, Want
from conduix_agent.host.process import own_environment
from conduix_agent.seam import Uplink

RETRY_FIRST = 0.2
RETRY_MOST = 5.0


@dataclass(frozen=True, slots=True)
class Document:
    """One that can be run here."""

    text: str
    drain_timeout: float
    """Seconds."""


class Documents:
    """Fetches and checks documents; `sleep` is for tests."""

    def __init__(
        self,
        uplink: Uplink,
        *,
        environment: Mapping[str, str] | None = None,
        catalog: Catalog | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._uplink = uplink
        self._environment = environment
        self._catalog = catalog or default_catalog()
        self._sleep = sleep

    async def get(self, pipeline_id: str, want: Want, waiting: Callable[[str], None]) -> Document | Refusal:
        """The document, or why it cannot be run. Waits while no server can be reached, and says so to `waiting`."""
        text = await self._fetch(pipeline_id, want, waiting)
        return text if isinstance(text, Refusal) else await asyncio.to_thread(self._check, text, want)

    async def _fetch(self, pipeline_id: str, want: Want, waiting: Callable[[str], None]) -> str | Refusal:
        pause = RETRY_FIRST
        while True:
            try:
                answer = await self._uplink.fetch_revision(pipeline_id, want.revision)
            except Unavailable as error:
                waiting(f"revision {want.revision} of the document is not on this agent: {error.message}")
                await self._sleep(pause)
                pause = min(pause * 2, RETRY_MOST)
            except ConduixError as error:
                return Refusal(error.code, error.message, error.remedy)
            else:
                if answer.digest == want.digest:
                    return answer.document
                message = f"revision {want.revision} has the digest {answer.digest}, wanted is {want.digest}"
                return Refusal("DOCUMENT_CHANGED", message, "start the pipeline again")

    def _check(self, text: str, want: Want) -> Document | Refusal:
        name = f"{want.name} revision {want.revision}"
        env = own_environment() if self._environment is None else self._environment
        loaded = load(text, file=name, catalog=self._catalog, env=env)
        if loaded.spec is None:
            return _refusal(loaded.errors)
        return Document(text, loaded.spec.drain_timeout)


_REMEDIES = {
    "VARIABLE_UNSET": "set the variable in the agent's environment and start the pipeline again, or give it a default",
    "FILE_UNREADABLE": "put the file on the agent's host, readable by the agent, and start the pipeline again",
    "MISSING_EXTRA": "install the extra where the agent runs, restart the agent, and start the pipeline again",
    "UNKNOWN_TYPE": "install what brings it where the agent runs, restart the agent, and start the pipeline again",
}


def _refusal(errors: tuple[Diagnostic, ...]) -> Refusal:
    """All that stands against a document here, under the code of the first: better of one that this host can mend."""
    code = next((error.code for error in errors if error.code in _REMEDIES), errors[0].code)
    remedy = _REMEDIES.get(code, "correct the document where the diagnostics point, and start the new revision")
    return Refusal(code, "\n".join(map(str, errors)), remedy)
