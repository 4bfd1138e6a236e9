"""Fixtures of the whole suite: databases, live sites, browsers, personas, shared data; and the time budget.

- `db` / `transactional_db` (pytest-django): the session's PostgreSQL, rolled back or emptied after each test.
- `world`: real commits on an own database, once on PostgreSQL and once on SQLite; no server.
- `live_site`, `sqlite_site`, `any_site` (both): a real web server on an own database that a test may kill. The ORM of
  the test process is pointed at the same database. `module_site` is one for a whole module.
- `ground`: the database, storage and broker of a site without its web server, in both worlds.
- `worker`, `make_worker`: real Celery workers on whichever site the test uses.
- `new_page`, `page`: pages of a real Chromium.
- `owner`, `engineer`, `blind_analyst`: members of the staff in whichever database the test uses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.budget import TimeBudget
from tests.services.fifth import EveryFifth
from tests.services.redis import Redis
from tests.services.site import Site, prepared_site, running_site
from tests.services.world import ROOT, SERVERS, connected_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from accounts.models import User
    from tests.services.worker import Worker

#: Fixtures that bring a database of their own; every other test with a persona uses pytest-django's.
SITES = ("live_site", "sqlite_site", "any_site", "module_site", "ground")
OWN_DATABASE = {"world", *SITES}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fifth",
        type=int,
        metavar="N",
        help="run only every fifth of the selected tests, beginning with number N modulo 5 (CI's slow tests)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(TimeBudget(), "time-budget")
    if config.option.fifth is not None:
        config.pluginmanager.register(EveryFifth(config.option.fifth), "every-fifth")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Before `-m` selects, so that `-m browser` finds every test that opens a page.
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & {"browser", "new_page", "page"}:
            item.add_marker("browser")
        if fixtures & OWN_DATABASE and item.get_closest_marker("django_db"):
            raise pytest.UsageError(
                f"{item.nodeid}: django_db would open a second database beside the test's own"
            )


@pytest.fixture(scope="session")
def postgres() -> Iterator[None]:
    """The PostgreSQL server of the session, running."""
    SERVERS.start_postgres()
    yield
    SERVERS.stop()


@pytest.fixture(scope="session")
def django_db_setup(postgres, django_test_environment, django_db_blocker) -> Iterator[None]:
    """The session's migrated database, and a copy of it that live databases are made from.

    In place of pytest-django's own, which makes no database when no test of the run bears its marker.
    """
    from django.db import connection, connections
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        connection.close()
        SERVERS.keep_as_template(migrated=str(connection.settings_dict["NAME"]))
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        if SERVERS.outlive_the_session:
            SERVERS.drop_template()
            teardown_databases(made, verbosity=0)


@pytest.fixture(params=["postgresql", "sqlite"])
def world(request: pytest.FixtureRequest, django_db_blocker) -> Iterator[str]:
    """An empty database of the test's own with real commits, in both of the product's worlds; yields its vendor."""
    vendor: str = request.param
    if vendor == "postgresql":
        request.getfixturevalue("django_db_setup")
    copy = SERVERS.postgres_emptied() if vendor == "postgresql" else SERVERS.sqlite_copy()
    with django_db_blocker.unblock(), copy as url, connected_to(url):
        yield vendor


def _site(
    request: pytest.FixtureRequest, vendor: str, *, served: bool = True, redis_url: str = ""
) -> Iterator[Site]:
    from django.test import override_settings

    if vendor == "postgresql":
        request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    with (
        (running_site if served else prepared_site)(vendor, redis_url=redis_url) as site,
        blocker.unblock(),
        connected_to(site.database_url),
        override_settings(PUBLIC_URL=site.url, STORAGE_DIR=site.folder / "storage", REDIS_URL=site.redis_url),
    ):
        yield site


@pytest.fixture
def live_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A real web server on a PostgreSQL database of its own, with Redis as its cache."""
    yield from _site(request, "postgresql")


@pytest.fixture
def sqlite_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A real web server of the embedded world: a SQLite file, no Redis."""
    yield from _site(request, "sqlite")


@pytest.fixture(params=["postgresql", "sqlite"])
def any_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Both sites, one after the other."""
    yield from _site(request, request.param)


@pytest.fixture(scope="module")
def module_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """One PostgreSQL site for all tests of a module, which must all use it (or no database)."""
    yield from _site(request, "postgresql")


@pytest.fixture(params=["postgresql", "sqlite"])
def ground(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site whose web server does not run, in both worlds: for tests of workers and commands."""
    yield from _site(request, request.param, served=False)


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A Redis of the test's own."""
    server = Redis()
    yield server
    server.stop()


@pytest.fixture
def make_worker(request: pytest.FixtureRequest) -> Iterator[Callable[..., Worker]]:
    """Starts workers: `make_worker(queues="train", concurrency=1, JOB_LEASE_SECONDS="2")`. All end with the test."""
    from tests.services.worker import Workers

    name = next(name for name in SITES if name in request.fixturenames)
    workers = Workers(request.getfixturevalue(name))
    yield workers.make
    workers.stop()


@pytest.fixture
def worker(make_worker: Callable[..., Worker]) -> Worker:
    """A running worker on all queues of the test's site."""
    return make_worker()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the session."""
    from django.db import connections
    from playwright.sync_api import sync_playwright

    from tests.services.chromium import find_chromium, launch_arguments

    program = find_chromium()
    # Playwright keeps an event loop in this thread, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=None if program is None else str(program), args=launch_arguments()
        )
        yield chromium
        chromium.close()
        # While Playwright's loop runs, asgiref keeps this thread's connections apart from those that come after it.
        connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages: `new_page(site, phone=…, dark=…, javascript=…)`. Script errors on any of them fail the test."""
    from tests.services.pages import Pages

    pages = Pages(browser)
    yield pages.open
    pages.close()
    assert pages.complaints == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A desktop page with JavaScript."""
    return new_page()


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets that stands beside the checkout on some machines."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not on this machine")
    return folder


def _person(request: pytest.FixtureRequest, role: str) -> User:
    from accounts.models import User

    if not OWN_DATABASE & set(request.fixturenames):
        request.getfixturevalue("db")
    name = role.replace("_", "-")
    # In the database of a module the person may be there from the test before.
    known = User.objects.filter(username=name).first()
    return known or User.objects.create_user(username=name, password="correct horse 7", role=role)


# Each persona comes after whatever database the test brings: fixtures of the test itself are set up in their order.


@pytest.fixture
def owner(request: pytest.FixtureRequest) -> User:
    return _person(request, "owner")


@pytest.fixture
def engineer(request: pytest.FixtureRequest) -> User:
    return _person(request, "engineer")


@pytest.fixture
def blind_analyst(request: pytest.FixtureRequest) -> User:
    return _person(request, "blind_analyst")
