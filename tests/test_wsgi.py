"""The guard of WSGI: each rule of what is held back, released and replaced."""

import json
import logging
from pathlib import Path
from wsgiref.util import FileWrapper

import pytest
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.utils.datastructures import CaseInsensitiveMapping
from shop import views

from django_apierrors.handlers import handler400, handler403, handler404
from django_apierrors.signals import problem_sent
from django_apierrors.wsgi import guard

__all__ = ["handler400", "handler403", "handler404"]

pytestmark = pytest.mark.usefixtures("finished")


class Server:
    """A server of WSGI: what it is told, and what it sends."""

    def __init__(self, application, method="GET", path="/api/plain", **environ):
        self.heads, self.written, self.body = [], [], b""
        self.environ = {**RequestFactory().get(path).environ, "REQUEST_METHOD": method, **environ}
        self.application = application

    def start_response(self, status, headers, exc_info=None):
        self.heads.append((status, headers))
        return self.written.append

    def run(self):
        self.result = self.application(self.environ, self.start_response)
        try:
            for chunk in self.result:
                self.body += chunk
        finally:
            if hasattr(self.result, "close"):
                self.result.close()
        return self

    @property
    def status(self):
        [(status, _)] = self.heads  # called once, whatever happens
        return status

    @property
    def headers(self):
        return CaseInsensitiveMapping(self.heads[0][1])


@pytest.fixture
def serve(set_view):
    """Serve a request by the guarded application of the tests, whose view is a function."""

    def serve(view, method="GET", path="/api/plain", **environ):
        set_view(view)
        return Server(guard(get_wsgi_application()), method, path, **environ).run()

    return serve


@pytest.fixture
def records(caplog):
    return lambda: [r for r in caplog.records if r.levelno >= logging.ERROR]


def assert_crash(server):
    assert server.status == "500 Internal Server Error"
    assert server.headers["X-Error-Code"] == json.loads(server.body)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert server.headers["Content-Length"] == str(len(server.body))
    assert [name for name, _ in server.heads[0][1]].count("Content-Type") == 1


def failing_stream(exc, *before, **kwargs):
    def chunks():
        yield from before
        raise exc

    return StreamingHttpResponse(chunks(), content_type="text/plain", **kwargs)


def test_an_ordinary_answer_is_the_applications_own_and_its_request_is_let_go(serve, finished):
    server = serve(lambda request: HttpResponse("fine"))
    assert (server.status, server.body) == ("200 OK", b"fine")
    assert isinstance(server.result, HttpResponse)
    exchange = server.environ["django_apierrors.exchange"]
    assert (exchange.request, exchange.response) == (None, None)
    assert len(finished) == 1


def test_a_stream_is_whole(serve, finished):
    server = serve(lambda request: StreamingHttpResponse([b"", b"one", b"", b"two"]))
    assert (server.status, server.body) == ("200 OK", b"onetwo")
    assert server.environ["django_apierrors.exchange"].request is None
    assert len(finished) == 1
    assert iter(server.result) is server.result


def test_an_empty_stream_is_empty(serve):
    server = serve(lambda request: StreamingHttpResponse([b""]))
    assert (server.status, server.body) == ("200 OK", b"")


@pytest.mark.parametrize("exc", [ZeroDivisionError("secret"), SystemExit(), GeneratorExit(), MemoryError()])
def test_a_stream_that_fails_before_its_first_byte_is_a_crash(serve, exc, signals, records, finished):
    server = serve(lambda request: failing_stream(exc, b""))
    assert_crash(server)
    assert (len(signals), len(records()), len(finished)) == (1, 1, 1)
    assert b"secret" not in server.body


def test_the_signal_problem_sent_tells_of_it(serve):
    problems = []
    receiver = lambda problem, **kwargs: problems.append(problem.code)  # noqa: E731
    problem_sent.connect(receiver)
    serve(lambda request: failing_stream(ZeroDivisionError()))
    problem_sent.disconnect(receiver)
    assert problems == ["INTERNAL_SERVER_ERROR"]


def test_a_deliberate_error_of_a_stream_keeps_its_status(serve, signals):
    from rest_framework.exceptions import NotFound

    server = serve(lambda request: failing_stream(NotFound()))
    assert (server.status, server.headers["X-Error-Code"]) == ("404 Not Found", "RESOURCE_NOT_FOUND")


