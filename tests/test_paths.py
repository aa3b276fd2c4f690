"""Prefixes that match at segment boundaries, and exact paths."""

import pytest

from django_apierrors.paths import covers, is_one_of, longest_prefix


@pytest.mark.parametrize("prefix", ["/api/v1/billing", "/api/v1/billing/"])
@pytest.mark.parametrize(
    ("path", "is_covered"),
    [
        ("/api/v1/billing", True),
        ("/api/v1/billing/", True),
        ("/api/v1/billing/7/lines", True),
        ("/api/v1/billing//", True),
        ("/api/v1/billingx", False),
        ("/api/v1/billing.json", False),
        ("/api/v1", False),
        ("/API/v1/billing", False),
        ("/x/api/v1/billing", False),
        ("", False),
    ],
)
def test_a_prefix_covers_whole_segments(prefix, path, is_covered):
    assert covers(prefix, path) is is_covered


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/"])
def test_a_slash_covers_everything(path):
    assert covers("/", path)


def test_the_longest_prefix_wins():
    prefixes = ["/", "/api/", "/api/v1", "/api/v10"]
    assert longest_prefix("/api/v1/x", prefixes) == "/api/v1"
    assert longest_prefix("/api/v2", prefixes) == "/api/"
    assert longest_prefix("/site", prefixes) == "/"
    assert longest_prefix("/site", ["/api/"]) is None


@pytest.mark.parametrize(
    ("path", "is_known"),
    [
        ("/livez", True),
        ("/livez/", True),
        ("/up", True),
        ("/livez/x", False),
        ("/livezz", False),
        ("/Livez", False),
        ("/", False),
        ("", False),
    ],
)
def test_an_exact_path_may_end_in_a_slash_and_holds_nothing_below(path, is_known):
    assert is_one_of(path, ["/livez", "/up/"]) is is_known
