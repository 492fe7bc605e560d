"""A broken register is refused with every defect at once: the file, the entry and what to do."""

from datetime import date

import pytest

from app.defects import ContentRefused
from app.hub import inspect, open_hub
from app.settings import Settings

GOOD = """
[[link]]
id = "tried"
url = "{url}"
title = "{title}"
publisher = "{publisher}"
languages = {languages}
countries = {countries}
topic = "{topic}"
format = "page"
technique = "none"
evidence = "direct"
"""
FIELDS = {
    "url": "https://www.unmas.org/en/tried",
    "title": "Tried",
    "publisher": "unmas",
    "languages": '["en"]',
    "countries": '["SY"]',
    "topic": "about",
}


def defects_of(copy):
    _, defects = inspect(Settings(), copy.content, copy.translations)
    return defects


def with_link(copy, **fields):
    copy.append("links/unmas.toml", GOOD.format(**{**FIELDS, **fields}))
    return [d for d in defects_of(copy) if d.entry.startswith("link tried")]


def test_a_good_link_is_one_entry_in_one_file_and_stands_on_its_pages(copy):
    assert not with_link(copy)
    hub = open_hub(Settings(), copy.content, copy.translations)
    assert any(
        link.id == "tried" for link in hub.editions["en"].material_of(hub.catalogue.countries["SY"])["own"]
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://unmas.org.example.com/en",
        "https://www.unmas.org@example.com/",
        "https://user@www.unmas.org/en",
        "https://www.unmas.org:8443/en",
        "https://www.unmas.org./en",
        "https://WWW.unmas.org/en",
        "https://www.unmаs.org/en",
        "https://xn--unms-7nc.org/en",
        "https://192.0.2.1/en",
        "https://[2001:db8::1]/en",
        "https://3221225985/en",
        "https://www.unmas.org/en#part",
        "https://www.unmas.org/a b",
        "https://www.unmas.org/%zz",
        "https://www.unmas.org/%00",
        "https://www.unmas.org/%E2%80%AEen",
        "https://www.unmas.org/../en",
        "https://www.unmas.org/%2e%2e/en",
        "https://www.unmas.org\\\\@example.com/",
        "//www.unmas.org/en",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://www.unmas.org/",
        "https://www.unmas.org%2eexample.com/",
        "https://evilunmas.org/",
        "https://example.com/www.unmas.org/",
        "http://www.unmas.org/en/tried",
        "https://www.un.org/en/",
    ],
)
def test_a_link_to_anywhere_but_its_publishers_own_hosts_is_refused(copy, url):
    found = with_link(copy, url=url)
    assert found, url
    assert all(d.file == "content/links/unmas.toml" and d.mend for d in found)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("publisher", "nobody", "publisher 'nobody' is not registered"),
        ("languages", "[]", "languages"),
        ("languages", '["xx"]', "language 'xx' is not registered"),
        ("countries", '["Syria"]', "country 'Syria'"),
        ("topic", "weather", "topic 'weather' is not registered"),
        ("title", "", "title"),
    ],
)
def test_a_link_with_a_wrong_field_is_refused_with_the_reason(copy, field, value, said):
    found = with_link(copy, **{field: value})
    assert any(said in d.wrong for d in found), found


def test_all_defects_of_all_files_come_at_once(copy):
    copy.append(
        "links/unmas.toml",
        GOOD.format(**{**FIELDS, "publisher": "nobody", "topic": "weather"}) + 'size = "big"\n',
    )
    copy.edit("countries.toml", 'code = "SY"', 'code = "Syria"')
    copy.edit("languages.toml", 'direction = "rtl"', 'direction = "left"')
    copy.edit("interface.toml", 'id = "nav.skip"', 'id = "Nav Skip"')
    with pytest.raises(ContentRefused) as refused:
        open_hub(Settings(), copy.content, copy.translations)
    files = {d.file for d in refused.value.defects}
    assert {
        "content/links/unmas.toml",
        "content/countries.toml",
        "content/languages.toml",
        "content/interface.toml",
    } <= files
    assert all(d.file and d.entry and d.wrong and d.mend for d in refused.value.defects)


