"""The migration guides, read: their code by file, and what clients get before and after."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "migrating"
GUIDES = sorted(path.name for path in FOLDER.glob("*.md"))
_CODE = re.compile(r"^( *)```(?:python|html)\n *(?:# |\{# )([\w/.]+)(?: #\})?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

#: What is sent: name → method, path, headers and body.
REQUESTS = {
    "An object that is not there": ("GET", "/api/orders/1", {}, ""),
    "Values that are not valid": ("POST", "/api/orders", {}, '{"amount": "x", "lines": [{"sku": "A"}, {}]}'),
    "Broken JSON": ("POST", "/api/orders", {}, "{"),
    "No credentials": ("GET", "/api/private", {}, ""),
    "A permission with a text": ("GET", "/api/refused", {}, ""),
    "A throttle": ("GET", "/api/slow", {}, ""),
    "A business rule": ("GET", "/api/orders/3", {}, ""),
    "A wrong method": ("DELETE", "/api/orders/1", {}, ""),
    "A crash": ("GET", "/api/orders/2", {}, ""),
    "An unknown URL of the API": ("GET", "/api/nowhere", {}, ""),
    "A page of the website": ("GET", "/page", {"Accept": "text/html"}, ""),
    "A limited view, the second time": ("GET", "/api/limited", {}, ""),
    "A limited page, the second time": ("GET", "/limited", {"Accept": "text/html"}, ""),
}


def blocks(guide):
    """Return the code of a guide, each block with the file that its first line names."""
    found = _CODE.findall((FOLDER / guide).read_text())
    return [(name, re.sub(f"^{indent}", "", code, flags=re.MULTILINE)) for indent, name, code in found]


def rows(guide):
    """Return name → (before, after) of the table of a guide."""
    lines = [line for line in (FOLDER / guide).read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {name: (before, after) for name, before, after in (row for row in cells if row[0] in REQUESTS)}


def cell(answer):
    """Return an answer as a table has it: its status, and its JSON or that it is a page."""
    status, headers, body = answer
    if headers.get("Content-Type", "").startswith("text/html"):
        return f"{status}, a page" if body else f"{status}, empty"
    return f"{status} `{body}`"


def matches(written, answer):
    """Return whether an answer is what a cell says; `…` in it stands for any text."""
    pattern = ".*".join(map(re.escape, written.split("…")))
    return re.fullmatch(pattern, cell(answer), re.DOTALL) is not None
