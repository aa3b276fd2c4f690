"""The parsers refuse what no field, database or renderer can use, and say where it stands."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import path
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors import parsers
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Echo(APIView):
    parser_classes = [parsers.JSONParser, parsers.FormParser, parsers.MultiPartParser]

    def post(self, request):
        data = request.data
        return Response(data.dict() if isinstance(data, QueryDict) else {"echo": data})


urlpatterns = [path("api/echo", Echo.as_view())]


def parse(body, encoding="utf-8", cls=parsers.JSONParser):
    return cls().parse(io.BytesIO(body), JSON, {"encoding": encoding})


def nested(levels, inner="1", pair="[]"):
    begin, end = ("[", "]") if pair == "[]" else ('{"a":', "}")
    return (begin * levels + inner + end * levels).encode()


@pytest.mark.parametrize(
    ("body", "param", "message"),
    [
        (rb'{"name": "Zo\u0000e"}', "name", 'The value of "name" holds a NUL character.'),
        (rb'{"a": [1, {"b": "\u0000"}, "\u0000"]}', "a.1.b", 'The value of "a.1.b" holds a NUL character.'),
        (rb'{"a": {"\u0000": 1}}', "a", 'The value of "a" has a name that holds a NUL character.'),
        (rb'{"\u0000": 1}', None, "The body has a name that holds a NUL character."),
        (rb'"\u0000"', None, "The body holds a NUL character."),
        (rb'["x", "\uDC41"]', "1", 'The value of "1" holds a lone surrogate.'),
        (rb'{"a": "\ud83d\ud83d\ude00"}', "a", 'The value of "a" holds a lone surrogate.'),
        (rb'{"a": "\\\ud83d\\\ude00"}', "a", 'The value of "a" holds a lone surrogate.'),
        (rb'{"\uDfff": 1}', None, "The body has a name that holds a lone surrogate."),
        (b'{"q": -1e400, "r": 2}', "q", 'The value of "q" is not a finite number.'),
        (b'{"q": 1' + b"0" * 400 + b".5}", "q", 'The value of "q" is not a finite number.'),
        (b'{"a": 1e400, "a": 1}', None, "The body has a number that is not finite."),
        (b'[NaN, "a"]', "0", 'The value of "0" is not a finite number.'),
        (b'{"n": -Infinity}', "n", 'The value of "n" is not a finite number.'),
        (b'{"n": [1.5, ' + b"7" * 4301 + b"]}", "n.1", 'The value of "n.1" is an integer of more than 4300 digits.'),
        (b"[1.5, 2e3, " + nested(201, "7" * 4301) + b"]", None, "The body has an integer of more than 4300 digits."),
        (rb'[1.5, "\u0000"]', "1", 'The value of "1" holds a NUL character.'),
        (b"[" + b"7" * 4301 + b", oops]", None, "The body has an integer of more than 4300 digits."),
        (nested(201), ".".join("0" * 50), f'The value of "{".".join("0" * 50)}" is nested more than 200 levels deep.'),
        (b"[" * 200_000, None, "The body is nested more than 200 levels deep."),
    ],
)
def test_what_json_says_that_nobody_can_use_is_refused_with_its_place(body, param, message, api, settings):
    settings.APIERRORS = {"FORMAT": "typed"}
    response = api.generic("POST", "/api/echo", body, content_type=JSON)
    assert_api_error(response, "REQUEST_MALFORMED", 400, message=message)
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"7",
        b"null",
        b'"\\\\u0000 \\\\ud800 \\\\\\\\ud800"',
        b'{"\\ud83d\\ude00": "\\uD83D\\uDE00\\ud83d\\ude00 \\u0001"}',
        '{"a": "M\u00fcller \U0001f600"}'.encode(),
        b"[1e300, -0.0, 1E-400, 12345678901234567890123456789012345678901234567890]",
        b"9" * 4300,
        nested(200),
        nested(200, "{}"[:0] or "1", "{}"),
        nested(199, "[]", "{}"),
        b"[" + b",".join([b'{"a": [1, {}]}'] * 900) + b"]",
        b'{"a": 1, "a": 2}',
    ],
)
def test_everything_else_is_what_json_says(body):
    assert parse(body) == json.loads(body)


@pytest.mark.parametrize("pair", ["[]", "{}"])
@pytest.mark.parametrize("inner", ["1", "{}", "[]", '{"b": 1}'])
@pytest.mark.parametrize("levels", [198, 199, 200, 201])
def test_nesting_is_measured_exactly(levels, inner, pair):
    depth = levels + (inner != "1")
    if depth <= 200:
        parse(nested(levels, inner, pair))
    else:
        with pytest.raises(ParseError, match="nested more than 200 levels deep"):
            parse(nested(levels, inner, pair))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf8", "us-ascii", None])
def test_the_encodings_of_json_are_read(encoding):
    assert parse(
        '{"a": "M\u00fc"}'.encode(encoding if encoding and "ascii" not in encoding else "utf-8"), encoding
    ) == {"a": "Mü"}


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-7", "bz2_codec", "no such"])
def test_other_charsets_are_refused(encoding):
    with pytest.raises(ParseError, match="must be encoded in"):
        parse(b"{}", encoding)


def test_a_charset_that_only_the_settings_name_is_not_the_bodys(settings):
    settings.DEFAULT_CHARSET = "iso-8859-1"
    assert parse('"é"'.encode(), "iso-8859-1") == "é"


@pytest.mark.parametrize("body", [b"\xff", b"\xef\xbb\xbf{}", b"\xed\xa0\x80", b'{"a"', b"", b'"\x01"'])
def test_what_is_no_json_is_malformed_as_before(body):
    with pytest.raises(ParseError, match=r"^JSON parse error - "):
        parse(body)


class AllowsNul(parsers.JSONParser):
    allow_nul = True


class IsLenient(parsers.JSONParser):
    strict = False


def test_a_project_that_stores_nul_allows_it():
    assert parse(rb'["\u0000"]', cls=AllowsNul) == ["\0"]
    with pytest.raises(ParseError, match="lone surrogate"):
        parse(rb'["\u0000\ud800"]', cls=AllowsNul)


def test_without_strict_json_numbers_may_be_infinite():
    assert parse(b"[1e999]", cls=IsLenient) == [float("inf")]


@pytest.mark.parametrize(
    ("body", "charset", "message"),
    [
        (b"name=a%00b", "utf-8", 'The value of "name" holds a NUL character.'),
        (b"a=1&name=b&name=\0", "utf-8", 'The value of "name" holds a NUL character.'),
        (b"%00=b", "utf-8", "The body has a name that holds a NUL character."),
        (b"a=%2B2AA-", "utf-7", 'The value of "a" holds a lone surrogate.'),
        (b"a=b", "bz2_codec", "The charset of the form is not known."),
    ],
)
def test_what_nobody_can_use_in_a_form_is_refused(body, charset, message, api):
    response = api.generic("POST", "/api/echo", body, content_type=f"{FORM}; charset={charset}")
    assert_api_error(response, "REQUEST_MALFORMED", 400, message=message)


@pytest.mark.parametrize(
    ("body", "charset", "data"),
    [
        (b"a=%ED%A0%80", "utf-8", {"a": "\ufffd\ufffd\ufffd"}),
        (b"a=%E9", "iso-8859-1", {"a": "é"}),
        (b"a=b&c=", "utf-8", {"a": "b", "c": ""}),
    ],
)
def test_other_bytes_of_a_form_are_as_django_decodes_them(body, charset, data, api):
    response = api.generic("POST", "/api/echo", body, content_type=f"{FORM}; charset={charset}")
    assert response.json() == data


def multipart(name, value, filename=None, charset=""):
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    head = f"--x\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    return head + value + b"\r\n--x--\r\n", f"multipart/form-data; boundary=x{charset}"


@pytest.mark.parametrize(
    ("name", "value", "filename", "charset", "message"),
    [
        ("note", b"a\0b", None, "", 'The value of "note" holds a NUL character.'),
        ("no\0te", b"x", None, "", "The body has a name that holds a NUL character."),
        ("no\0te", b"x", "a.txt", "", "The body has a name that holds a NUL character."),
        ("note", b"x", None, "; charset=zlib", "The charset of the form is not known."),
    ],
)
def test_what_nobody_can_use_in_a_form_with_files_is_refused(name, value, filename, charset, message, api):
    body, content_type = multipart(name, value, filename, charset)
    response = api.generic("POST", "/api/echo", body, content_type=content_type)
    assert_api_error(response, "REQUEST_MALFORMED", 400, message=message)


def test_the_content_of_a_file_is_never_looked_at():
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("a.bin", b"\0\xff"), "a": "b"})
    data = Request(request, parsers=[parsers.MultiPartParser()]).data
    assert (data["a"], data["file"].read()) == ("b", b"\0\xff")


def test_the_files_of_a_form_that_is_refused_are_closed(settings, monkeypatch):
    settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
    closed = []
    monkeypatch.setattr(TemporaryUploadedFile, "close", lambda self: closed.append(self.file.close()))
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("a.bin", b"x"), "a": "\0"})
    with pytest.raises(ParseError):
        Request(request, parsers=[parsers.MultiPartParser()]).data  # noqa: B018
    assert closed == [None]


def test_a_parser_may_be_called_by_itself():
    assert parsers.JSONParser().parse(io.BytesIO(b"[1]")) == [1]
    assert parsers.FormParser().parse(io.BytesIO(b"a=1")).dict() == {"a": "1"}