@pytest.mark.parametrize(
    ("file", "old", "new", "entry"),
    [
        ("publishers.toml", 'family = "un"', 'family = "friends"', "publisher"),
        ("publishers.toml", 'hosts = ["', 'hosts = ["https://', "publisher"),
        ("messages.toml", 'pictogram = "ask"', 'pictogram = "nothing"', "message ask"),
        ("messages.toml", 'situation = "before"', 'situation = "after"', "message ask"),
        ("messages.toml", "sources = []", 'sources = ["unicef-facts-for-life-mines-en"]', "message ask"),
        ("messages.toml", "sources = []", 'sources = ["no-such-link"]', "message ask"),
        ("languages.toml", 'cldr = "fr"', 'cldr = "zz"', "language fr"),
        ("languages.toml", 'zero = "٠"', 'zero = "٣"', "language ar"),
        ("worldwide.toml", "unmas-five-pillars", "unmas-home", "unmas-home"),
        ("facets.toml", 'id = "farmers"', 'id = "about"', "audience about"),
        ("countries.toml", "\npublish = true", "\npublish = true\nsize = 3", "country"),
    ],
)
def test_a_wrong_entry_of_any_register_is_named(copy, file, old, new, entry):
    copy.edit(file, old, new)
    assert any(d.file == f"content/{file}" and d.entry.startswith(entry) for d in defects_of(copy))


@pytest.mark.parametrize("missing", ["published_on", "source", "published_by"])
def test_a_number_is_published_only_with_publisher_page_and_date(copy, missing):
    path = copy.content / "countries.toml"
    text = path.read_text(encoding="utf-8")
    start = text.index('number = "101"')
    end = text.index("[[country", start)
    entry = "\n".join(line for line in text[start:end].splitlines() if not line.startswith(missing + " "))
    path.write_text(text[:start] + entry + "\n\n" + text[end:], encoding="utf-8")
    assert any("number 101" in d.wrong for d in defects_of(copy))


def test_a_number_seen_only_in_the_press_cannot_be_published(copy):
    path = copy.content / "countries.toml"
    text = path.read_text(encoding="utf-8")
    start = text.index('number = "60666"')
    path.write_text(
        text[:start] + text[start:].replace("publish = false", "publish = true", 1), encoding="utf-8"
    )
    assert any("60666" in d.wrong for d in defects_of(copy))


def test_the_same_id_or_address_twice_is_refused(copy):
    copy.append("links/unmas.toml", GOOD.format(**FIELDS) + GOOD.format(**FIELDS))
    assert any("stands already in content/links/unmas.toml" in d.wrong for d in defects_of(copy))
    copy.append("links/unmas.toml", GOOD.format(**FIELDS).replace('"tried"', '"again"'))
    assert any("same address as link tried" in d.wrong for d in defects_of(copy))


@pytest.mark.parametrize(
    ("damage", "said"), [(b"\xff\xfe", "UTF-8"), (b"[[link]\n", "line"), (b'x = "a"\nx = "b"\n', "overwrite")]
)
def test_a_file_that_cannot_be_read_is_named(copy, damage, said):
    path = copy.content / "links" / "unmas.toml"
    path.write_bytes(damage)
    assert any(d.file == "content/links/unmas.toml" and said in d.wrong for d in defects_of(copy))


def test_a_missing_file_is_named(copy):
    (copy.content / "countries.toml").unlink()
    assert any(d.file == "content/countries.toml" and "missing" in d.wrong for d in defects_of(copy))


def test_a_date_in_the_future_is_refused(copy):
    copy.edit("countries.toml", 'published_on = "2024-04"', 'published_on = "2999-04"')
    assert any("2999-04" in d.wrong and "future" in d.wrong for d in defects_of(copy))


@pytest.mark.parametrize("year", [1970, 2000, 2999])
def test_a_clock_that_stands_wrong_does_not_stop_the_hub(monkeypatch, year):
    class Wrong(date):
        @classmethod
        def today(cls):
            return date(year, 1, 1)

    monkeypatch.setattr("app.catalogue.date", Wrong)
    assert not inspect(Settings())[1]


def test_a_misspelt_kind_of_entry_is_named(copy):
    copy.append("publishers.toml", '\n[[publsher]]\nid = "x"\n')
    assert any(d.entry == "publsher" for d in defects_of(copy))


def test_every_registered_country_names_its_languages(hub):
    assert len(hub.catalogue.countries) == 66
    for country in hub.catalogue.countries.values():
        for tag, edition in hub.editions.items():
            assert edition.country_name(country.code) != country.code, (tag, country.code)
            for spoken in country.languages:
                assert str(getattr(edition.language_name(spoken), "text", edition.language_name(spoken)))


def test_un_names_stand_where_cldr_differs(hub):
    assert hub.editions["en"].country_name("PS") == "Palestine"
    assert hub.editions["en"].country_name("MM") == "Myanmar"
    assert hub.editions["en"].country_name("CD") == "Democratic Republic of the Congo"
    assert hub.editions["fr"].country_name("TR") == "Türkiye"