def test_what_others_set_above_the_view_stays_and_what_spoke_of_the_stream_goes(serve):
    def view(request):
        response = failing_stream(ZeroDivisionError(), headers={"ETag": '"1"', "X-Theirs": "1", "Content-Length": "9"})
        response["Cache-Control"] = "public"
        response["Vary"] = "X-Tenant"
        response.set_cookie("theirs", "1", httponly=True)
        response["X-Accel-Redirect"] = response["X-Sendfile"] = "/secret"
        response.headers._store["x-odd"] = ("X-Odd", "a\0b")
        return response

    server = serve(view, path="/api/plain", HTTP_ORIGIN="https://client.example")
    assert_crash(server)
    assert server.headers["Access-Control-Allow-Origin"] == "https://client.example"
    assert server.headers["X-Theirs"] == "1"
    assert server.headers["Set-Cookie"] == "theirs=1; HttpOnly; Path=/"
    assert server.headers["Cache-Control"] == "no-store"
    assert "X-Tenant" in server.headers["Vary"]
    assert not {"ETag", "X-Odd", "X-Accel-Redirect", "X-Sendfile"} & set(server.headers)


@pytest.mark.parametrize(
    ("name", "value"), [("X-Odd", "a\0b"), ("X-Odd", "a\x01b"), ("X-Odd", "a\x7f"), ("X-Odd", "\u2028"), ("X Odd", "a")]
)
def test_a_header_that_cannot_be_sent_is_a_crash_and_the_server_is_not_asked(serve, name, value, signals, finished):
    def view(request):
        response = HttpResponse("fine")
        response.headers._store["x-odd"] = (name, value)
        return response

    assert_crash(serve(view))
    assert (len(signals), len(finished)) == (1, 1)


def test_a_length_that_is_none_and_a_line_break_in_the_phrase_are_crashes(serve):
    assert_crash(serve(lambda request: HttpResponse("fine", headers={"Content-Length": "many"})))

    def view(request):
        response = HttpResponse("fine")
        response._reason_phrase = "OK\r\nX-Odd: 1"
        return response

    assert_crash(serve(view))


def test_blanks_around_a_value_are_left_out(serve):
    def view(request):
        response = HttpResponse("fine", headers={"X-Odd": " a \xe9\t"})
        response.set_cookie("theirs", "1")
        return response

    server = serve(view)
    assert (server.headers["X-Odd"], server.headers["Set-Cookie"]) == ("a \xe9", "theirs=1; Path=/")


def test_the_answer_to_a_head_request_has_no_body(serve):
    server = serve(lambda request: HttpResponse("fine", headers={"Content-Length": "many"}), "HEAD")
    assert (server.status, server.body) == ("500 Internal Server Error", b"")
    assert int(server.headers["Content-Length"]) > 0


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_without_a_body_is_released_at_once(set_view, method, status):
    touched = []
    response = StreamingHttpResponse(touched.append(chunk) or chunk for chunk in [b""])
    response.status_code = status
    set_view(lambda request: response)
    server = Server(guard(get_wsgi_application()), method)
    result = server.application(server.environ, server.start_response)
    assert (result, touched, len(server.heads)) == (response, [], 1)
    result.close()


@pytest.mark.parametrize("wrapper", [FileWrapper, lambda *args: FileWrapper(*args)])
def test_a_file_is_left_to_the_wrapper_of_the_server(serve, wrapper, finished):
    server = serve(views.download, **{"wsgi.file_wrapper": wrapper})
    assert isinstance(server.result, FileWrapper)
    assert server.body == Path(views.__file__).read_bytes()
    assert len(finished) == 1


def test_a_wrapped_file_of_another_application_too():
    def application(environ, start_response):
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))

    server = Server(guard(application), **{"wsgi.file_wrapper": FileWrapper}).run()
    assert isinstance(server.result, FileWrapper)


def test_after_the_first_byte_the_connection_breaks_and_no_worker(set_view, signals):
    set_view(lambda request: failing_stream(SystemExit(), b"first"))
    server = Server(guard(get_wsgi_application()))
    with pytest.raises(RuntimeError, match="SystemExit"):
        server.run()
    assert (server.status, server.body, signals) == ("200 OK", b"first", [])


