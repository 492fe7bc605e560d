"""What readers see of the checks: notes, pages that left and what stands in for them, the status page and the feed."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import brotli
import pytest
from conftest import CONTENT, Copy, Getter, make_delivery

from app import create_app
from app.catalogue import Link, StandIn, load_catalogue
from app.changes import changes
from app.export import export
from app.health import Check, HealthFile, Ledger, Run, load_health
from app.hub import Hub, open_hub
from app.serve import STILL, Renewing
from app.settings import Settings, Withdrawn

CATALOGUE = load_catalogue(CONTENT, [])
TAGS = [tag for tag, language in CATALOGUE.languages.items() if language.published]
LAST = date(2026, 12, 3)
CIVILIAN, REFERENCE = 8192, 24_000  # bytes of brotli
GONE = ("missing", "name", "silent")
ATOM = "{http://www.w3.org/2005/Atom}"
ANYTHING = ("answers", "answers", "answers", "moved", "slow", "changed", "refused", "missing")


def checked(
    hub: Hub, path: Path, found: Mapping[str, tuple[str, ...]], others: tuple[str, ...] = ("answers",)
) -> Hub:
    """Return the hub after checks that `found` pages so, and the others so, one a day, the last on the day LAST."""
    file = HealthFile(path, Ledger())
    for name, page in hub.listed.official_pages.items():
        results = found.get(name, others)
        for n, result in enumerate(results, 1):
            at = datetime(LAST.year, LAST.month, LAST.day, 5, tzinfo=UTC) - timedelta(days=len(results) - n)
            to = page.url.split("?")[0].rstrip("/") + "/at-last" if result == "moved" else None
            file.note(name, Check(at=at, url=page.url, result=result, to=to))
    file.run = Run(began=at, finished=at)
    file.save()
    return hub.knowing(load_health(path))


def pages_of(hub: Hub) -> Getter:
    return Getter(make_delivery(hub))


def shown(get: Getter, *addresses: str) -> str:
    return "\n".join(get(address).html for address in addresses)


def address(link: Link) -> str:
    return f'href="{link.url.replace("&", "&amp;")}"'


@pytest.fixture(scope="module")
def alone() -> Link:
    """A link about one country whose publisher has a worldwide page, but none about that country but this one."""
    for code, about in CATALOGUE.links_about.items():
        for link in about:
            others = [other for other in CATALOGUE.public_links if other.publisher == link.publisher]
            if (
                link.countries == (code,)
                and sum(code in other.countries for other in others) == 1
                and any(not other.countries for other in others)
            ):
                return link
    raise AssertionError("no link of the register is the only one of its publisher about its country")


def test_before_any_check_the_hub_says_so(get):
    page = get("/en/status/")
    assert "No page has been checked from this copy yet." in page.text
    assert "Nothing has changed yet." in page.text
    assert "Answered" not in page.text
    assert "not yet checked from here" in get("/en/materials/un/").text


@pytest.mark.parametrize("tag", TAGS)
def test_every_link_says_when_it_was_last_asked(hub, tmp_path, tag):
    links = hub.listed.public_links
    found = {links[0].id: ("refused",), links[1].id: ("answers", "missing")}
    get = pages_of(checked(hub, tmp_path / "health.json", found))
    edition = get.delivery.pages.hub.editions[tag]
    day = edition.language.date(LAST)
    notes = {link.id: edition.card(link).notes for link in links}
    assert edition.texts("card.refused", date=day) in notes[links[0].id]
    assert edition.texts("card.failed", date=day) in notes[links[1].id]
    assert all(edition.texts("card.checked", date=day) in notes[link.id] for link in links[2:])
    assert edition.texts("card.unchecked") not in get(f"/{tag}/materials/un/").html
    country = next(c for c in hub.listed.countries.values() if c.authority and c.authority.url)
    part = get(f"/{tag}/countries/{country.slug}/").html.split(address_of(country.authority.url))[1]
    assert edition.texts("card.checked", date=day) in part[:900], (
        "the authority's page does not say it was asked"
    )
    status = get(f"/{tag}/status/")
    assert day in status.text
    for link in links:
        assert address(link) in status.html, link.id


def address_of(url: str) -> str:
    return f'href="{url.replace("&", "&amp;")}"'


def test_a_gone_page_leaves_and_its_publishers_nearest_page_stands_in(hub, tmp_path, alone):
    now = checked(hub, tmp_path / "health.json", {alone.id: GONE})
    get = pages_of(now)
    code = alone.countries[0]
    stand_in = now.catalogue.stand_ins[alone.id]
    assert stand_in.publisher == alone.publisher
    places = [
        f"/en/countries/{code.lower()}/",
        f"/en/materials/{alone.topic}/",
        "/en/",
        f"/en/materials/{alone.format}/",
    ]
    places += [each.address for each in get.site.pages.values() if each.language == "en" and each.selection]
    html = shown(get, *places)
    assert address(alone) not in html, "a page that is gone is still linked to"
    card = next(
        part
        for part in re.split("<li>", get(f"/en/countries/{code.lower()}/").html + get(places[-1]).html)
        if address(stand_in) in part and "in place of a page that no longer answers" in part
    )
    assert "answered our check on" in card
    there = [link for link in now.catalogue.links_about[code] if link.id == stand_in.id]
    assert [type(link) for link in there] == [StandIn]
    status = get("/en/status/")
    part = status.html.split(address(alone))[1].split("</li>")[0]
    assert "Did not answer on three days, no longer shown" in part
    assert address(stand_in) in part


def test_a_stand_in_is_not_shown_twice_nor_in_a_list_of_another_language(hub, tmp_path):
    for link in hub.listed.public_links[::25]:
        now = checked(hub, tmp_path / "health.json", {link.id: GONE})
        site = make_delivery(now).pages.site
        for selection in site.selections.values():
            ids = [each.id for each in selection.links]
            assert len(ids) == len(set(ids)), f"{selection.id} doubles a link"
            if selection.kind == "language":
                assert all(
                    selection.id in (tag.lower() for tag in each.languages) for each in selection.links
                )
        for code, about in now.catalogue.links_about.items():
            assert all(not each.countries or code in each.countries for each in about), (
                "a page about another country"
            )


def test_only_a_page_that_answers_stands_in(hub, tmp_path, alone):
    same = {link.id: ("refused",) for link in hub.listed.public_links if link.publisher == alone.publisher}
    now = checked(hub, tmp_path / "health.json", same | {alone.id: GONE})
    assert alone.id not in now.catalogue.stand_ins
    assert pages_of(now)(f"/en/countries/{alone.countries[0].lower()}/")


def test_a_gone_source_is_never_replaced_by_another_page(hub, tmp_path):
    edition = hub.editions["en"]
    message = next(m for m in hub.catalogue.messages.values() if edition.sources(m))
    sources = dict.fromkeys(message.sources, GONE)
    now = checked(hub, tmp_path / "health.json", sources)
    assert now.editions["en"].sources(message) == ()
    html = pages_of(now)("/en/").html
    article = html.split(f"<h4>{edition.t(f'message.{message.id}.order')}</h4>")[1].split("</article>")[0]
    assert "No official page" in article or str(edition.t("message.no-source")) in article
    assert "<a " not in article.split('class="source"')[1].split("</p>")[0]


def test_a_gone_worldwide_page_makes_room_for_the_next(hub, tmp_path):
    before = hub.editions["fr"].worldwide
    now = checked(hub, tmp_path / "health.json", {before[0].id: GONE})
    assert before[0].id not in {link.id for link in now.editions["fr"].worldwide}


def test_a_gone_authority_page_is_a_name_without_a_link_and_a_number_stays(hub, tmp_path):
    pages = hub.listed.official_pages
    authority = next(page for page in pages.values() if page.id.startswith("authority-"))
    number = next(page for page in pages.values() if page.id.startswith("number-"))
    get = pages_of(checked(hub, tmp_path / "health.json", {authority.id: GONE, number.id: GONE}))
    page = get(f"/en/countries/{authority.country.slug}/")
    assert address_of(authority.url) not in page.html.split('id="rules"')[0]
    assert "We found no page of this authority that we can link to." in page.text
    page = get(f"/en/countries/{number.country.slug}/")
    assert f"tel:{number.report.dial}" in page.links
    assert address_of(number.url) not in page.html.split('class="call"')[1].split("</div>")[0]


@pytest.mark.parametrize("damage", [b"{", b"", b'{"pages": 3}'])
def test_a_damaged_record_is_told_and_the_hub_serves_on(tmp_path, caplog, damage):
    path = tmp_path / "health.json"
    path.write_bytes(damage)
    hub = open_hub(Settings(health=path))
    assert str(path) in caplog.text
    get = pages_of(hub)
    assert "The record of our checks cannot be read now" in get("/en/status/").text
    assert "not yet checked" not in get("/en/materials/un/").text
    assert {link.id for link in hub.catalogue.public_links} == {link.id for link in CATALOGUE.public_links}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "check"],
        capture_output=True,
        text=True,
        cwd=CONTENT.parent.parent,
        env={**os.environ, "HUB_HEALTH": str(path)},
        check=False,
    )
    assert done.returncode == 0
    assert str(path) in done.stdout


@pytest.mark.parametrize("tag", TAGS)
def test_pages_keep_to_their_weight_with_every_note_on_them(hub, tmp_path, tag):
    names = list(hub.listed.official_pages)
    found = {name: (ANYTHING[n % len(ANYTHING)],) for n, name in enumerate(names)}
    now = checked(hub, tmp_path / "health.json", found)
    pages = make_delivery(now).pages
    heavy: dict[str, list[bytes]] = {}
    for page in pages.site.pages.values():
        if page.language == tag and page.template in (
            "home.html",
            "country.html",
            "facet.html",
            "status.html",
        ):
            heavy.setdefault(page.template, []).append(pages.page(page).encode())
    for template, bodies in heavy.items():
        for body in sorted(bodies, key=len)[-8:]:
            size = len(brotli.compress(body, mode=brotli.MODE_TEXT))
            assert size <= (REFERENCE if template == "status.html" else CIVILIAN), (template, body[:300])


def test_the_sums_on_the_status_page_count_every_page_once(hub, tmp_path):
    names = list(hub.listed.official_pages)
    found = {name: (ANYTHING[n % len(ANYTHING)],) for n, name in enumerate(names)} | {names[0]: GONE}
    page = pages_of(checked(hub, tmp_path / "health.json", found))("/en/status/")
    sums = re.findall(r"<li>[^<]+: <b>(\d+)</b></li>", page.html)
    assert sum(map(int, sums)) == len(names)
    assert len(sums) == 7


def test_the_status_page_says_who_has_read_each_translation(get, hub):
    page = get("/en/status/")
    for tag, language in hub.languages.items():
        row = page.html.split(f'<th scope="row"><span lang="{tag}"')[1].split("</tr>")[0]
        assert language.name in row
        if language.review is None:
            assert "not checked yet" in row
        if reading := hub.catalogue.readings.get(tag):
            assert hub.languages["en"].date(reading.date) in row


def test_changes_are_told_newest_first_and_without_what_was_withdrawn(hub, tmp_path):
    first, second, third = hub.listed.public_links[:3]
    found = {first.id: GONE, second.id: (*GONE, "answers"), third.id: ("moved", "moved")}
    now = checked(hub, tmp_path / "health.json", found)
    told = [(change.what, change.page.id) for change in changes(now)]
    assert sorted(told) == sorted(
        [("gone", first.id), ("gone", second.id), ("back", second.id), ("moved", third.id)]
    )
    assert [change.on for change in changes(now)] == sorted((c.on for c in changes(now)), reverse=True)
    text = pages_of(now)("/en/status/").html.split('id="changes"')[1]
    for word in ("status.change-gone", "status.change-back", "status.change-moved"):
        assert str(now.editions["en"].t(word)) in text
    settings = Settings(health=tmp_path / "health.json", withdrawn=Withdrawn(links=(first.id,)))
    without = open_hub(settings)
    assert first.id not in {change.page.id for change in changes(without)}
    assert address(first) not in pages_of(without)("/en/status/").html


def test_an_entry_that_says_when_it_was_added_is_new(copy: Copy, tmp_path):
    name = next(link.id for link in CATALOGUE.public_links if link.publisher == "icrc")
    copy.edit("links/icrc.toml", f'id = "{name}"\n', f'id = "{name}"\nadded = 2026-11-22\n')
    hub = open_hub(Settings(), copy.content, copy.translations)
    assert [(change.what, change.page.id, change.on) for change in changes(hub)] == [
        ("new", name, date(2026, 11, 22))
    ]


def feed_of(hub: Hub) -> ElementTree.Element:
    """Return the feed, held against what RFC 4287 asks of one."""
    answer = pages_of(hub).client.get("/data/changes.atom")
    assert answer.mimetype == "application/atom+xml"
    root = ElementTree.fromstring(answer.get_data())
    assert root.tag == f"{ATOM}feed"
    once = {"id", "title", "updated"}
    for each in (root, *root.findall(f"{ATOM}entry")):
        names = [child.tag.removeprefix(ATOM) for child in each]
        assert {name: names.count(name) for name in once} == dict.fromkeys(once, 1)
        assert re.fullmatch(r"tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:[a-zA-Z0-9/._-]+", each.find(f"{ATOM}id").text)
        moment = datetime.fromisoformat(each.find(f"{ATOM}updated").text)
        assert moment.tzinfo is not None
        assert each.find(f"{ATOM}title").text.strip()
        links = [(link.get("rel"), link.get("type")) for link in each.findall(f"{ATOM}link")]
        assert len([rel for rel, _ in links if rel == "alternate"]) == 1
        assert all(re.match("https?://", link.get("href")) for link in each.findall(f"{ATOM}link"))
        assert names.count("summary") <= 1
        assert set(names) <= {"id", "title", "updated", "link", "author", "summary", "entry"}
    assert root.find(f"{ATOM}author/{ATOM}name").text
    ids = [each.find(f"{ATOM}id").text for each in root.iter() if each.find(f"{ATOM}id") is not None]
    assert len(ids) == len(set(ids))
    updated = [each.find(f"{ATOM}updated").text for each in root.findall(f"{ATOM}entry")]
    assert updated == sorted(updated, reverse=True)
    if updated:
        assert root.find(f"{ATOM}updated").text == updated[0]
    return root


def test_the_feed_is_valid_and_its_entries_keep_their_ids(hub, tmp_path):
    assert not feed_of(hub).findall(f"{ATOM}entry")
    links = hub.listed.public_links
    found = {links[0].id: GONE, links[1].id: ("moved",)}
    settings = Settings(url="https://hub.example.org", operator="Aid & Care")
    now = checked(replace(hub, settings=settings), tmp_path / "health.json", found)
    root = feed_of(now)
    ids = {each.find(f"{ATOM}id").text for each in root.findall(f"{ATOM}entry")}
    assert len(ids) == 2
    assert all(each.startswith("tag:hub.example.org,") for each in ids)
    later = checked(
        replace(hub, settings=settings), tmp_path / "later.json", {**found, links[2].id: (*GONE, "answers")}
    )
    assert ids < {each.find(f"{ATOM}id").text for each in feed_of(later).findall(f"{ATOM}entry")}
    assert "/data/changes.atom" in pages_of(now)("/ar/status/").links


def test_new_link_health_is_taken_up_while_the_hub_runs(copy: Copy, tmp_path):
    path = tmp_path / "health.json"
    settings = Settings(health=path)
    serving = Renewing(
        lambda: open_hub(settings, copy.content, copy.translations),
        copy.content / "seal.toml",
        every=0,
        health=path,
    )
    hub = serving.current.pages.hub
    link = hub.catalogue.public_links[0]
    assert not serving.renew()
    checked(hub, path, {link.id: GONE})
    assert not serving.renew(), "a file that a check is still writing was taken up"
    before = path.stat().st_mtime - STILL - 1
    os.utime(path, (before, before))
    assert serving.renew()
    assert link.id not in serving.current.pages.hub.catalogue.links
    assert not serving.renew()
    path.write_text("{")
    os.utime(path, (before + 1, before + 1))
    assert serving.renew()
    assert "cannot be read now" in Getter(serving.current)("/en/status/").text


def test_an_export_leads_to_no_page_that_is_gone(hub, tmp_path, alone):
    english = replace(hub, texts={"en": hub.texts["en"]})
    now = checked(english, tmp_path / "health.json", {alone.id: GONE})
    export(create_app(hub=now), now, tmp_path / "dist", base="relative", say=lambda _: None)
    code = alone.countries[0].lower()
    assert address(alone) not in (tmp_path / "dist" / "en" / "countries" / code / "index.html").read_text(
        "utf-8"
    )
    assert address(alone) in (tmp_path / "dist" / "en" / "status" / "index.html").read_text("utf-8")
    assert (tmp_path / "dist" / "data" / "changes.atom").exists()
