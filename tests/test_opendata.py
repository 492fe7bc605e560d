"""Open data: what the hub shows and nothing else, as files that programs and spreadsheets can read."""

import csv
import io
import json
from datetime import date

import pytest
from conftest import CONTENT, Getter, make_delivery, toml
from test_delivery import raw

from app import create_app
from app.export import export
from app.hub import open_hub, seal
from app.settings import OwnWords, Settings, SwitchedOff, Withdrawn

TABLES = ("links", "countries", "numbers", "languages", "coverage")


def registers(folder, key):
    return [each for path in sorted((CONTENT / folder).glob("*.toml")) for each in toml(path)[key]]


def every_table(hub):
    return [*TABLES, *(f"messages/{tag}" for tag in hub.languages)]


def records(get, name):
    """The records of a table, from its JSON file, where they stand under its own name."""
    return json.loads(get(f"/data/{name}.json").html)[name.split("/")[0]]


def rows(get, name):
    return list(csv.DictReader(io.StringIO(get(f"/data/{name}.csv").html), strict=True))


def as_cell(value):
    """What a value is in CSV, said again."""
    if isinstance(value, list):
        value = " ".join(value)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return "'" + text if text[:1] in tuple("=+-@") else text


def test_every_file_says_its_licence_its_day_and_where_its_columns_are_explained(get, hub):
    for name in every_table(hub):
        file = json.loads(get(f"/data/{name}.json").html)
        assert file["licence"]["name"] == "CC-BY-4.0"
        assert "belong to their publishers" in file["quoted"]
        assert date.fromisoformat(file["made"]) < date.fromisoformat(file["again"])
        assert file["dictionary"] == f"{hub.settings.url}/data/datapackage.json"
        assert file[name.split("/")[0]], f"{name} is empty"


def test_csv_and_json_hold_the_same_records(get, hub):
    for name in every_table(hub):
        expected = [{key: as_cell(value) for key, value in each.items()} for each in records(get, name)]
        assert rows(get, name) == expected, name


def test_the_dictionary_explains_every_column_of_every_file(get, hub):
    package = json.loads(get("/data/datapackage.json").html)
    assert package["name"] == "mine-awareness-hub"
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    assert package["created"].startswith(hub.made.isoformat())
    files = {resource["path"]: resource for resource in package["resources"]}
    assert files.keys() == {f"{name}.{form}" for name in every_table(hub) for form in ("csv", "json")}
    assert len({resource["name"] for resource in files.values()}) == len(files)
    for path, resource in files.items():
        fields = {each["name"]: each for each in resource["schema"]["fields"]}
        assert all(len(each["description"]) > 3 and each["type"] for each in fields.values())
        name = path.rpartition(".")[0]
        if path.endswith(".csv"):
            assert get(f"/data/{path}").html.splitlines()[0].split(",") == list(fields)
        else:
            assert resource["dialect"]["property"] == name.split("/")[0]
        for each in records(get, name):
            assert list(each) == list(fields)
            for key, value in each.items():
                known = [c["value"] if isinstance(c, dict) else c for c in fields[key].get("categories", [])]
                assert value is None or not known or value in known, f"{path}: {key} {value!r}"
        ids = [tuple(each[key] for key in resource["schema"]["primaryKey"]) for each in records(get, name)]
        assert len(set(ids)) == len(ids)


def test_what_one_table_names_stands_in_the_other(get):
    tags = {each["tag"] for each in records(get, "languages")}
    codes = {each["code"] for each in records(get, "countries")}
    for country in records(get, "countries"):
        assert set(country["languages"]) <= tags
    for link in records(get, "links"):
        assert set(link["languages"]) <= tags
        assert link["title_language"] is None or link["title_language"] in tags
    assert {each["country"] for each in records(get, "numbers")} <= codes
    links = {each["id"]: each["url"] for each in records(get, "links")}
    for message in records(get, "messages/ar"):
        assert [links[name] for name in message["sources"]] == message["source_addresses"]
        assert set(message["help"]) <= links.keys()


