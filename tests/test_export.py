"""The export as a person meets it who puts it on a web server or a memory card."""

import gzip
import os
import posixpath
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
from conftest import CONTENT, Getter, make_delivery
from jinja2 import ChoiceLoader, DictLoader

from app import create_app, tree
from app.catalogue import load_catalogue
from app.export import PACKED, ExportStopped, export
from app.hub import open_hub, seal
from app.settings import Settings, Withdrawn

FEW = [link.id for link in load_catalogue(CONTENT, []).public_links]
WITHDRAWN = Withdrawn(links=tuple(name for n, name in enumerate(FEW) if n % 200))
SMALL = Settings(languages=("en", "ar", "my"), countries=("SY", "IQ"), withdrawn=WITHDRAWN)
ONE = Settings(languages=("en",), countries=("UA",), withdrawn=WITHDRAWN)
OF_THE_ANSWER = {
    "Cache-Control",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "ETag",
    "Use-As-Dictionary",
    "Vary",
}
ABOUT = '{% extends "base.html" %}{% block main %}<h1>About</h1>\n<p>HERE</p>{% endblock %}'
TARGET = re.compile(r'\s(?:href|src)="([^"]*)"')


@pytest.fixture(scope="module")
def small():
    return open_hub(SMALL)


@pytest.fixture(scope="module")
def dist(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "dist"
    write(small, folder)
    return folder


@pytest.fixture(scope="module")
def server(small):
    return make_delivery(small)


def write(hub, folder, base="/", say=lambda line: None, workers=1, **templates):
    """Export, with the templates named replaced by the texts given."""
    app = create_app(hub=hub)
    if templates:
        damaged = DictLoader({f"{name}.html": text for name, text in templates.items()})
        app.jinja_env.loader = ChoiceLoader([damaged, app.jinja_env.loader])
    return export(app, hub, folder, base, workers, say)


def files(folder):
    """Return every file below a folder, with what tells whether it was touched."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def texts(folder):
    return {name: body for name, (_, _, body) in files(folder).items()}


def links(html):
    """Return where a page's own links lead, without other sites, numbers and places on the page."""
    found = [unescape(target) for target in TARGET.findall(html)]
    return [each for each in found if not urlsplit(each).scheme and not each.startswith("#")]


@pytest.fixture(scope="module")
def one():
    return open_hub(ONE)


def test_every_page_of_the_site_is_a_file_and_says_what_the_server_says(dist, server):
    get = Getter(server)
    written = {name for name in texts(dist) if name.endswith(".html") and not name.endswith("404.html")}
    expected = {address[1:] for address in server.pages.resources if address.endswith(".html")}
    for address, page in server.pages.site.pages.items():
        name = f"{address}index.html".lstrip("/")
        expected.add(name)
        if page.template == "search.html":
            continue  # a copy has nobody to ask; its own search is in test_search
        assert (dist / name).read_text(encoding="utf-8") == get(address).html, address
    assert written == expected
    for name in ("sitemap.xml", "robots.txt", "icon.svg"):
        assert (dist / name).read_text(encoding="utf-8") == get(f"/{name}").html


def test_each_language_has_its_own_page_for_what_is_not_there(dist, small, server):
    get = Getter(server)
    for tag in small.languages:
        page = (dist / tag / "404.html").read_text(encoding="utf-8")
        assert f'<html lang="{tag}"' in page
        assert page == get(f"/{tag}/nowhere/", 404).html
    assert (dist / "404.html").read_text(encoding="utf-8") == get("/nowhere", 404).html


def test_the_same_content_is_the_same_bytes(dist, tmp_path):
    write(open_hub(SMALL), tmp_path / "again", workers=2)
    assert texts(tmp_path / "again") == texts(dist)


def test_an_export_with_nothing_new_touches_no_file(small, dist):
    before = files(dist)
    assert write(small, dist).written == 0
    assert files(dist) == before
    assert os.listdir(dist.parent) == ["dist"]


def changed(copy, file, old, new, folder):
    """Return the names of the files that are written anew after one change."""
    write(open_hub(SMALL, copy.content, copy.translations), folder)
    before = files(folder)
    copy.edit(file, old, new)
    seal(copy.content, copy.translations)
    done = write(open_hub(SMALL, copy.content, copy.translations), folder)
    after = files(folder)
    assert after.keys() == before.keys()
    touched = {name for name in after if after[name] != before[name]}
    assert touched == {name for name in after if after[name][2] != before[name][2]}
    pages = {name for name in touched if not name.endswith((".br", ".gz"))}
    assert len(pages - {"SHA256SUMS"}) == done.written
    return touched


def test_after_one_changed_word_only_its_language_is_written_anew(copy, tmp_path):
    touched = changed(
        copy, "ar/LC_MESSAGES/interface.po", 'msgstr "عن هذا الموقع"', 'msgstr "حول"', tmp_path / "dist"
    )
    assert {"ar/index.html", "ar/countries/sy/index.html.br", "ar/404.html.gz"} <= touched
    assert {name for name in touched if not name.startswith("ar/")} == {"SHA256SUMS"}


def test_after_a_changed_message_the_language_chooser_is_written_anew_too(copy, tmp_path):
    touched = changed(
        copy, "my/LC_MESSAGES/safety.po", 'msgstr "ရပ်ပါ။"', 'msgstr "ရပ်လိုက်ပါ။"', tmp_path / "dist"
    )
    assert "my/index.html" in touched
    outside = {name for name in touched if not name.startswith(("my/", "data/messages/my."))}
    assert outside == {"index.html", "index.html.br", "index.html.gz", "SHA256SUMS"}


def test_what_the_hub_no_longer_shows_is_gone_from_the_next_export(small, one, tmp_path):
    write(small, tmp_path / "dist")
    write(one, tmp_path / "dist")
    write(one, tmp_path / "fresh")
    assert texts(tmp_path / "dist") == texts(tmp_path / "fresh")


def test_the_sums_are_right_and_leave_nothing_out(dist):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=dist,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    listed = [line.split("  ", 1)[1] for line in (dist / "SHA256SUMS").read_text().splitlines()]
    assert sorted([*listed, "SHA256SUMS"]) == sorted(texts(dist))


def test_compressed_files_unpack_to_the_same_bytes(dist):
    made = texts(dist)
    plain = [name for name in made if name.endswith(PACKED)]
    for name in plain:
        assert brotli.decompress(made[name + ".br"]) == made[name], name
        assert gzip.decompress(made[name + ".gz"]) == made[name], name
    packed = {name for name in made if name.endswith((".br", ".gz"))}
    assert packed == {name + ending for name in plain for ending in (".br", ".gz")}


def test_a_file_that_was_damaged_on_the_disk_is_mended(one, tmp_path):
    folder = tmp_path / "dist"
    write(one, folder)
    whole = texts(folder)
    for name in ("en/index.html", "en/about/index.html.br", "en/countries/index.html.gz"):
        (folder / name).write_bytes(b"damaged")
    (folder / "en/countries/ua/index.html.br").unlink()
    write(one, folder)
    assert texts(folder) == whole


def test_damaged_sums_do_not_stop_the_next_export(one, tmp_path):
    folder = tmp_path / "dist"
    write(one, folder)
    whole = texts(folder)
    (folder / "SHA256SUMS").write_bytes(b"\xff damaged\n\n")
    write(one, folder)
    assert texts(folder) == whole


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('<a href="{{ href("/" ~ language.tag ~ "/nowhere/") }}">x</a>', "/en/nowhere/"),
        ('<a href="/en/nowhere/">x</a>', "/en/nowhere/"),
        ('<a href="#nowhere">x</a>', "#nowhere"),
        ('<a href="{{ href("/en/") }}#nowhere">x</a>', "#nowhere"),
        ('<img alt="" src="https://cdn.example.org/x.png">', "https://cdn.example.org/x.png"),
        ('<img alt="" src="//cdn.example.org/x.png">', "//cdn.example.org/x.png"),
        ("<img alt='' src='https://cdn.example.org/x.png'>", "https://cdn.example.org/x.png"),
        ("<IMG alt='' SRC=https://cdn.example.org/x.png>", "https://cdn.example.org/x.png"),
        ('<img alt="a > b" src="https://cdn.example.org/x.png">', "https://cdn.example.org/x.png"),
        ('<img alt="" srcset="https://cdn.example.org/x.png 2x">', "https://cdn.example.org/x.png"),
        ('<a href="/en/" ping="https://cdn.example.org/x">x</a>', "https://cdn.example.org/x"),
        ("<style>@import url(https://cdn.example.org/x.css)</style>", "https://cdn.example.org/x.css"),
        ('<script src="https://cdn.example.org/x.js"></script>', "https://cdn.example.org/x.js"),
        ('<link rel="preload" href="https://cdn.example.org/x">', "https://cdn.example.org/x"),
        ('<a href="javascript:alert(1)">x</a>', "javascript:alert(1)"),
        ("The path is safe.", "safe"),
        ("{{ 1 // 0 }}", "division"),
        ("{{ nobody_knows }}", "nobody_knows"),
    ],
)
def test_what_may_not_be_published_stops_the_export_and_leaves_the_last_one(one, tmp_path, broken, said):
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("index.html", "SHA256SUMS"):
        (folder / name).write_text("")
    before = files(folder)
    with pytest.raises(ExportStopped) as stopped:
        write(one, folder, about=ABOUT.replace("HERE", broken))
    assert [fault for fault in stopped.value.faults if "en/about/index.html" in fault and said in fault]
    assert all("en/about/" in fault or "en/keep" in fault for fault in stopped.value.faults)
    assert files(folder) == before
    assert os.listdir(tmp_path) == ["dist"]


