"""The operator's page tells how the database stands to the release: without a script, with one, and while the database hangs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, expect
from tests.studio.conftest import STUDIO, Studio, bring_up, digest
from tests.studio.web_page.conftest import SETTINGS, Site
from tests.studio.web_page.test_every_page import DESK, Keep, look

from lockstep.testing import Databases
from studio.web_page.operator_page import MOST_FILES

SHIPPED = sorted(file.name for folder in ("migrations", "seeds") for file in (STUDIO / folder).glob("*.sql"))  # fmt: skip
APPLIED = [name for name in SHIPPED if "demo_account" not in name]
DAMAGE = """alter table content drop column thumbnail_url;
alter table content alter tags drop not null;
create table "<b>by hand</b>" ();"""


@pytest.fixture
def own(databases: Databases, browser: Browser, tmp_path: Path) -> Iterator[Site]:
    """A studio on a database that a test may damage."""
    conninfo = databases.create(f"studio {digest()}", lambda empty: bring_up(tmp_path / "up", empty))  # fmt: skip
    with Studio(tmp_path, conninfo).serving(**SETTINGS) as url:
        site = Site(url, conninfo)
        site.browser = browser
        yield site
        for person in site.people:
            person.context.close()
        site.close()
    databases.drop(conninfo)


def shown(client: httpx.Client, address: str = "/operator") -> str:
    """Return the page once the database has been looked at; names have no places to break in it."""
    while True:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        if "data-soon" not in answer.text:
            return answer.text.replace("<wbr>", "")


def test_ledger_and_schema_need_no_script(served: Site) -> None:
    """The newest files, all of them on demand, and that nothing has drifted."""
    admin, _ = served.client("admin")
    page = shown(admin)
    assert "as schema.lock says" in page
    assert sum(name in page for name in APPLIED) == MOST_FILES
    assert f'<a href="/operator?ledger=all#files-title">Show all {len(APPLIED)} files</a>' in page
    whole = shown(admin, "/operator?ledger=all")
    assert [name for name in APPLIED if name not in whole] == []


def test_drift_is_shown_with_its_lines(own: Site) -> None:
    """What refuses a boot comes first, and says so; a name that somebody chose is text."""
    own.run(DAMAGE)
    admin, _ = own.client("admin")
    page = shown(admin)
    assert "1 missing, 1 different, 1 extra" in page
    assert "A boot of this release would stop here" in page
    assert "column public.content.thumbnail_url {&#34;type&#34;: &#34;text&#34;}" in page
    assert "&lt;b&gt;by hand&lt;/b&gt;" in page
    assert "<b>by hand" not in page
    assert page.index("public.content.thumbnail_url") < page.index("by hand")


@pytest.mark.long
def test_drift_meets_no_barrier(own: Site, keep: Keep) -> None:
    """The same in the light, in the dark and on a phone: what stops a boot, what would not, and names without end."""
    own.run(DAMAGE)
    own.run(f'create table "{"n" * 60}" ()')
    shown(own.client("admin")[0])
    page = own.signed_in(role="admin", viewport=DESK).page()
    look(page, "/operator", "operator_drifted", keep)
    assert own.people[0].complaints == []


def test_what_could_not_be_known_appears_when_it_can(own: Site) -> None:
    """While somebody keeps the ledger locked the page is there and says what it waits for; later its script puts it in."""
    with psycopg.connect(own.conninfo) as holder:
        holder.execute("lock table lockstep.ledger in access exclusive mode")
        page = own.signed_in(role="admin").page()
        page.goto("/operator")
        schema = page.locator('[data-live="schema"]')
        expect(schema).to_contain_text("Not known yet: the database has not answered yet")
        expect(page.locator("#services li").first).to_be_visible()
    expect(schema).to_contain_text("as schema.lock says")
    expect(schema.locator("tbody tr")).to_have_count(MOST_FILES)
    assert own.people[0].complaints == []