def other(*steps):
    """Return an application that is not Django's, and does this in turn."""

    def application(environ, start_response):
        for step in steps:
            result = step(start_response)
        return result

    return application


def starting(start_response):
    return start_response("200 OK", [("Content-Type", "text/plain")])


@pytest.mark.parametrize("exc", [SystemExit(), ZeroDivisionError()])
def test_what_is_raised_above_the_middleware_is_a_crash_and_the_request_ends(exc, signals, finished, records):
    def failing(start_response):
        raise exc

    for application in (other(failing), other(starting, failing)):
        assert_crash(Server(guard(application)).run())
    assert [len(each) for each in (signals, finished, records())] == [2, 2, 2]


def chunks_of(*steps):
    def generator(start_response):
        def chunks():
            for step in steps:
                if isinstance(step, BaseException):
                    raise step
                yield step

        return chunks()

    return generator


def test_other_exceptions_of_a_started_body():
    server = Server(guard(other(starting, chunks_of(b"first", GeneratorExit()))))
    with pytest.raises(RuntimeError, match="GeneratorExit"):
        server.run()
    server = Server(guard(other(starting, chunks_of(b"first", ZeroDivisionError()))))
    with pytest.raises(ZeroDivisionError):
        server.run()


def test_write_sends_at_once():
    def writing(start_response):
        write = starting(start_response)
        write(b"one")
        write(b"two")
        return [b"three"]

    server = Server(guard(other(writing))).run()
    assert (server.status, server.written, server.body) == ("200 OK", [b"one", b"two"], b"three")


def test_after_write_nothing_is_replaced():
    def writing(start_response):
        starting(start_response)(b"one")
        raise SystemExit

    server = Server(guard(other(writing)))
    with pytest.raises(RuntimeError, match="SystemExit"):
        server.run()
    assert server.status == "200 OK"

    def failing(start_response):
        starting(start_response)(b"one")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Server(guard(other(failing))).run()


def test_a_second_head_replaces_the_first_only_with_an_exception():
    def again(start_response):
        starting(start_response)
        try:
            raise ZeroDivisionError
        except ZeroDivisionError as exc:
            start_response("502 Bad Gateway", [], (type(exc), exc, exc.__traceback__))
        return [b"own words"]

    server = Server(guard(other(again))).run()
    assert (server.status, server.body) == ("502 Bad Gateway", b"own words")
    assert_crash(Server(guard(other(starting, starting))).run())

    def too_late(start_response):
        starting(start_response)(b"one")
        start_response("502 Bad Gateway", [], (ZeroDivisionError, ZeroDivisionError(), None))

    with pytest.raises(ZeroDivisionError):
        Server(guard(other(too_late))).run()


def test_an_application_that_returns_nothing_or_never_starts_is_a_crash():
    for application in (other(starting, lambda start: None), other(lambda start: [b"body"]), other(lambda start: [])):
        assert_crash(Server(guard(application)).run())
    assert Server(guard(other(lambda start: [])), "HEAD").run().status == "500 Internal Server Error"


def test_every_cookie_stays_as_it_was_sent():
    cookies = ["sid=1; Path=/a; HttpOnly", "sid=2; Path=/b", "chip=1; Secure; Partitioned", "odd"]

    def start(start_response):
        start_response("200 OK", [("Set-Cookie", cookie) for cookie in cookies])

    server = Server(guard(other(start, boom))).run()
    assert_crash(server)
    assert [value for name, value in server.heads[0][1] if name == "Set-Cookie"] == cookies


@pytest.mark.parametrize("status", ["102 Processing", "600 Odd"])
def test_a_status_that_is_not_final_is_a_crash(status):
    assert_crash(Server(guard(other(lambda start: start(status, []), lambda start: [b"x"]))).run())


def test_a_server_may_stop_a_worker_while_a_body_is_closed():
    class GreenletExit(BaseException):
        pass

    class Body:
        def __iter__(self):
            raise ZeroDivisionError

        def close(self):
            raise GreenletExit

    with pytest.raises(GreenletExit):
        Server(guard(other(starting, lambda start: Body()))).run()


@pytest.mark.parametrize("failure", [RuntimeError("the second failure"), SystemExit("the second failure")])
def test_a_body_that_cannot_be_closed_does_not_cost_the_answer(failure, caplog):
    class Body:
        def __iter__(self):
            raise ZeroDivisionError

        def close(self):
            raise failure

    assert_crash(Server(guard(other(starting, lambda start: Body()))).run())
    assert "could not be closed" in caplog.text


