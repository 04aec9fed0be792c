"""Settings: ``agent.yml`` and the environment in, frozen and checked values out."""

from datus.config.load import datus_home, find_config, load_settings
from datus.config.table import SETTINGS, Setting
from datus.config.values import (
    DatabaseConfig,
    EmbeddingsConfig,
    KnowledgeSources,
    ModelConfig,
    ModelType,
    NamespaceConfig,
    NodeValue,
    Secret,
    ServerConfig,
    Settings,
    WorkflowConfig,
)

__all__ = [
    "SETTINGS",
    "DatabaseConfig",
    "EmbeddingsConfig",
    "KnowledgeSources",
    "ModelConfig",
    "ModelType",
    "NamespaceConfig",
    "NodeValue",
    "Secret",
    "ServerConfig",
    "Setting",
    "Settings",
    "WorkflowConfig",
    "datus_home",
    "find_config",
    "load_settings",
]
