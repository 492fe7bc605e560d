"""Commands: what editors, translators and operators type after `flask --app app`."""

import fnmatch
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click
from flask import Flask

from app.addresses import stands_on
from app.catalogue import MADE, Catalogue, OfficialPage, load_catalogue
from app.defects import ContentRefused, Defect
from app.export import ExportStopped, export
from app.health import Busy, HealthDamaged, HealthFile, Run, load_health, now, open_file
from app.hub import CONTENT, SOURCE_LANGUAGE, TRANSLATIONS, inspect, open_catalogue, open_hub, seal
from app.languages import Language, Negotiation
from app.pages import Pages
from app.press import PressMissing, PressStopped, press
from app.proposals import patch, proposals
from app.reach import LOW, reach
from app.settings import Settings, load_settings
from app.texts import Source, sources
from app.translators import progress, update, write_templates

if TYPE_CHECKING:
    from app.linkcheck import Checker, Found


def add_commands(app: Flask) -> None:
    """Give `app` its commands."""

    @app.cli.command("check")
    @click.option(
        "--also",
        multiple=True,
        metavar="TAG",
        help="Check this language too, though it is not published yet.",
    )
    def check(also: tuple[str, ...]) -> None:
        """Print every defect of the content, catalogues and settings; exit status 1 if there is one."""
        defects = _all_defects(also)
        for defect in defects:
            click.echo(str(defect))
        if defects:
            click.echo(f"{len(defects)} defects. The hub does not start until they are mended.", err=True)
            sys.exit(1)
        if fault := load_health(load_settings().health).fault:
            click.echo(f"{fault}\nThe hub serves on and says that it does not know which pages answer.")
        click.echo("No defects.")

    @app.cli.command("seal")
    def seal_content() -> None:
        """Seal messages, numbers, publishers and translations as they stand, showing what changed since the last seal."""
        try:
            changed = seal()
        except ContentRefused as refused:
            raise click.ClickException(f"{refused}\nNothing was sealed.") from None
        for (file, entry), what in changed.items():
            click.echo(f"{file}: {entry} {what}")
        click.echo(
            f"Sealed; {len(changed)} facts differ from the last seal. Commit app/content/seal.toml with them."
        )

    @app.cli.command("export")
    @click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="dist")
    @click.option(
        "--base",
        default="/",
        show_default=True,
        help="Path the files are served below, or `relative` for a memory card.",
    )
    @click.option(
        "--workers",
        type=click.IntRange(1),
        help="Processes that compress; by default two where there are two cores.",
    )
    def export_hub(folder: Path, base: str, workers: int | None) -> None:
        """Write the whole hub as files to FOLDER (dist), with its sheets and pictures where they can be drawn."""
        try:
            hub = open_hub(load_settings())
            if hub.settings.sheets:
                try:
                    press(Pages(app, hub), workers)
                except PressMissing as missing:
                    click.echo(f"The export has no PDFs and pictures drawn now: {missing}")
            done = export(app, hub, folder, base, workers)
        except (ContentRefused, ExportStopped, PressStopped) as stopped:
            raise click.ClickException(str(stopped)) from None
        except OSError as fault:
            raise click.ClickException(
                f"{folder} could not be written ({fault}). What was there before is untouched."
            ) from None
        click.echo(
            f"{folder}: {done.files} files, {done.written} written anew, {done.size // 1024} KiB before compression"
        )

    @app.cli.command("sheets")
    @click.option(
        "--workers",
        type=click.IntRange(1),
        help="Processes that draw; by default two where there are two cores.",
    )
    def draw_sheets(workers: int | None) -> None:
        """Draw the PDFs of sheets and cards, and the pictures, that are missing, out of date or soon old."""
        try:
            hub = open_hub(load_settings())
            done = press(Pages(app, hub), workers)
        except (ContentRefused, PressMissing, PressStopped) as stopped:
            raise click.ClickException(str(stopped)) from None
        except OSError as fault:
            raise click.ClickException(f"{hub.settings.sheets} could not be written ({fault}).") from None
        click.echo(
            f"{hub.settings.sheets}: {done.files} sheets and pictures, {done.drawn} drawn anew, {done.size // 1024} KiB"
        )

    app.cli.add_command(_links)
    translations = app.cli.group("translations")(_translations)

    @translations.command("extract")
    def extract() -> None:
        """Write translations/*.pot from the English texts."""
        source, _ = _source()
        for path in write_templates(source, TRANSLATIONS):
            click.echo(f"wrote {path.relative_to(TRANSLATIONS.parent)}")

    @translations.command("update")
    @click.argument("tags", nargs=-1)
    def update_catalogues(tags: tuple[str, ...]) -> None:
        """Bring the catalogues of TAGS (or of every language begun) up to the English texts."""
        source, languages = _source()
        write_templates(source, TRANSLATIONS)
        for language in _named(tags, languages):
            for each in update(source, language, TRANSLATIONS):
                click.echo(f"{language.tag}/{each.domain}: {each.done} of {each.wanted} translated")

    @translations.command("status")
    def status() -> None:
        """Print, a line a language, how far its catalogues are, when it was last read and whether it is reviewed."""
        source, languages = _source()
        readings = load_catalogue(CONTENT, []).readings
        for language in languages.values():
            if language.tag == SOURCE_LANGUAGE:
                continue
            parts = [
                f"{each.domain} {each.done}/{each.wanted}"
                for each in progress(source, language, TRANSLATIONS)
            ]
            state = "published" if language.published else "not published"
            review = f"reviewed {language.review.date}" if language.review else "not reviewed"
            reading = readings.get(language.tag)
            read = f"read {reading.date}" if reading else "not read"
            click.echo(
                f"{language.tag:8} {language.english:22} {state:14} {read:15} {review:20} {', '.join(parts)}"
            )
        _say_reach(languages)


