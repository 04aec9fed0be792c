"""Settings: ``agent.yml`` and the environment in, frozen and checked values out."""

from datus.config.load import datus_home, find_config, load_settings
from datus.config.setting import Setting
from datus.config.table import SETTINGS
from datus.config.values import (
    BudgetConfig,
    CacheConfig,
    DatabaseConfig,
    EmbeddingsConfig,
    Entry,
    KnowledgeSources,
    ModelConfig,
    ModelType,
    NamespaceConfig,
    NodeSettings,
    NodeValue,
    Parallel,
    Part,
    Secret,
    ServerConfig,
    Settings,
    TelemetryConfig,
    TraceConfig,
    WorkflowConfig,
)
from datus.config.workflows import with_settings

__all__ = [
    "SETTINGS",
    "BudgetConfig",
    "CacheConfig",
    "DatabaseConfig",
    "EmbeddingsConfig",
    "Entry",
    "KnowledgeSources",
    "ModelConfig",
    "ModelType",
    "NamespaceConfig",
    "NodeSettings",
    "NodeValue",
    "Parallel",
    "Part",
    "Secret",
    "ServerConfig",
    "Setting",
    "Settings",
    "TelemetryConfig",
    "TraceConfig",
    "WorkflowConfig",
    "datus_home",
    "find_config",
    "load_settings",
    "with_settings",
]
