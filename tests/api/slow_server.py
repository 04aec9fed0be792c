"""The real server, but every question takes the seconds that DATUS_TEST_SECONDS says. Run by test_server.

With DATUS_TEST_STUCK it takes them in a thread that nothing can stop, and the last resort comes soon.
"""

import asyncio
import os
import sys
import time

import datus.service.service
from datus.api import process
from datus.api.server import main
from datus.types import Candidate, GenerationContext


class SlowGenerator:
    """Sleeps, then counts the orders."""

    name = "slow"
    version = ""

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        seconds = float(os.environ["DATUS_TEST_SECONDS"])
        if "DATUS_TEST_STUCK" in os.environ:
            await asyncio.to_thread(time.sleep, seconds)
        await asyncio.sleep(seconds)
        return (Candidate("SELECT count(*) AS orders FROM orders", 1.0, ("orders",), ()),)


if __name__ == "__main__":
    if "DATUS_TEST_STUCK" in os.environ:
        process.LAST_RESORT_S = 2.0
    datus.service.service.make_generator = lambda *_: SlowGenerator()
    sys.exit(main())
