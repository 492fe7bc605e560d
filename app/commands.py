"""Commands: what editors, translators and operators type after `flask --app app`."""

import sys
from pathlib import Path

import click
from flask import Flask

from app.catalogue import load_catalogue
from app.defects import ContentRefused, Defect
from app.export import ExportStopped, export
from app.hub import CONTENT, SOURCE_LANGUAGE, TRANSLATIONS, inspect, open_hub, seal
from app.languages import Language
from app.settings import load_settings
from app.texts import Source, sources
from app.translators import progress, update, write_templates


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
        """Write the whole hub as files to FOLDER (dist)."""
        try:
            done = export(app, open_hub(load_settings()), folder, base, workers)
        except (ContentRefused, ExportStopped) as stopped:
            raise click.ClickException(str(stopped)) from None
        except OSError as fault:
            raise click.ClickException(
                f"{folder} could not be written ({fault}). What was there before is untouched."
            ) from None
        click.echo(
            f"{folder}: {done.files} files, {done.written} written anew, {done.size // 1024} KiB before compression"
        )

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