def test_the_links_are_those_of_the_registers_that_may_be_shown(get):
    expected = {
        link["id"]: (
            link["url"],
            link["languages"],
            link.get("countries", []),
            link["topic"],
            link.get("date"),
        )
        for link in registers("links", "link")
        if link["technique"] == "none"
    }
    found = {
        link["id"]: (link["url"], link["languages"], link["countries"], link["topic"], link["date"])
        for link in records(get, "links")
    }
    assert found == expected
    own = {link["id"]: link["title"] for link in registers("links", "link") if link.get("own_title", True)}
    for link in records(get, "links"):
        assert link["title"] == own.get(link["id"]), "a title that is not the page's own is not shown"


def test_nothing_that_is_withheld_or_meant_for_editors_is_in_any_file(get, hub):
    everything = (
        "\n".join(
            get(f"/data/{name}").html
            for table in every_table(hub)
            for name in (f"{table}.csv", f"{table}.json")
        )
        + get("/data/datapackage.json").html
    )
    for link in registers("links", "link"):
        if link["technique"] != "none":
            assert f'"{link["url"]}"' not in everything
            assert f'"{link["id"]}"' not in everything
            assert "held" not in link or link["held"] not in everything
    shown = {number["id"] for number in records(get, "numbers")}
    for country in toml(CONTENT / "countries.toml")["country"]:
        for report in country.get("report", []):
            name = f"{country['code']}:{report['number']}"
            assert (name in shown) == report["publish"]
            for private in (report["what"], report.get("note"), report.get("confirmed")):
                assert not private or private not in everything
    for language in toml(CONTENT / "languages.toml")["language"]:
        assert language.get("waits_for", "waits_for") not in everything
    for message in toml(CONTENT / "messages.toml")["message"]:
        assert message["note"] not in everything
    for word in ("technique", '"held"', '"note"', '"confirmed"'):
        assert word not in everything


def test_what_a_copy_has_withdrawn_is_in_no_file():
    hub = open_hub(
        Settings(
            countries=("UA", "SY"),
            languages=("en", "ar"),
            withdrawn=Withdrawn(links=("urcs-mine-awareness-campaign",), numbers=("UA:101",)),
        )
    )
    get = Getter(make_delivery(hub))
    assert [country["code"] for country in records(get, "countries")] == ["SY", "UA"]
    assert {country["code"]: country["numbers"] for country in records(get, "countries")}["UA"] == ["102"]
    assert [number["id"] for number in records(get, "numbers")] == ["UA:102"]
    assert "urcs-mine-awareness-campaign" not in get("/data/links.json").html
    assert "urcs-mine-awareness-campaign" not in get("/data/messages/ar.json").html
    assert [each["tag"] for each in records(get, "languages") if each["published"]] == ["en", "ar"]
    get("/data/messages/fr.json", status=404)
    assert "messages/fr.json" not in get("/data/datapackage.json").html


@pytest.mark.parametrize("tag", ["en", "ar", "my"])
def test_the_messages_stand_as_on_the_first_page_and_never_without_the_stand_still_line(get, hub, tag):
    page = get(f"/{tag}/").text
    file = json.loads(get(f"/data/messages/{tag}.json").html)
    assert [message["id"] for message in file["messages"]] == list(hub.catalogue.messages)
    for message in file["messages"]:
        for part in ("situation_text", "order", "detail", "why"):
            assert message[part] in page
        assert message["language"] == tag
        assert message["review"] == ("reviewed" if hub.languages[tag].review else "draft")
    assert file["review"] == file["messages"][0]["review"]
    for words in (*file["short"].values(), *file["stand_still"].values(), file["standing"]):
        assert words in page
    assert len(file["short"]) == 5


def test_a_message_that_an_authority_has_replaced_or_switched_off_says_for_which_countries():
    decided = {"decided_by": "National authority", "decided_on": "2026-01-05"}
    hub = open_hub(
        Settings(
            words=(OwnWords(country="SY", message="ask", language="en", text="Ask us first.", **decided),),
            off=(SwitchedOff(country="IQ", message="ask", **decided),),
        )
    )
    messages = {each["id"]: each for each in records(Getter(make_delivery(hub)), "messages/ar")}
    assert messages["ask"]["not_for"] == ["IQ", "SY"]
    assert messages["report"]["not_for"] == []


