"""Who is let in, what is refused, and what each answer says."""

import re
import socket
import threading
import time
from contextlib import suppress

import pytest

from fallline.errors import FalllineError, MissingExtraError
from fallline.studio import server as server_module
from fallline.studio.security import Access, Address
from fallline.studio.server import Server
from fallline.studio.web import UPLOAD_BYTES

from .conftest import until

ROUTES = [
    ("GET", "/"), ("GET", "/assets/app-1a2b.js"), ("GET", "/export/code.py"),
    ("GET", "/export/model.fall"), ("GET", "/export/report.html"), ("POST", "/upload?name=a.csv"),
    ("GET", "/nothing"), ("HEAD", "/"),
]  # fmt: skip
BOTH = pytest.mark.parametrize(("method", "path"), ROUTES)


# --- links and the cookie ------------------------------------------------------------------------


def test_a_link_gives_a_cookie_that_scripts_cannot_read(served):
    answer = served.ask("GET", served.path())
    assert (answer.status, answer.headers["location"]) == (303, "/")
    name, _, rest = answer.headers["set-cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == f"fallline-{served.port}" and len(value) >= 43  # 256 bits in base64
    assert set(attributes) == {"HttpOnly", "SameSite=Strict", "Path=/"}


def test_a_link_has_at_least_128_random_bits(served):
    links = {served.path() for _ in range(16)}
    assert len(links) == 16
    assert all(re.fullmatch(r"/open/[\w-]{43}", link) for link in links)


def test_a_link_opens_once_and_goes_on_for_who_is_in(served):
    link = served.path()
    cookie = served.ask("GET", link).headers["set-cookie"].partition(";")[0]
    again = served.ask("GET", link, cookie=cookie)
    assert again.status == 303 and "set-cookie" not in again.headers
    other = served.ask("GET", link)
    assert other.status == 403 and "press Enter in the terminal" in other.text
    assert served.ask("GET", served.path()).status == 303


def test_a_link_for_several_lets_in_so_many(served):
    link = served.path(3)
    assert [served.ask("GET", link).status for _ in range(4)] == [303, 303, 303, 403]


def test_a_look_ahead_does_not_use_a_link_up(served):
    link = served.path()
    assert served.ask("HEAD", link).status == 200
    assert served.ask("GET", link).status == 303


@pytest.mark.parametrize("token", ["", "x", "%00", "../", "%C3%A9", "a" * 5000])
def test_what_is_no_link_lets_nobody_in(served, token):
    served.path()
    answer = served.ask("GET", f"/open/{token}")
    assert answer.status in (403, 404) and "set-cookie" not in answer.headers


def test_links_that_nobody_used_lapse():
    access = Access(1)
    tokens = [access.new_link().removeprefix("/open/") for _ in range(40)]
    assert [access.takes(token) for token in tokens].count(True) == 16
    assert not access.takes(tokens[-1])  # each once


@BOTH
def test_nothing_is_said_without_the_cookie(served, page, method, path):
    answer = served.ask(method, path, b"" if method == "POST" else None, origin=served.origin)
    assert answer.status == 403 and "set-cookie" not in answer.headers
    assert b"the page" not in answer.body and not served.session.commands


@pytest.mark.parametrize(
    "change",
    [lambda n, v: f"{n}={v}x", lambda n, v: f"{n}={v[:-1]}", lambda n, v: f"{n}=", lambda n, v: n,
     lambda n, v: f"{n}1={v}", lambda n, v: f"fallline={v}", lambda n, v: v,
     lambda n, v: f"{n}={v.swapcase()}", lambda n, v: f'{n}="{v}"'],
)  # fmt: skip
def test_another_cookie_does_not_serve(served, page, change):
    name, _, value = served.let_in().partition("=")
    assert served.ask("GET", "/", cookie=change(name, value)).status == 403


def test_the_cookie_is_found_among_others(served, page):
    cookie = f"a=b; {served.let_in()}; fallline-1=x"
    assert served.ask("GET", "/", cookie=cookie).status == 200


def test_two_servers_have_two_cookies(served):
    with Server() as other:
        assert other.address.port != served.port
        port = other.address.port
        assert served.ask("GET", "/", cookie=served.let_in().replace(str(served.port), str(port)))
        one, two = Access(served.port), Access(port)
        assert one.cookie_name != two.cookie_name and not two.knows(one.cookie)


# --- hosts and origins ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [None, "", "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost",
     "127.0.0.1:{port}.evil.example", "127.0.0.1.evil.example:{port}", "[::1]:{port}",
     "user@127.0.0.1:{port}", "127.0.0.1:{port}:80", "0x7f000001:{port}", "127.1:{port}"],
)  # fmt: skip
def test_a_foreign_host_is_refused_even_with_the_cookie(served, page, host):
    cookie, link = served.let_in(), served.path()
    named = None if host is None else host.format(port=served.port)
    for path in ("/", link):
        assert served.ask("GET", path, host=named, cookie=cookie).status in (400, 403)
    assert served.ask("GET", link).status == 303  # it was not used up


