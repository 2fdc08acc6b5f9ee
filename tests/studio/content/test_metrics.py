"""Figures are absolute and the newest count: telling them twice, or late, changes nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from lockstep import Database
from studio.content.metrics import MetricsStore

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio


@pytest.fixture
def metrics(pool: Database) -> MetricsStore:
    """The store."""
    return MetricsStore(pool)


async def test_a_report_is_kept_a_platform_at_a_time(metrics: MetricsStore, shelf: Shelf) -> None:
    """What is told is kept, what is not told stays, and each platform has its own row."""
    content = shelf.add()
    assert await metrics.of("u", content) == []
    await metrics.report(
        "u", content, "instagram", {"views": 2**53 - 1, "revenue": Decimal("9999999999.99")}
    )
    await metrics.report("u", content, "my_blog", {"engagement_rate": Decimal("4.25")})
    found = await metrics.report("u", content, "instagram", {"likes": 3})
    assert found == await metrics.of("u", content)
    assert found is not None
    assert [(one.platform, one.views, one.likes, one.engagement_rate, one.revenue) for one in found] == [
        ("instagram", 2**53 - 1, 3, Decimal(0), Decimal("9999999999.99")),
        ("my_blog", 0, 0, Decimal("4.25"), Decimal(0)),
    ]  # fmt: skip


async def test_the_newest_report_counts(metrics: MetricsStore, shelf: Shelf) -> None:
    """A late one changes nothing, the same one again neither, and a clock ahead of ours keeps no later one out."""
    content = shelf.add()
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for views, moment in ((5, noon), (3, noon - timedelta(hours=1)), (5, noon)):
        found = await metrics.report("u", content, "instagram", {"views": views}, moment)
        assert found is not None
        assert (found[0].views, found[0].last_updated) == (5, noon)
    ahead = datetime.now(UTC) + timedelta(days=300)
    await metrics.report("u", content, "instagram", {"views": 6}, ahead)
    found = await metrics.report("u", content, "instagram", {"views": 7})
    assert found is not None
    assert found[0].views == 7
    assert found[0].last_updated < ahead


async def test_reports_at_once_make_one_row(metrics: MetricsStore, shelf: Shelf) -> None:
    """Whichever is last, there is one row, and no report breaks."""
    content = shelf.add()
    reports = [metrics.report("u", content, "instagram", {"views": n}) for n in range(8)]
    assert all(await asyncio.gather(*reports))
    assert shelf.run("select count(*) from content_metrics") == [1]


async def test_anothers_figures_are_neither_told_nor_shown(
    metrics: MetricsStore, shelf: Shelf
) -> None:
    """It is as if there were no such content."""
    content = shelf.add()
    assert await metrics.report("other", content, "instagram", {"views": 1}) is None
    assert await metrics.of("other", content) is None
    assert await metrics.report("u", content + 1, "instagram", {"views": 1}) is None
    assert shelf.run("select count(*) from content_metrics") == [0]