def test_the_first_page_is_held_against_the_policy_too(one, tmp_path):
    choose = '{% extends "base.html" %}{% block main %}<h1>This place is safe</h1>{% endblock %}'
    with pytest.raises(ExportStopped, match="^index.html says “safe”"):
        write(one, tmp_path / "dist", choose=choose)


def test_every_fault_is_named_at_once(one, tmp_path):
    with pytest.raises(ExportStopped) as stopped:
        write(
            one,
            tmp_path / "dist",
            about=ABOUT.replace("HERE", '<a href="/one/">x</a>'),
            materials=ABOUT.replace("HERE", '<a href="/two/">x</a>'),
        )
    said = str(stopped.value)
    assert "/one/" in said
    assert "/two/" in said


def test_a_folder_of_other_things_is_never_replaced(one, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportStopped, match=re.escape(str(folder))):
        write(one, folder)
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_is_filled(one, tmp_path):
    (tmp_path / "dist").mkdir()
    write(one, tmp_path / "dist")
    assert (tmp_path / "dist/index.html").is_file()


def test_a_link_to_the_folder_stays_a_link(one, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "dist").symlink_to(tmp_path / "disk")
    for _ in range(3):
        write(one, tmp_path / "dist")
    assert (tmp_path / "dist").is_symlink()
    assert (tmp_path / "disk/index.html").is_file()


