"""A PostgreSQL that stops, hangs and comes back during traffic: nobody sees it but the log."""

import time

import pytest
from support.server_processes import Held, elsewhere, migrate, said, serving, until
from support.services import private_postgres

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def postgres():
    with private_postgres() as started:
        migrate(started.url)
        yield started


@pytest.fixture(params=["gunicorn with threads", "uvicorn"])
def server(request, postgres):
    elsewhere(postgres.url, "rows.update(message='Before.')")
    with serving(postgres.url, request.param) as [started]:
        assert said(started) == "Before."
        yield started


def traffic(server, seconds):
    """Send requests for so long, none of which waits for another, and return them."""
    end, sent = time.monotonic() + seconds, []
    while time.monotonic() < end:
        sent.append(Held(server))
        time.sleep(0.1)
    return sent


def test_a_database_that_is_stopped_delays_nobody(server, postgres):
    postgres.stop()
    sent = traffic(server, 5)
    until(lambda: all(one.is_answered() for one in sent))
    assert {one.message for one in sent} == {"Before."}
    assert server.log().count("The error catalog cannot be read") == 1
    postgres.start()
    elsewhere(postgres.url, "rows.update(message='After the stop.')")
    until(lambda: said(server) == "After the stop.")
    assert server.log().count("The error catalog can be read again") == 1


def test_a_database_that_hangs_holds_the_one_request_that_met_it(server, postgres):
    time.sleep(1.1)  # so that the next request reads
    postgres.hang()
    try:
        sent = traffic(server, 10)
        until(lambda: sum(not one.is_answered() for one in sent) <= 1)
        assert {one.message for one in sent if one.is_answered()} == {"Before."}
        [held] = [one for one in sent if not one.is_answered()]
        assert server.log().count("no answer within 5 s") == 1
    finally:
        postgres.go_on()
    elsewhere(postgres.url, "rows.update(message='After the hang.')")
    until(lambda: said(server) == "After the hang.")
    until(held.is_answered)
