"""``python -m datus.demo PATH`` builds the demo database there and says how far it is, line by line."""

import argparse
import sys
from pathlib import Path

from datus.demo.shop import build
from datus.errors import DatusError


def main(arguments: list[str] | None = None) -> int:
    """Build and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m datus.demo", description=__doc__)
    parser.add_argument("path", type=Path, help="the DuckDB file to write")
    path: Path = parser.parse_args(arguments).path
    try:
        build(path, _say)
    except DatusError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


def _say(name: str, done: int, total: int) -> None:
    sys.stdout.write(f"{done}/{total} {name}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