def test_an_interrupted_export_leaves_the_last_one_whole(one, small, tmp_path):
    folder = tmp_path / "dist"
    write(one, folder)
    before = files(folder)

    def interrupt(line):
        if line.startswith("compressed"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(small, folder, say=interrupt)
    assert files(folder) == before
    assert os.listdir(tmp_path) == ["dist"]


def test_after_a_killed_export_the_next_one_finds_the_last(one, tmp_path):
    folder = tmp_path / "dist"
    write(one, folder)
    before = files(folder)
    (tmp_path / ".dist.new/en").mkdir(parents=True)
    (tmp_path / ".dist.new/en/half.html").write_text("<!doc")
    folder.rename(tmp_path / ".dist.last")
    assert write(one, folder).written == 0
    assert files(folder) == before
    assert os.listdir(tmp_path) == ["dist"]


def test_while_a_new_export_takes_the_place_of_the_last_the_folder_is_never_gone(
    one, small, tmp_path, monkeypatch
):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    if not tree.exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this system cannot exchange two folders in one step")
    folder = tmp_path / "place" / "dist"
    write(one, folder)
    renamed = []
    monkeypatch.setattr(Path, "rename", lambda self, to: renamed.append(self) or Path(os.rename(self, to)))
    write(small, folder)
    assert folder not in renamed
    assert (folder / "ar/index.html").is_file()
    assert os.listdir(folder.parent) == ["dist"]


def test_where_two_folders_cannot_be_exchanged_one_is_renamed_after_the_other(
    one, small, tmp_path, monkeypatch
):
    folder = tmp_path / "dist"
    monkeypatch.setattr(tree, "exchange", lambda one, other: False)
    write(one, folder)
    write(small, folder)
    assert (folder / "ar/index.html").is_file()
    assert os.listdir(tmp_path) == ["dist"]


def test_when_the_new_folder_cannot_take_its_place_the_last_one_has_it_again(
    one, small, tmp_path, monkeypatch
):
    folder = tmp_path / "dist"
    write(one, folder)
    before = files(folder)

    def rename(self, to):
        if self.name == ".dist.new":
            raise OSError(5, "Input/output error")
        os.rename(self, to)

    monkeypatch.setattr(tree, "exchange", lambda one, other: False)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="Input/output"):
        write(small, folder)
    assert files(folder) == before
    assert os.listdir(tmp_path) == ["dist"]


