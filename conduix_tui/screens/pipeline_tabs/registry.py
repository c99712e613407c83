"""The tabs, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from conduix_tui.screens.pipeline_tabs.checkpoint import CheckpointTab
from conduix_tui.screens.pipeline_tabs.document import DocumentTab
from conduix_tui.screens.pipeline_tabs.flow import FlowTab
from conduix_tui.screens.pipeline_tabs.graph import GraphTab
from conduix_tui.screens.pipeline_tabs.logs import LogsTab
from conduix_tui.screens.pipeline_tabs.metrics import MetricsTab
from conduix_tui.screens.pipeline_tabs.revisions import RevisionsTab
from conduix_tui.screens.pipeline_tabs.runs import RunsTab
from conduix_tui.screens.pipeline_tabs.tab import PipelineTab
from conduix_tui.screens.pipeline_tabs.tap import TapTab

TABS: Sequence[type[PipelineTab]] = (
    GraphTab,
    FlowTab,
    MetricsTab,
    LogsTab,
    TapTab,
    DocumentTab,
    RevisionsTab,
    RunsTab,
    CheckpointTab,
)