def test_localhost_is_this_machine(served, page):
    host = f"localhost:{served.port}"
    assert served.ask("GET", "/", host=host, cookie=served.let_in()).status == 200


@pytest.mark.parametrize(
    "origin",
    [None, "", "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1",
     "http://127.0.0.1:1", "http://localhost:{port}", "http://127.0.0.1:{port}/", "*"],
)  # fmt: skip
def test_a_foreign_origin_can_neither_post_nor_connect(served, origin):
    cookie = served.let_in()
    given = None if origin is None else origin.format(port=served.port)
    assert served.ask("POST", "/upload", b"a,b\n", origin=given, cookie=cookie).status == 403
    handshake = {
        "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    answer = served.ask("GET", "/socket", origin=given, cookie=cookie, **handshake)
    assert answer.status == 403 and not served.session.viewers
    answer = served.ask("GET", "/socket", origin=served.origin, **handshake)
    assert answer.status == 403  # no cookie


def test_addresses_on_a_network():
    everywhere = Address("0.0.0.0", 80)
    assert not everywhere.is_local and everywhere.answers_to("192.168.1.7")
    assert everywhere.answers_to(socket.gethostname()) and not everywhere.answers_to("evil.example")
    assert Address("0.0.0.0", 8000).url.endswith(":8000")
    assert "0.0.0.0" not in everywhere.url  # which leads nowhere
    six = Address("::1", 8000)
    assert six.is_local and six.url == "http://[::1]:8000" and six.answers_to("[::1]:8000")
    named = Address("myhost", 8000)
    assert not named.is_local and named.answers_to("MyHost:8000")
    assert not named.answers_to("localhost:8000")


# --- what answers say ----------------------------------------------------------------------------


def test_every_answer_forbids_what_the_page_does_not_need(served, page):
    cookie = served.let_in()
    for path in ("/", "/nothing", "/export/report.html", "/export/model.fall", served.path()):
        for given in (cookie, None):
            headers = served.ask("GET", path, cookie=given).headers
            policy = headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy and policy.startswith("default-src '")
            assert "unsafe" not in policy and "*" not in policy and "http" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store" and "server" not in headers
            served.path()


def test_the_page_is_served_with_its_types(served, page):
    cookie = served.let_in()
    index = served.ask("GET", "/", cookie=cookie)
    assert index.body == (page / "index.html").read_bytes()
    assert index.headers["content-type"] == "text/html; charset=utf-8"
    script = served.ask("GET", "/assets/app-1a2b.js", cookie=cookie)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    ["/../stand_in.py", "/assets/../../secret.js", "/%2e%2e/secret.js", "/..%5csecret.js",
     "/assets/%2e%2e%2fsecret.js", "//etc/passwd", "/notes.txt", "/page", "/assets", "/assets/",
     "/%00"],
)  # fmt: skip
def test_only_files_of_the_page_have_a_path(served, page, path):
    (page.parent / "secret.js").write_text("secret")
    answer = served.ask("GET", path, cookie=served.let_in())
    assert answer.status == 404 and b"secret" not in answer.body


def test_without_a_page_it_says_how_to_build_it(served, page):
    (page / "index.html").unlink()
    answer = served.ask("GET", "/", cookie=served.let_in(), accept="text/html,*/*")
    assert answer.status == 503 and "npm ci &amp;&amp; npm run build" in answer.text


def test_reading_changes_nothing(served, page):
    cookie = served.let_in()
    for path in ("/", "/upload?name=x", "/export/code.py", "/step", "/play"):
        served.ask("GET", path, cookie=cookie)
    assert not served.session.commands and not served.session.step
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = served.ask(method, "/", b"", cookie=cookie, origin=served.origin)
        assert answer.status == 405 and answer.json["error"]


# --- exports and uploads -------------------------------------------------------------------------


def test_the_code_is_a_file_to_keep(served):
    answer = served.ask("GET", "/export/code.py", cookie=served.let_in())
    assert answer.status == 200 and answer.text == served.session.export_code()
    assert answer.headers["content-disposition"] == 'attachment; filename="code.py"'


def test_what_cannot_be_exported_says_why(served):
    told = "nothing was learnt yet; take a step first"
    answer = served.ask("GET", "/export/model.fall", cookie=served.let_in())
    assert answer.status == 409 and answer.json == {"error": told}
    page = served.ask("GET", "/export/model.fall", cookie=served.let_in(), accept="text/html")
    assert page.status == 409 and told[1:] in page.text