def test_languages_say_who_has_checked_them(get, hub):
    for language in records(get, "languages"):
        shown = hub.languages.get(language["tag"])
        assert language["published"] == (shown is not None)
        assert language["review"] == (None if shown is None else "reviewed" if shown.review else "draft")
        if shown and shown.review is None:
            assert language["reviewed_on"] is None


def test_a_title_cannot_become_a_formula_in_a_spreadsheet(copy):
    titles = [
        '=HYPERLINK("x", "y")',
        "+380 44 is a number",
        "-1 mines",
        "@people",
        "plain = title, with a comma",
    ]
    for n, title in enumerate(titles):
        quoted = title.replace('"', '\\"')
        copy.append(
            "links/unmas.toml",
            f'\n[[link]]\nid = "formula-{n}"\nurl = "https://www.unmas.org/en/formula-{n}"\ntitle = "{quoted}"\n'
            'publisher = "unmas"\nlanguages = ["en"]\ntopic = "about"\nformat = "page"\ntechnique = "none"\n'
            'evidence = "direct"\n',
        )
    seal(copy.content, copy.translations)
    get = Getter(make_delivery(open_hub(Settings(), copy.content, copy.translations)))
    cells = [row["title"] for row in rows(get, "links") if row["id"].startswith("formula-")]
    assert cells == [f"'{title}" for title in titles[:4]] + titles[4:]
    assert [each["title"] for each in records(get, "links") if each["id"].startswith("formula-")] == titles


def test_no_cell_of_any_file_begins_a_formula(get, hub):
    for name in every_table(hub):
        for row in csv.reader(io.StringIO(get(f"/data/{name}.csv").html)):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_csv_files_are_rfc_4180_in_utf_8(delivery, hub):
    for name in every_table(hub):
        body = raw(delivery, f"/data/{name}.csv").data
        assert not body.startswith(b"\xef\xbb\xbf")
        text = body.decode("utf-8")
        assert text.endswith("\r\n")
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert len({len(row) for row in table}) == 1


@pytest.mark.parametrize(
    ("form", "media"), [("csv", "text/csv; charset=utf-8"), ("json", "application/json")]
)
def test_files_are_sent_as_what_they_are_and_packed(delivery, form, media):
    answer = raw(delivery, f"/data/links.{form}", Accept_Encoding="br")
    assert answer.headers["Content-Type"] == media
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = raw(delivery, f"/data/links.{form}", Accept_Encoding="br", If_None_Match=answer.headers["ETag"])
    assert again.status_code == 304


def test_the_export_holds_the_same_files(tmp_path):
    few = tuple(link["id"] for n, link in enumerate(registers("links", "link")) if n % 40)
    shown = {link["id"] for link in registers("links", "link") if link["technique"] == "none"}
    withdrawn = Withdrawn(links=tuple(name for name in few if name in shown))
    hub = open_hub(Settings(languages=("en", "ar"), countries=("SY",), withdrawn=withdrawn))
    export(create_app(hub=hub), hub, tmp_path / "dist", "relative", 1, lambda line: None)
    delivery = make_delivery(hub)
    for name in [f"{table}.{form}" for table in every_table(hub) for form in ("csv", "json")]:
        assert (tmp_path / "dist/data" / name).read_bytes() == raw(delivery, f"/data/{name}").data
    assert '"../../data/links.csv"' in (tmp_path / "dist/en/about/index.html").read_text(encoding="utf-8")


def test_pages_lead_to_the_files_and_the_folder_has_no_page(get):
    for tag in ("en", "ar"):
        for twin in ("about/", "coverage/"):
            links = get(f"/{tag}/{twin}").links
            assert {f"/data/{name}.csv" for name in (*TABLES, f"messages/{tag}")} <= set(links)
            assert "/data/datapackage.json" in links
    get("/data/", status=404)
