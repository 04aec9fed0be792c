"""The demo shop: three years of a retailer's data, made by code into a DuckDB file.

``datus.demo.schema`` tells the tables, ``datus.demo.rows`` how their rows come about. The data ends on
2024-01-14, so "today" of a question about it is 2024-01-15.
"""

from datus.demo.shop import DATA_VERSION, Progress, build, ensure

__all__ = ["DATA_VERSION", "Progress", "build", "ensure"]
