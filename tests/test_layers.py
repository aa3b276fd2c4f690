"""The levels of the modules: imports go downwards only, everything public is documented, no file is too long."""

import ast
from pathlib import Path

import django_apierrors

PACKAGE = "django_apierrors"
ROOT = Path(django_apierrors.__file__).parent
LEVELS = (
    {"validators", "waits"},
    {
        "",
        "codes",
        "codes_builtin",
        "conf",
        "database_errors",
        "datetimes",
        "equivalents",
        "model_texts",
        "paths",
        "problems",
        "scopes",
        "signals",
    }
    | {"text", "translations", "uncaught", "url_resolution", "usage"},
    {"client_ip", "declared_details", "entries", "exceptions", "headers", "request_state", "shipped"}
    | {"sound_values", "spelling"},
    {
        "catalog",
        "client_errors",
        "error_details",
        "exception_codes",
        "known_texts",
        "refused_values",
        "request_id",
        "windows",
    },
    {"formats", "query_errors"},
    {"exception_facts", "logs", "models"},
    {"exception_mapping", "negotiation", "rows"},
    {"answer_cache", "samples", "snapshot"},
    {"responses"},
    {"drf_responses", "last_resort", "maintenance", "oauth2", "parsers", "ratelimit", "renderers", "request_line"},
    {"rewriting"},
    {"contract", "context_processors", "crashes", "docs", "handlers", "middleware", "receivers", "testing"},
    {"admin", "asgi", "checks", "openapi", "urls", "wsgi"},
    {"management"},
    {"apps", "contrib"},
)
#: One room in two files: the built-in definitions are too many to stand in codes.py.
ROOMS = {("codes", "codes_builtin")}
LONGEST = 300
#: Where the key names of bodies may stand: the formats.
KEYS = {"httpCode", "error_description", "errors_total", "fields_total"}
KEYS_ALLOWED = {"formats": KEYS}

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
    for path in sorted(ROOT.rglob("*.py"))
    if "migrations" not in path.parts
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def room(name):
    """The room that a module belongs to: a package is one room, whose modules may import each other."""
    return name.split(".")[0]


def level(name):
    return next((number for number, names in enumerate(LEVELS) if room(name) in names), None)


def imported(name):
    """Yield the modules of the package that a module imports, however it is spelled."""
    depth = name.count(".") + (FILES[name].name == "__init__.py" and name != "")
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (name.removeprefix(PACKAGE).lstrip(".") for name in names if name.split(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level == 0 and module.split(".")[0] != PACKAGE:
                continue
            if node.level and node.level <= depth:
                continue  # inside the same room
            module = module if node.level else module.removeprefix(PACKAGE).lstrip(".")
            yield from [module] if module else (alias.name for alias in node.names)


def documented(tree):
    """Yield everything public that must say what it is: the module, its classes and functions."""
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)) and not getattr(node, "name", "").startswith("_"):
            yield from (inner for inner in node.body if is_public(inner))


def is_public(node):
    if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    is_setter = any(isinstance(mark, ast.Attribute) for mark in node.decorator_list)
    return not node.name.startswith("_") and not is_setter


def strings(tree):
    """Yield the string constants that are no docstrings."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) and id(node) not in docs:
            yield node.value if isinstance(node.value, str) else node.value.decode()


def breaches(rule):
    """Return name → what breaks a rule there, of every module where something does."""
    return {name: found for name in TREES if (found := rule(name))}


def test_every_module_is_listed():
    assert breaches(lambda name: level(name) is None) == {}


def test_no_listed_module_is_gone():
    assert set().union(*LEVELS) == set(map(room, TREES))


def test_a_module_imports_only_from_lower_levels():
    def upwards(name):
        return [other for other in imported(name) if (name, other) not in ROOMS and not level(other) < level(name)]

    assert breaches(upwards) == {}


def test_imports_stand_at_the_top():
    def inner(name):
        return [
            node.lineno
            for function in ast.walk(TREES[name])
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(function)
            if isinstance(node, (ast.Import, ast.ImportFrom))
        ]

    # Models must be loaded before DRF is: what apps.py needs of us it imports in ready().
    assert breaches(inner).keys() <= {"apps"}


def test_everything_public_has_a_docstring():
    def silent(name):
        public = documented(TREES[name])
        return [getattr(node, "name", "the module") for node in public if not ast.get_docstring(node)]

    assert breaches(silent) == {}


def test_no_file_is_too_long():
    def lines(name):
        number = len(FILES[name].read_text(encoding="utf-8").splitlines())
        return number if number > LONGEST else None

    assert breaches(lines).keys() <= {"codes_builtin"}


def test_nothing_is_left_to_do():
    def left(name):
        text = FILES[name].read_text(encoding="utf-8")
        return [word for word in ("TODO", "FIXME", "XXX") if word in text]

    assert breaches(left) == {}


def test_keys_of_bodies_stand_in_the_formats_alone():
    def misplaced(name):
        found = {key for key in KEYS for text in strings(TREES[name]) if key == text or f'"{key}"' in text}
        return found - KEYS_ALLOWED.get(room(name), set())

    assert breaches(misplaced) == {}


def test_the_package_itself_is_one_docstring():
    assert ast.get_docstring(TREES[""])
    assert len(TREES[""].body) == 1


def test_no_module_is_named_after_no_noun():
    assert not {"utils", "helpers", "base", "common", "misc"} & set(TREES)