def test_a_defect_shows_no_path_and_no_traceback(served):
    cookie = served.let_in()
    answer = served.ask("GET", "/export/report.html", cookie=cookie)
    assert answer.status == 500 and "secret" not in answer.text and "Traceback" not in answer.text
    assert served.ask("GET", "/export/code.py", cookie=cookie).status == 200
    until(lambda: [str(error) for error in served.defects] == ["/secret/path: a defect"])


def upload(served, content, name="cars.csv", **headers):
    headers = {"cookie": served.let_in(), "origin": served.origin} | headers
    return served.ask("POST", f"/upload?name={name}", content, **headers)


def test_a_table_comes_from_the_page(served):
    answer = upload(served, b"a,b\n" + b"1,2\n3,4\n" * 20)
    assert answer.status == 200, answer.text
    assert answer.json["name"] == "cars.csv" and answer.json["rows"] == 40
    assert [column["name"] for column in answer.json["columns"]] == ["a", "b"]
    assert served.told == ["a table came from the page: cars.csv, 40 rows"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 1000,
        b"a,b\n",
        b"\xff\xfe\x00",
        b'"' * 999,
        b"PAR1PAR1",
        b"FALL" * 9,
        b"a\n" * 9,
    ],
    ids=["empty", "zeros", "header", "utf-16", "quotes", "parquet", "fall", "names"],
)
def test_what_is_no_table_is_a_sentence(served, content):
    answer = upload(served, content)
    assert answer.status == 400 or answer.json["columns"]
    if answer.status == 400:
        assert len(answer.json["error"]) > 20 and "/tmp" not in answer.json["error"]
    assert not served.defects


def test_a_file_that_is_too_large_is_not_read_to_its_end(served):
    told = []

    def send():
        with socket.create_connection(("127.0.0.1", served.port)) as raw:
            lines = ["POST /upload HTTP/1.1", f"host: {served.host}", f"origin: {served.origin}"]
            lines += [f"cookie: {served.let_in()}", f"content-length: {UPLOAD_BYTES * 100}", "", ""]
            raw.sendall("\r\n".join(lines).encode())
            block, sent = b"1,2\n" * 16384, 0
            with suppress(OSError):
                while sent < UPLOAD_BYTES * 2:
                    raw.sendall(block)
                    sent += len(block)
            told.append(sent)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join(60)
    assert told and told[0] < UPLOAD_BYTES * 2
    assert upload(served, b"a,b\n" + b"1,2\n" * 20).status == 200


def test_an_upload_that_breaks_off_is_no_defect(served):
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        lines = ["POST /upload HTTP/1.1", f"host: {served.host}", f"origin: {served.origin}"]
        lines += [f"cookie: {served.let_in()}", "content-length: 1000", "", "a,b\n"]
        raw.sendall("\r\n".join(lines).encode())
        time.sleep(0.3)
    until(lambda: upload(served, b"a,b\n" + b"1,2\n" * 20).status == 200)
    assert not served.defects


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../etc/passwd", "passwd"), ("C%3A%5Cx%5Cy.csv", "y.csv"), ("", "table.csv"),
     ("%0a%1b[31m.csv", "[31m.csv"), ("a%C2%9b31m%E2%80%AE.csv", "a31m.csv"),
     ("x" * 500, "x" * 80), ("<b>.csv", "<b>.csv")],
)  # fmt: skip
def test_a_name_is_only_shown(served, name, shown):
    answer = upload(served, b"a,b\n" + b"1,2\n3,4\n" * 20, name)
    assert answer.json["name"] == shown


# --- beginning and ending ------------------------------------------------------------------------


def test_a_port_in_use_is_a_sentence(served):
    with pytest.raises(FalllineError, match=f"port {served.port} of 127.0.0.1 is in use"):
        Server(port=served.port)


def test_an_address_elsewhere_is_a_sentence():
    with pytest.raises(FalllineError, match=r"'192.0.2.1' is no address of this machine"):
        Server("192.0.2.1")


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "websockets"])
def test_a_missing_extra_says_what_to_install(monkeypatch, package):
    find = server_module.find_spec
    monkeypatch.setattr(server_module, "find_spec", lambda n: None if n == package else find(n))
    with pytest.raises(MissingExtraError, match=r"pip install 'fallline\[studio\]'"):
        Server()


def test_ending_closes_the_session_and_joins_the_thread(served):
    with served.tab() as tab:
        tab.recv()
        served.server.close()
        assert served.session.closed and not served.server.running
        assert not served.session.viewers
    assert "studio" not in [thread.name for thread in threading.enumerate()]
    served.server.close()  # once more does nothing


def test_it_ends_before_there_is_a_session():
    server = Server()
    server.close()
    assert not server.running