def test_what_a_server_raises_passes():
    class GreenletExit(BaseException):
        pass

    def stopped(start_response):
        raise GreenletExit

    with pytest.raises(GreenletExit):
        Server(guard(other(stopped))).run()
    server = Server(guard(other(starting, chunks_of(b"first", GreenletExit()))))
    with pytest.raises(GreenletExit):
        server.run()


def test_a_server_that_refuses_a_head_is_asked_once():
    class Refusing(Server):
        def start_response(self, status, headers, exc_info=None):
            super().start_response(status, headers)
            raise ValueError("refused")

    server = Refusing(guard(other(starting, lambda start: [b"body"])))
    with pytest.raises(ValueError, match="refused"):
        server.run()
    assert server.status == "200 OK"


# The answer


def boom(start_response):
    raise ZeroDivisionError("secret")


def test_a_website_gets_the_page_of_its_error_view(serve):
    server = Server(guard(other(boom)), path="/site/page").run()
    assert server.headers["Content-Type"] == "text/html; charset=utf-8"
    assert server.headers["Content-Length"] == str(len(server.body))


def test_the_crash_propagates_where_a_project_wants_it_to(settings):
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    with pytest.raises(ZeroDivisionError):
        Server(guard(other(boom))).run()


def test_an_error_view_of_somebody_else_is_rewritten(settings):
    settings.ROOT_URLCONF = "support.urls_without_handlers"
    assert_crash(Server(guard(other(boom))).run())


urlpatterns = []


@pytest.mark.urls(__name__)
def test_a_phrase_that_cannot_be_sent_is_that_of_the_status(set_view):
    response = HttpResponse("sorry", status=500)
    response._reason_phrase = "a\r\nb: c"  # newer versions of Django refuse it as an argument
    set_view(lambda request: response)
    server = Server(guard(other(boom)), path="/site/x").run()
    assert (server.status, server.body) == ("500 Internal Server Error", b"sorry")


def handler500(request):
    return views.ACTION["do"](request)


@pytest.mark.parametrize("path", ["/api/x", "/site/x"])
@pytest.mark.parametrize("format_", ["nested", "problem"])
@pytest.mark.urls(__name__)
def test_an_error_view_that_fails_gives_a_fixed_answer_in_the_format(serve, set_view, settings, caplog, path, format_):
    settings.APIERRORS = {"FORMAT": format_}
    for view in (SystemExit(), RuntimeError(), lambda request: StreamingHttpResponse(content_type="image/png")):
        set_view(view)
        server = Server(guard(other(boom)), path=path).run()
        assert server.status == "500 Internal Server Error"
        is_api, is_problem = path == "/api/x", format_ == "problem"
        json_type = "application/problem+json" if is_problem else "application/json"
        assert server.headers["Content-Type"] == (json_type if is_api else "text/html; charset=utf-8")
        if is_api:
            body = json.loads(server.body)
            assert (body if is_problem else body["error"])["code"] == "INTERNAL_SERVER_ERROR"
        assert "a fixed answer was sent" in caplog.text
        assert "secret" in caplog.text


def test_a_request_that_cannot_be_made_gives_a_fixed_answer(caplog):
    server = Server(guard(other(boom)))
    del server.environ["REQUEST_METHOD"]
    assert_crash(server.run())
    assert "a fixed answer was sent" in caplog.text


def test_a_wrong_setting_does_not_cost_the_answer(settings):
    settings.APIERRORS = {"API_PATHS": 7, "FORMAT": 7}
    assert_crash(Server(guard(other(boom))).run())


@pytest.mark.urls(__name__)
def test_nor_does_a_wrong_setting_and_an_error_view_that_fails(set_view, settings):
    settings.APIERRORS = {"API_PATHS": 7}
    set_view(RuntimeError())
    assert_crash(Server(guard(other(boom))).run())


def test_a_server_may_stop_a_worker_in_the_error_view_too(set_view, settings):
    class GreenletExit(BaseException):
        pass

    settings.ROOT_URLCONF = __name__
    set_view(GreenletExit())
    with pytest.raises(GreenletExit):
        Server(guard(other(boom))).run()
