"""The migration guides: their code compiles, what they name exists, and the README links to each."""

import ast
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.utils.module_loading import import_string
from support.guides import FOLDER, GUIDES, REQUESTS, blocks, rows

from django_apierrors import codes
from django_apierrors.conf import TABLE, Section
from django_apierrors.management.adoption import changes

README = (Path(__file__).parent.parent / "README.md").read_text()
guides = pytest.mark.parametrize("guide", GUIDES)
_FENCE = re.compile(r"^ *```python\n", re.MULTILINE)


def text_of(guide):
    return (FOLDER / guide).read_text()


def python_of(guide):
    return [code for name, code in blocks(guide) if name.endswith(".py")]


@guides
def test_the_readme_links_to_a_guide_and_adopt_names_only_guides_that_exist(guide):
    assert f"(docs/migrating/{guide})" in README
    assert set(changes._GUIDES.values()) <= set(GUIDES)


@guides
def test_every_block_of_python_names_its_file_and_compiles(guide):
    code = python_of(guide)
    assert code
    assert len(code) == len(_FENCE.findall(text_of(guide)))
    for each in code:
        compile(each, guide, "exec")


@guides
def test_what_is_imported_of_the_package_exists(guide):
    for code in python_of(guide):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("django_apierrors"):
                for alias in node.names:
                    import_string(f"{node.module}.{alias.name}")


@guides
def test_every_dotted_path_of_the_package_exists(guide):
    for path in set(re.findall(r"\bdjango_apierrors(?:\.\w+)+", text_of(guide))):
        try:
            __import__(path)
        except ImportError:
            import_string(path)


@guides
def test_every_setting_of_ours_is_one(guide):
    for code in python_of(guide):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "APIERRORS":
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    assert key is None or key.value in TABLE
                    if key is not None and isinstance(TABLE[key.value], Section):
                        assert {inner.value for inner in value.keys} <= TABLE[key.value].entries.keys()
    sections = {entry.name: entry for entry in TABLE.values() if isinstance(entry, Section)}
    for section, key in re.findall(r'(MAINTENANCE|RATELIMIT)\["(\w+)"\]', text_of(guide)):
        assert key in sections[section].entries


@guides
def test_every_command_and_code_of_ours_is_one(guide):
    for command, action in re.findall(r"manage\.py (apierrors|maintenance) (\w+)", text_of(guide)):
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        assert any(action in (getattr(each, "choices", None) or ()) for each in parser._actions)
    for code in re.findall(r'codes\.get\("(\w+)"\)', text_of(guide)):
        assert codes.get(code) is not None


@guides
def test_a_table_has_rows_of_requests_before_and_after(guide):
    assert rows(guide).keys() <= REQUESTS.keys()
    assert len(rows(guide)) >= 2


def test_the_list_of_differences_covers_what_the_comparison_found():
    listed = text_of("drf-standardized-errors.md").partition("## Known differences")[2]
    for word in ("`0` at the top", "a list in a list", "a text beside a dict", "`ValidationError([])`", "CSRF"):
        assert word in listed
    assert len(re.findall(r"^\| ", listed, re.MULTILINE)) - 1 >= 12
