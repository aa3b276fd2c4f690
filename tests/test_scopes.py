"""Descriptions of the paths and methods of a window."""

import pytest

from django_apierrors.scopes import describe_scope
from django_apierrors.windows import Window


@pytest.mark.parametrize(
    ("methods", "paths", "description"),
    [
        ("", "", "everything"),
        ("", "/a /b /c /d", "/a, /b, /c, /d"),
        ("", "/a /b /c /d /e /f", "/a, /b, /c, /d and 2 more"),
        ("PUT POST", "", "POST, PUT on every path"),
        ("POST", "/a /b /c /d /e", "POST on /a, /b, /c, /d and 1 more"),
    ],
)
def test_a_scope_is_described_by_methods_and_some_paths(methods, paths, description):
    window = Window(methods=frozenset(methods.split()), path_prefixes=tuple(paths.split()))
    assert describe_scope(window) == description


def test_all_paths_are_listed_on_request():
    window = Window(path_prefixes=("/a", "/b", "/c", "/d", "/e"))
    assert describe_scope(window, max_paths=None) == "/a, /b, /c, /d, /e"