def _say_reach(languages: dict[str, Language]) -> None:
    """Print what share of each country's people the published languages reach, and which languages are missing."""
    catalogue = load_catalogue(CONTENT, [])
    published = Negotiation(language for language in languages.values() if language.published)
    reached = {code: reach(country, published) for code, country in catalogue.countries.items()}
    shares = [each.share for each in reached.values() if each.share is not None]
    click.echo(
        f"\n{len(reached)} countries, by CLDR's shares of speakers; the median is {median(shares):.0f} %"
    )
    for code, each in sorted(
        reached.items(), key=lambda item: (item[1].share is None, item[1].share or 0, item[0])
    ):
        share = "no figures" if each.share is None else f"{each.share:.0f} %"
        low = each.share is None or each.share < LOW
        click.echo(
            f"{code} {share:>10}" + (f"  lacks {', '.join(each.missing)}" if low and each.missing else "")
        )


@click.group("links")
def _links() -> None:
    """Ask official pages whether they still answer, and propose what to change."""


@_links.command("check")
@click.option(
    "--only", multiple=True, metavar="ID", help="Ask this page alone; * stands for any letters. Repeatable."
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Leave out what was asked on this day (UTC) or after it.",
)
@click.option("--afresh", is_flag=True, help="Begin anew, though the last run was interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as one JSON object.")
@click.option(
    "--replace-damaged", is_flag=True, help="Begin a new file; the damaged one is kept as *.damaged."
)
def _check_links(
    only: tuple[str, ...], since: datetime | None, afresh: bool, as_json: bool, replace_damaged: bool
) -> None:
    """Ask every official page whether it still answers, and note it in the file of link health.

    Politely: one request at a time to a host, as robots.txt allows. An interrupted run is taken up where it stopped. No link
    is changed; `links propose` prints what to change. Exit status 1 if not every page could be asked.
    """
    settings, catalogue = _registers()
    if settings.health is None:
        raise click.ClickException("no file for link health; set health in hub.toml, or HUB_HEALTH")
    if date.today() < MADE:
        raise click.ClickException(
            "the clock of this machine is wrong; set it first, for results are kept by day"
        )
    if settings.caller is None:
        click.echo(
            "Nobody can reach you: set contact or url in hub.toml, so that sites know who asks.", err=True
        )
    pages = _pages_named(only, catalogue)
    from app.linkcheck import NAME, Checker  # here, so that a server that checks nothing loads no HTTP client

    checker = Checker(f"{NAME}/1.0" + (f" (+{settings.caller})" if settings.caller else ""))
    try:
        with open_file(settings.health, replace_damaged) as file:
            day = since.replace(tzinfo=UTC) if since else None
            _ask(checker, file, pages, bool(only), day, afresh, as_json)
    except (Busy, HealthDamaged) as refused:
        raise click.ClickException(str(refused)) from None
    except OSError as fault:
        raise click.ClickException(
            f"{settings.health} could not be written ({fault}). What was there before is untouched."
        ) from None
    except KeyboardInterrupt:
        raise click.ClickException("stopped; the same command takes it up again") from None


