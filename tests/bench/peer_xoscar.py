"""xoscar (actors on asyncio) doing our ask; see `tests.bench.peer` for how it is asked.

One pool, so that no message leaves the process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import xoscar  # type: ignore[import-untyped,import-not-found,unused-ignore]  # has no types

from tests.bench.serve_peer import serve

clock_ns = time.process_time_ns

WARM_UP = 100


class Echo(xoscar.Actor):  # type: ignore[misc]  # xoscar is untyped
    def echo(self, message: object) -> object:
        return message


async def _ask(count: int) -> float:
    pool = await xoscar.create_actor_pool("127.0.0.1", n_process=0)
    async with pool:
        echo = await xoscar.create_actor(Echo, address=pool.external_address, uid="echo")
        for seq in range(WARM_UP):
            await echo.echo(seq)
        begin = clock_ns()
        for seq in range(count):
            await echo.echo(seq)
        return (clock_ns() - begin) / count


def ask(count: int) -> float:
    return asyncio.run(_ask(count))


WORKLOADS: dict[str, Callable[[int], float]] = {"ask": ask}

if __name__ == "__main__":
    serve(WORKLOADS)
