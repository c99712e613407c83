"""Stages, one file each."""

from __future__ import annotations

from conduix.engine.stages.cast import CAST
from conduix.engine.stages.default import DEFAULT
from conduix.engine.stages.delete import DELETE
from conduix.engine.stages.encrypt import DECRYPT, ENCRYPT
from conduix.engine.stages.filter import FILTER
from conduix.engine.stages.flatten import FLATTEN
from conduix.engine.stages.mapping import MAPPING, MUTATION, REMAP
from conduix.engine.stages.mask import MASK
from conduix.engine.stages.merge import MERGE
from conduix.engine.stages.rename import RENAME
from conduix.engine.stages.router import ROUTER
from conduix.engine.stages.sample import SAMPLE
from conduix.engine.stages.select import EXCLUDE, SELECT
from conduix.engine.stages.split import SPLIT
from conduix.engine.stages.timestamp import TIMESTAMP
from conduix.engine.stages.unarchive import UNARCHIVE
from conduix.engine.stages.validate import VALIDATE

ENTRIES = (
    MAPPING, MUTATION, REMAP, FILTER, SELECT, EXCLUDE, RENAME, DEFAULT, CAST, MERGE, FLATTEN, SPLIT, UNARCHIVE,
    VALIDATE, MASK, ENCRYPT, DECRYPT, TIMESTAMP, DELETE, SAMPLE, ROUTER,
)  # fmt: skip
"""The catalogue's stages."""
