"""Settings: ``agent.yml`` and the environment in, frozen and checked values out."""

from datus.config.load import datus_home, find_config, load_settings
from datus.config.table import SETTINGS, Setting
from datus.config.values import (
    BudgetConfig,
    CacheConfig,
    DatabaseConfig,
    EmbeddingsConfig,
    KnowledgeSources,
    ModelConfig,
    NamespaceConfig,
    NodeValue,
    Secret,
    ServerConfig,
    Settings,
    TraceConfig,
    WorkflowConfig,
)

__all__ = [
    "SETTINGS",
    "BudgetConfig",
    "CacheConfig",
    "DatabaseConfig",
    "EmbeddingsConfig",
    "KnowledgeSources",
    "ModelConfig",
    "NamespaceConfig",
    "NodeValue",
    "Secret",
    "ServerConfig",
    "Setting",
    "Settings",
    "TraceConfig",
    "WorkflowConfig",
    "datus_home",
    "find_config",
    "load_settings",
]
