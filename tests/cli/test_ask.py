"""What ``datus ask`` says when it cannot ask, and whom it asks as. The way over HTTP: tests/api/test_server.py."""

import http.server
import json
import threading

import pytest

from datus.cli.ask import Api, Credentials, choose_namespace, find_credentials, find_dialect
from datus.errors import AuthError, DatusError, InvalidRequestError, UnavailableError


def test_the_client_that_is_given(tmp_path):
    assert find_credentials("me", "mine", tmp_path).client_id == "me"
    assert "mine" not in repr(Credentials("me", "mine", "here"))
    with pytest.raises(AuthError, match="both"):
        find_credentials("me", None, tmp_path)


def test_the_client_of_the_first_start(tmp_path):
    (tmp_path / "auth_local.yml").write_text('clients:\n  local: "s3cret"\n')
    found = find_credentials(None, None, tmp_path)
    assert found == Credentials("local", "s3cret", str(tmp_path / "auth_local.yml"))


@pytest.mark.parametrize("content", [None, "", "clients: {}", "clients: [", "clients:\n  a: b"])
def test_no_client(tmp_path, content):
    if content is not None:
        (tmp_path / "auth_local.yml").write_text(content)
    with pytest.raises(AuthError, match="DATUS_CLIENT_ID"):
        find_credentials(None, None, tmp_path)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "ftp://x", "http://", "", "http://x:99999", "http://x:y"]
)
def test_an_address_that_is_none(url):
    with pytest.raises(InvalidRequestError, match="--url"):
        Api(url)


@pytest.fixture
def answering():
    """Starts a server that answers every request with one status and body, for one test."""
    servers = []

    def start(status: int, body: object) -> Api:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.do_GET()

            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode() if body is not None else b"<html>")

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return Api(f"http://127.0.0.1:{server.server_port}")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("body", [None, [], {}, {"detail": "Not Found"}, "x"])
def test_another_program_answers(answering, body):
    with pytest.raises(UnavailableError, match="is not datus"):
        answering(404, body).sign_in(Credentials("local", "x", "here"))


def test_a_wrong_secret_says_whose_and_what_to_do(answering):
    api = answering(401, {"error": "invalid_client", "error_description": "Unknown client."})
    with pytest.raises(AuthError, match=r"'local' of a file: Unknown client\. Set DATUS_CLIENT_ID"):
        api.sign_in(Credentials("local", "hidden", "a file"))


@pytest.mark.parametrize(
    ("problem", "flag"),
    [
        ({"code": "namespace_not_found", "details": {"namespaces": ["a"]}}, "--namespace"),
        ({"code": "workflow_not_found"}, "--workflow"),
        ({"code": "invalid_request", "details": {"field": "current_date"}}, "--today"),
    ],
)
def test_a_refused_request_names_the_flag(answering, problem, flag):
    with pytest.raises(DatusError, match=rf"No such thing\. Give another with {flag}\."):
        next(answering(404, problem | {"detail": "No such thing."}).events({}))


def test_the_dialect_of_a_database():
    databases = [{"name": "a", "dialect": "mysql"}, {"name": "b", "dialect": "sqlite"}]
    spaces = [{"name": "shop", "databases": databases}]
    assert find_dialect(spaces, "shop", "b") == "sqlite"
    assert find_dialect(spaces, "shop", None) is None
    assert find_dialect(spaces, "elsewhere", "b") is None


@pytest.mark.parametrize(
    ("names", "chosen"), [(["sales"], "sales"), (["archive", "demo"], "demo"), (["demo"], "demo")]
)
def test_the_namespace_that_is_meant(names, chosen):
    assert choose_namespace(names) == chosen


@pytest.mark.parametrize(("names", "words"), [(["a", "b"], "a, b"), ([], "none")])
def test_no_namespace_that_is_meant(names, words):
    with pytest.raises(InvalidRequestError, match=f"--namespace.*{words}"):
        choose_namespace(names)