def _ask(
    checker: "Checker",
    file: HealthFile,
    pages: list[OfficialPage],
    some: bool,
    since: datetime | None,
    afresh: bool,
    as_json: bool,
) -> None:
    """Ask `pages`, say on standard error how far it is, and print the results."""
    from app.linkcheck import begin, keep, run, titles_seen, unasked

    began = now() if some else begin(file, afresh)  # a few pages are no run over all of them
    left = unasked(file, pages, since or began)
    coming = keep(file, run(checker, left, lambda page: titles_seen(file, page)))
    found = []
    for n, each in enumerate(coming, 1):
        found.append(each)
        said = each.check.result if each.check else "not asked"
        why = each.check.why if each.check else each.why
        click.echo(f"{n}/{len(left)} {each.page.id}: {said}" + (f" ({why})" if why else ""), err=True)
    missed = [each for each in found if each.check is None]
    if not some and not missed:
        file.run = Run(began=began, finished=now())
        file.save()
    if as_json:
        told = {"began": began.isoformat(), "skipped": len(pages) - len(left), "whole": not missed}
        told["links"] = [_told(file, each) for each in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for line in _summary(file, found, len(pages) - len(left)):
            click.echo(line)
    if missed:
        click.echo(f"{len(missed)} pages were not asked; run the same command again later.", err=True)
        sys.exit(1)


@_links.command("propose")
def _propose() -> None:
    """Print new addresses as a patch for `git apply`; those a person must look at first stand before it after a #."""
    settings, catalogue = _registers()
    health = load_health(settings.health)
    if health.fault:
        raise click.ClickException(str(health.fault))
    click.echo(patch(CONTENT, catalogue, proposals(catalogue, health)), nl=False)


def _registers() -> tuple[Settings, Catalogue]:
    try:
        settings = load_settings()
        return settings, open_catalogue(settings, CONTENT)
    except ContentRefused as refused:
        raise click.ClickException(str(refused)) from None


def _pages_named(only: tuple[str, ...], catalogue: Catalogue) -> list[OfficialPage]:
    """Return the pages to ask: all that are shown, or those named, held ones too."""
    shown = catalogue.official_pages
    if not only:
        return list(shown.values())
    known = shown | {link.id: catalogue.page_of(link) for link in catalogue.links.values()}
    for name in only:
        if not fnmatch.filter(known, name):
            raise click.ClickException(f"{name!r} is no official page; see app/content/links/ for their ids")
    return [page for name, page in known.items() if any(fnmatch.fnmatchcase(name, each) for each in only)]


def _told(file: HealthFile, found: "Found") -> dict[str, Any]:
    """Return one result as plain data; `ours` is whether the new address stands on a host of the page's publisher."""
    page, check = found.page, found.check
    about = {"id": page.id, "publisher": page.publisher.id, "url": page.url}
    if check is None:
        return about | {"state": None, "result": None, "why": found.why}
    ours = stands_on(check.to, page.hosts) is not None if check.to else None
    return (
        about | check.model_dump(mode="json") | {"state": file.pages[page.id].state(page.url), "ours": ours}
    )


def _summary(file: HealthFile, found: "list[Found]", skipped: int) -> Iterator[str]:
    """Yield what a person should know after a run: sums, then every page that needs a look."""
    checked = [(each.page, each.check) for each in found if each.check]
    yield f"Asked {len(checked)} pages" + (f", {skipped} were asked before." if skipped else ".")
    for result, times in Counter(check.result for _, check in checked).most_common():
        yield f"{times:5} {result}"
    for page, check in sorted(checked, key=lambda each: each[0].id):
        state = file.pages[page.id].state(page.url)
        if check.result == "moved" and check.to:
            host = "still a host of" if stands_on(check.to, page.hosts) else "no registered host of"
            yield f"{page.id}: moved for good to {check.to}, {host} {page.publisher.id}"
        elif state in ("failing", "gone", "changed"):
            yield f"{page.id}: {state}, {check.result} ({check.why}) {page.url}"
        if check.https:
            yield f"{page.id}: answers over https too, {check.https}"


def _translations() -> None:
    """Work on the translations."""


def _source() -> tuple[dict[str, Source], dict[str, Language]]:
    """Return the English strings and the languages, refusing content whose own files are broken."""
    defects: list[Defect] = []
    catalogue = load_catalogue(CONTENT, defects)
    if defects:
        raise click.ClickException("\n".join(map(str, sorted(set(defects)))))
    return sources(catalogue), catalogue.languages


def _named(tags: tuple[str, ...], languages: dict[str, Language]) -> list[Language]:
    for tag in tags:
        if tag not in languages or tag == SOURCE_LANGUAGE:
            raise click.ClickException(
                f"{tag!r} is not a language to translate into; see app/content/languages.toml"
            )
    begun = [tag for tag in languages if (TRANSLATIONS / tag).is_dir()]
    return [languages[tag] for tag in tags or begun]


def _all_defects(also: tuple[str, ...]) -> list[Defect]:
    try:
        settings = load_settings()
    except ContentRefused as refused:
        return refused.defects
    _, defects = inspect(settings, also=also)
    return sorted(set(defects))
