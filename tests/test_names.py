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
SHARED = {"Command", "app_name", "get", "guard", "logger", "urlpatterns"}
QUESTIONS = ("How", "What", "When", "Where", "Whether", "Which", "Who", "Whose", "Why")
#: Parts of identifiers that are no terms of Django, DRF, HTTP or programming.
FORBIDDEN = (
    {"beside", "blame", "blamed", "deeds", "door", "doors", "dress", "drift", "house", "inert", "judge"}
    | {"landed", "leaves", "nobody", "nobodys", "patience", "prose", "quiet", "room", "rooms", "stranger", "telling"}
    | {"turns", "verdict"}
)
#: Participles that are no names on their own.
PARTICIPLES = {"found", "given", "held", "made", "opened", "passed", "said", "shown", "told", "written"}


def check(rule):
    """Fail with a line for each violation of a rule in a module."""
    violations = [f"{name}: {violation}" for name, tree in TREES.items() for violation in rule(name, tree)]
    assert not violations, "\n".join(violations)


def documented(tree, kinds):
    """Yield the nodes of some kinds that have a docstring, with it."""
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (doc := ast.get_docstring(node)):
            yield node, doc


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
            yield summary

    check(rule)


def test_no_docstring_tells_whether():
    def rule(name, tree):
        for node, doc in documented(tree, (*DEFINITIONS, ast.Module)):
            if re.search(r"\bTells? whether", doc):
                yield getattr(node, "name", "the module")

    check(rule)


def test_predicates_return_whether():
    def rule(name, tree):
        for node, doc in documented(tree, FUNCTIONS):
            is_property = any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
            prefix = "Whether" if is_property else "Return whether"
            if node.name.startswith(("is_", "has_")) and not doc.startswith(prefix):
                yield f"{node.name}: {doc.splitlines()[0]}"

    check(rule)


def test_no_top_level_name_stands_in_two_modules():
    modules = defaultdict(set)
    for module, tree in TREES.items():
        for name in top_level_names(tree):
            modules[name].add(module)

    def rule(module, tree):
        for name in sorted(set(top_level_names(tree))):
            others = ", ".join(sorted(modules[name] - {module}))
            if others and name not in SHARED and not name.startswith("__"):
                yield f"{name}, also in {others}"

    check(rule)


def test_identifiers_and_modules_have_no_forbidden_words():
    def rule(name, tree):
        names = {*identifiers(tree), *name.removesuffix(".py").split("/")}
        return sorted(name for name in names if FORBIDDEN.intersection(parts(name)))

    check(rule)


def test_no_definition_is_a_participle():
    def rule(name, tree):
        definitions = [node.name for node in ast.walk(tree) if isinstance(node, DEFINITIONS)]
        return [definition for definition in definitions if definition.strip("_") in PARTICIPLES]

    check(rule)
