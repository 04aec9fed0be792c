"""The nodes by name, one line each."""

from collections.abc import Mapping
from types import MappingProxyType

from datus.workflow.node import Node
from datus.workflow.nodes.date_parser import DateParser
from datus.workflow.nodes.execute_sql import ExecuteSql
from datus.workflow.nodes.fix import Fix
from datus.workflow.nodes.generate_sql import GenerateSql
from datus.workflow.nodes.output import Output
from datus.workflow.nodes.reflect import Reflect
from datus.workflow.nodes.schema_linking import SchemaLinking
from datus.workflow.nodes.search_metrics import SearchMetrics
from datus.workflow.nodes.selection import Selection

_ALL: tuple[Node, ...] = (
    SchemaLinking(),
    SearchMetrics(),
    DateParser(),
    GenerateSql(),
    ExecuteSql(),
    Selection(),
    Fix(),
    Reflect(),
    Output(),
)

NODES: Mapping[str, Node] = MappingProxyType({node.name: node for node in _ALL})
