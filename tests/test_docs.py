"""The README says what the code does: every setting, check, code and example in it is real."""

import json
import re
from pathlib import Path

import pytest

from django_apierrors import checks, codes, exceptions, formats, headers, oauth2, signals
from django_apierrors.conf import TABLE
from django_apierrors.models import MaintenanceWindow

README = (Path(__file__).parent.parent / "README.md").read_text()
ORDER = {"items": [{"name": "Tea", "price": "x"}]}
REQUEST_ID = "4b17a1d9c1be4a07b6de9c3a6cf0d3b5"
#: The permission that a model defines, which the README names as a user would give it.
PERMISSION = MaintenanceWindow._meta.permissions[0][0]


def section(begin, end):
    return README.partition(begin)[2].partition(end)[0]


def rows(text):
    """Yield the cells of the rows of a Markdown table."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def examples():
    text = section("<!-- formats -->", "<!-- end of formats -->")
    return re.findall(r"^`(\w+)`.*?```json\n(.*?)```", text, re.DOTALL | re.MULTILINE)


def test_every_setting_is_in_the_table_and_nothing_else():
    documented = [row[0].strip("`") for row in rows(section("## Settings", "## Formats"))][1:]
    assert documented == list(TABLE)


def test_every_format_has_an_example():
    assert [name for name, _ in examples()] == list(formats.BUILTIN)


@pytest.mark.parametrize(("name", "example"), examples())
def test_an_example_is_what_the_format_answers(name, example, api, settings):
    settings.APIERRORS = {"FORMAT": name, "DOCS": {"BASE_URL": "https://api.example.com"}}
    response = api.post("/api/orders", ORDER, content_type="application/json", headers={"X-Request-ID": REQUEST_ID})
    assert json.loads(example) == response.json()


def test_every_check_id_is_in_the_table_and_nothing_else():
    source = "".join(path.read_text() for path in Path(checks.__file__).parent.glob("*.py"))
    used = {f"E{int(number):03}" for number in re.findall(r"\berror\(\s*(\d+)", source)}
    used |= {f"W{int(number):03}" for number in re.findall(r"\bwarning\(\s*(\d+)", source)}
    used |= {f"I{int(number):03}" for number in re.findall(r"\binfo\(\s*(\d+)", source)}
    documented = set(re.findall(r"`django_apierrors\.([EWI]\d+)`", section("## System checks", "## License")))
    assert documented == used


def test_every_built_in_code_is_in_the_table_with_its_contract():
    documented = list(rows(section("<!-- codes -->", "<!-- end of codes -->")))[1:]
    builtin = [codes.get(definition["code"]) for definition in codes.BUILTIN_CODES]
    assert documented == [[f"`{d.code}`", str(d.status), d.retry, d.type, str(d.title)] for d in builtin]


def test_every_ready_made_exception_is_named():
    ready_made = [cls.__name__ for cls in vars(exceptions).values() if isinstance(cls, type)]
    ready_made = [name for name in ready_made if issubclass(getattr(exceptions, name, int), exceptions.ApiError)]
    for name in ready_made:
        assert name.startswith("_") or name in README


def test_every_exception_of_oauth_is_in_the_table_with_where_it_occurs():
    documented = list(rows(section("## OAuth 2", "## Codes")))[1:]
    expected = []
    for cls in oauth2.OAuthError.__subclasses__():
        definition = codes.get(cls.code)
        key, where = formats.OAuth2.codes[cls.code], str(definition.description)
        endpoints = ", ".join(name for name in ("token", "authorization") if f"{name} endpoint" in where)
        expected.append([f"`{cls.__name__}`", f"`{key}`", str(definition.status), endpoints])
    assert [[line[0].partition(",")[0], *line[1:]] for line in documented] == expected


@pytest.mark.parametrize("name", headers.EXPOSED)
def test_every_header_of_ours_is_named(name):
    assert f"`{name}`" in README


def test_every_signal_is_named():
    names = [name for name, value in vars(signals).items() if isinstance(value, signals.Signal)]
    assert names
    assert all(f"django_apierrors.signals.{name}" in README for name in names)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`?(django_apierrors(?:\.\w+)+)", README))))
def test_every_dotted_path_in_the_readme_exists(path):
    from django.utils.module_loading import import_string

    if re.fullmatch(r"django_apierrors\.[EWI]\d+", path) or path == f"django_apierrors.{PERMISSION}":
        return
    if path.startswith("django_apierrors.contrib."):
        pytest.importorskip("drf_spectacular")
    try:
        __import__(path)
    except ImportError:
        import_string(path)


def test_the_first_screen_shows_what_the_api_answers(api):
    row = next(row for row in rows(README) if "nope" in row[0])
    assert row[2].strip("`").encode() == api.get("/api/nope").content


def test_the_commands_are_the_ones_ci_runs():
    ci = (Path(__file__).parent.parent / ".ci" / "run").read_text()
    command = re.findall(r"```sh\n(python3 -m venv.*tox run)\n```", README)
    assert len(command) == 1
    assert command[0] in ci


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_each_heading_stands_once_in_its_section(name):
    section, seen = "", set()
    for line in (Path(__file__).parent.parent / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line
        if line.startswith("#"):
            assert (section, line) not in seen, line
            seen.add((section, line))
