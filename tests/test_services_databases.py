"""What PostgreSQL and MariaDB refuse, through each of their drivers."""

from importlib.util import find_spec

import pytest
from support.refusals import EXPECTED, FINE, INTERRUPTED, asking, probe
from support.services import database, missing, private_postgres

pytestmark = pytest.mark.services

DRIVERS = {"psycopg": "postgresql", "psycopg2": "postgresql", "pymysql": "mysql", "mysqlclient": "mysql"}


@pytest.fixture(scope="module")
def results():
    """The results of the probe through a driver, which runs once."""
    known = {}

    def results_of(driver):
        if driver == "mysqlclient" and find_spec("MySQLdb") is None:
            pytest.skip("mysqlclient is not installed, which has to be compiled; PyMySQL raises the same numbers")
        if driver != "mysqlclient" and find_spec(driver) is None:
            missing(f"{driver} is not installed")
        if driver not in known:
            with database(DRIVERS[driver]) as url:
                known[driver] = probe(driver, url)
        return known[driver]

    return results_of


@pytest.mark.parametrize(
    ("driver", "line", "expected"),
    [(driver, *line) for driver in DRIVERS for line in EXPECTED[driver].items()],
)
def test_what_a_database_refuses_is_a_value_of_the_client_interrupted_work_or_a_bug(driver, line, expected, results):
    assert results(driver)[line] == expected


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_lone_surrogate_is_the_clients(driver, results):
    assert results(driver)["lone surrogate"][0] == 400


def test_a_database_that_is_stopped_is_a_503_until_it_is_back():
    with private_postgres() as postgres, asking("psycopg", postgres.url) as ask:
        assert ask("count") == FINE
        postgres.stop()
        # The first request finds its connection cut, the others find nobody to connect to.
        assert [ask("count") for _ in range(3)] == [INTERRUPTED] * 3
        postgres.start()
        assert ask("count") == FINE