def test_what_many_pages_share_is_read_as_on_the_first(one):
    """A page is held against the policy block by block; a breach is found wherever blocks begin and end."""
    policy, texts = one.policy, one.texts["en"]
    for page in (
        "<p>The path</p><p>is safe</p>",
        "<p>The path <b>is</b> safe</p>",
        '<p>a</p><img alt="The path is <p> safe">',
        "<p>a</p><cite>The <p>path</p></cite><p>The path is safe</p>",
        "<p>a</p><!-- <p> --><p>The path is safe</p>",
        "<script>'<p>'</script><p>The path is safe</p>",
    ):
        found = [finding.words for finding in policy.page_findings(page, "en", texts)]
        assert found == [finding.words for finding in policy.page_findings(page, "en", texts)]
        assert any("safe" in words for words in found), page
    for page in ("<p>a</p><cite>The <p>path</p> is safe</cite>", "<script>'<p>The path is safe'</script>"):
        assert not policy.page_findings(page, "en", texts), page


def test_a_memory_card_without_hard_links_is_written_again(one, tmp_path, monkeypatch):
    folder = tmp_path / "card"
    write(one, folder, "relative")
    before = texts(folder)

    def refuse(*paths, **options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write(one, folder, "relative")
    assert texts(folder) == before


def test_below_a_path_every_link_starts_there_and_leads_somewhere(small, tmp_path):
    write(small, tmp_path / "hub", "/hub/")
    made = texts(tmp_path / "hub")
    for name, body in made.items():
        if name.endswith(".html"):
            for target in links(body.decode()):
                assert target.startswith("/hub/"), f"{name} leads to {target}"
                path = target.removeprefix("/hub/")
                assert (path + "index.html" if not path or path.endswith("/") else path) in made
    assert made["_headers"].startswith(b"/hub/*\n")


@pytest.fixture(scope="module")
def card(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("card") / "ማስታወሻ card #1 50%"
    write(small, folder, "relative")
    return folder


def test_on_a_memory_card_every_link_names_a_file_beside_it(card):
    for path in card.rglob("*.html"):
        for target in links(path.read_text(encoding="utf-8")):
            assert not target.startswith("/"), f"{path} leads to {target}"
            assert (path.parent / target.split("#")[0]).is_file(), f"{path} leads to {target}"


def test_a_memory_card_is_read_without_network_and_scripts(card, small, chromium):
    context = chromium.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page.goto((card / "index.html").as_uri())
    page.get_by_role("main").get_by_role("link", name=small.languages["ar"].name).click()
    name = str(small.texts["ar"].forms["home.all-countries"][0])
    page.get_by_role("main").get_by_role("link", name=name).click()
    page.get_by_role("main").get_by_role(
        "link", name=small.editions["ar"].country_name("IQ"), exact=True
    ).click()
    assert page.locator('a[href="tel:182"]').is_visible()
    page.get_by_role("navigation").get_by_role("link", name=small.languages["my"].name, exact=True).click()
    assert page.url == (card / "my/countries/iq/index.html").as_uri()
    assert page.locator("html").get_attribute("lang") == "my"
    assert len(asked) >= 5
    assert all(url.startswith(card.as_uri()) for url in asked)
    context.close()


@pytest.mark.parametrize(
    "base", ["", "hub", "/hub", "hub/", "//cdn.example.org/", "https://example.org/", "/../", "/a b/", '/">/']
)
def test_a_base_that_is_no_path_is_refused(one, tmp_path, base):
    with pytest.raises(ExportStopped, match="base"):
        write(one, tmp_path / "dist", base)
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def of_one(tmp_path_factory):
    """The environment of a command that shall work on the hub `one`."""
    file = tmp_path_factory.mktemp("settings") / "hub.toml"
    file.write_text(f'languages = ["en"]\ncountries = ["UA"]\n[withdrawn]\nlinks = {list(WITHDRAWN.links)}\n')
    return {"HUB_SETTINGS": str(file)}


def invoke(monkeypatch, *words, **environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return create_app().test_cli_runner().invoke(args=["export", *map(str, words)])


def run(environment, *words, first=()):
    return subprocess.run(
        [*first, sys.executable, "-m", "flask", "--app", "app", "export", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=CONTENT.parent.parent,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )


def test_the_command_says_what_it_did(one, of_one, tmp_path):
    done = run(of_one, tmp_path / "dist")
    assert (done.returncode, done.stderr) == (0, "")
    last = done.stdout.splitlines()[-1]
    there = len(texts(tmp_path / "dist"))
    assert re.fullmatch(
        rf"{re.escape(str(tmp_path / 'dist'))}: {there} files, \d+ written anew, \d+ KiB.*", last
    )
    write(one, tmp_path / "other")
    assert texts(tmp_path / "dist") == texts(tmp_path / "other")


def test_a_full_disk_is_said_and_the_last_export_stays(of_one, tmp_path):
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("index.html", "SHA256SUMS"):
        (folder / name).write_text("")
    before = files(folder)
    done = run(of_one, folder, first=["bash", "-c", 'ulimit -f 4; exec "$@"', "bash"])
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert files(folder) == before
    assert os.listdir(tmp_path) == ["dist"]


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--base", "hub"], {}, "'hub'"),
        ([], {"HUB_COUNTRIES": "ZZ"}, "'ZZ' is not registered"),
        ([], {"HUB_URL": "nowhere"}, "is not a public address"),
    ],
)
def test_the_command_says_why_it_stopped(monkeypatch, of_one, tmp_path, words, environment, said):
    done = invoke(monkeypatch, tmp_path / "dist", *words, **of_one, **environment)
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert said in done.output
    assert os.listdir(tmp_path) == []


def test_the_command_says_where_nothing_can_be_written(monkeypatch, of_one, tmp_path):
    (tmp_path / "file").write_text("kept")
    done = invoke(monkeypatch, tmp_path / "file/dist", **of_one)
    assert done.exit_code == 1
    assert "could not be written" in done.output
    assert (tmp_path / "file").read_text() == "kept"


def parse_headers(text):
    """Return what a `_headers` file says, by path, as Netlify, Cloudflare Pages and others read it."""
    rules, path = {}, None
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            path = rules.setdefault(line, {})
        elif line.strip():
            name, _, value = line.strip().partition(": ")
            path[name] = value
    return rules


def test_the_headers_file_says_what_the_server_says(dist, server):
    rules = parse_headers((dist / "_headers").read_text(encoding="utf-8"))
    said = rules["/*"]
    answer = Getter(server)("/en/").answer
    security = {name: value for name, value in answer.headers.items() if name not in OF_THE_ANSWER}
    assert {name: value for name, value in said.items() if name not in OF_THE_ANSWER} == security
    assert said["Cache-Control"] == answer.headers["Cache-Control"]


def test_a_hub_on_https_says_so_in_every_configuration(tmp_path):
    hub = open_hub(Settings(url="https://hub.example.org", hsts=True, languages=("en",), countries=("UA",)))
    write(hub, tmp_path / "dist")
    for name in ("_headers", "_config/nginx.conf", "_config/Caddyfile"):
        assert "Strict-Transport-Security" in (tmp_path / "dist" / name).read_text(encoding="utf-8")
    assert "https://hub.example.org/sitemap.xml" in (tmp_path / "dist/robots.txt").read_text()


def test_nothing_of_the_machine_is_in_the_export(dist):
    made = texts(dist)
    secrets = [str(Path.home()), os.uname().nodename, str(CONTENT.parent.parent), posixpath.dirname(dist)]
    for name, body in made.items():
        if not name.endswith((".br", ".gz")):
            assert not [secret for secret in secrets if len(secret) > 3 and secret.encode() in body], name
