"""`python -m benchmarks.lessons.classroom`: a small class on a real dashboard."""

import asyncio

from benchmarks.lessons.classroom import Round, dashboard, rounds
from bort.lessons.catalogue import LESSONS


def test_everybody_gets_every_lesson() -> None:
    async def measured() -> list[Round]:
        async with dashboard() as (port, server):
            return [one async for one in rounds(port, server, students=2)]

    found = asyncio.run(measured())
    assert [one.slug for one in found] == [lesson.slug for lesson in LESSONS]
    for one in found:
        assert len(one.together) == 2
        assert all(opened.bytes > 50_000 for opened in one.together)  # its script and its numbers
        assert one.line().startswith(one.slug)
