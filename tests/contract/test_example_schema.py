"""The schema of the example project and the page to try it, as its server answers them."""

import urllib.request

import pytest
from processes import served


@pytest.fixture(scope="module")
def base(folder):
    with served(folder) as (base, _):
        yield base


def read(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.headers.get_content_type(), response.read().decode()


def test_the_schema_is_served_with_every_error(base):
    media_type, text = read(f"{base}/api/schema/")
    assert media_type == "application/vnd.oai.openapi"
    assert "'#/components/responses/Problem422IdempotencyKeyReusedInsufficientBalance'" in text


def test_the_page_comes_from_the_sidecar_and_asks_no_other_host(base):
    _, page = read(f"{base}/api/docs/")
    assert "drf_spectacular_sidecar/swagger-ui" in page
    assert "http://" not in page.replace(base, "")
    assert "https://" not in page


def test_declared_details_stand_in_schema_and_example(closed):
    details = closed["components"]["schemas"]["InsufficientBalanceErrorDetails"]
    example = closed["components"]["examples"]["NestedInsufficientBalance"]["value"]["error"]["details"]
    assert details["properties"].keys() == example.keys() == set(details["required"])
