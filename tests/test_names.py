"""The names of the package: terms of Django, one meaning for each, and docstrings that are noun phrases."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import django_apierrors

ROOT = Path(django_apierrors.__file__).parent
TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(ROOT.rglob("*.py"))
    if "migrations" not in path.parts
}

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
#: Names that Django, the logging module or a registry expects in several modules.
SHARED = {"Command", "app_name", "get", "logger", "urlpatterns"}
QUESTIONS = ("How", "What", "When", "Where", "Whether", "Which", "Who", "Whose", "Why")
#: Parts of identifiers that are no terms of Django, DRF, HTTP or programming.
FORBIDDEN = set(
    [
        "beside",
        "blame",
        "blamed",
        "deeds",
        "door",
        "doors",
        "dress",
        "drift",
        "flight",
        "house",
        "inert",
        "judge",
        "landed",
        "leaves",
        "nobody",
        "nobodys",
        "patience",
        "prose",
        "quiet",
        "room",
        "rooms",
        "stranger",
        "telling",
        "turns",
        "verdict",
    ]
)
#: Participles that are no names on their own.
PARTICIPLES = {"found", "given", "held", "made", "opened", "passed", "said", "shown", "told", "written"}


def violations(rule):
    """Return a line for each violation of a rule in a module."""
    return [f"{name}: {violation}" for name, tree in TREES.items() for violation in rule(name, tree)]


def top_level_names(tree):
    """Yield the names that a module defines itself."""
    for node in tree.body:
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [inner for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)]
            yield from (inner.id for inner in names if isinstance(inner.ctx, ast.Store))


def identifiers(tree):
    """Yield the names that a module binds: definitions, arguments, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def parts(identifier):
    """Return the words of an identifier: ``_is_HTMLPage`` → ``is``, ``html``, ``page``."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


def test_module_docstrings_are_noun_phrases():
    def rule(name, tree):
        summary = (ast.get_docstring(tree) or "").partition("\n")[0]
        if summary.split(" ")[0] in QUESTIONS or not summary.endswith("."):
            yield repr(summary)

    assert violations(rule) == []


def test_no_docstring_tells_whether():
    def rule(name, tree):
        for node in ast.walk(tree):
            if isinstance(node, (*DEFINITIONS, ast.Module)) and re.search(
                r"\bTells? whether", ast.get_docstring(node) or ""
            ):
                yield getattr(node, "name", "module")

    assert violations(rule) == []


def test_predicates_return_whether():
    def rule(name, tree):
        for node in ast.walk(tree):
            if (
                isinstance(node, FUNCTIONS)
                and node.name.startswith(("is_", "has_"))
                and (doc := ast.get_docstring(node))
            ):
                is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
                if not doc.startswith("Whether" if is_property else "Return whether"):
                    yield f"{node.name}: {doc.partition(chr(10))[0]!r}"

    assert violations(rule) == []


def test_no_top_level_name_stands_in_two_modules():
    modules = defaultdict(set)
    for name, tree in TREES.items():
        for top_level_name in top_level_names(tree):
            modules[top_level_name].add(name)
    repeated = {
        name: sorted(where)
        for name, where in modules.items()
        if len(where) > 1 and name not in SHARED and not name.startswith("__")
    }
    assert repeated == {}


def test_identifiers_and_modules_have_no_forbidden_words():
    def rule(name, tree):
        words = {*identifiers(tree), *name.removesuffix(".py").split("/")}
        return sorted(word for word in words if FORBIDDEN.intersection(parts(word)))

    assert violations(rule) == []


def test_no_definition_is_a_participle():
    def rule(name, tree):
        names = [node.name for node in ast.walk(tree) if isinstance(node, DEFINITIONS)]
        return [definition for definition in names if definition.strip("_") in PARTICIPLES]

    assert violations(rule) == []
