"""Stages, one file each."""

from __future__ import annotations

from conduix.engine.stages.filter import FILTER
from conduix.engine.stages.mapping import MAPPING, MUTATION, REMAP
from conduix.engine.stages.rename import RENAME
from conduix.engine.stages.router import ROUTER
from conduix.engine.stages.sample import SAMPLE
from conduix.engine.stages.select import EXCLUDE, SELECT

ENTRIES = (MAPPING, MUTATION, REMAP, FILTER, SELECT, EXCLUDE, RENAME, SAMPLE, ROUTER)
"""The catalogue's stages."""
