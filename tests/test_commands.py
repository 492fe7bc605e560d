"""Commands as editors and translators type them."""

import subprocess
import sys

import pytest
from conftest import CONTENT, TRANSLATIONS, Copy

from app.catalogue import load_catalogue
from app.defects import ContentRefused
from app.hub import inspect, seal
from app.settings import Settings
from app.texts import sources
from app.translators import write_templates

FLASK = [sys.executable, "-m", "flask", "--app", "app"]


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [*FLASK, *words],
        capture_output=True,
        text=True,
        cwd=CONTENT.parent.parent,
        env={**os.environ, **environment},
        check=False,
    )


def test_check_is_quiet_about_good_content():
    done = run("check")
    assert (done.returncode, done.stdout) == (0, "No defects.\n")


def test_check_prints_every_defect_a_line_each_and_fails(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('[withdrawn]\nlinks = ["nothing", "nobody"]\nnumbers = ["UA:1"]\n')
    done = run("check", HUB_SETTINGS=str(file))
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3
    assert "Mend:" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_hub_with_defects_does_not_start(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('countries = ["ZZ"]\n')
    import os

    done = subprocess.run(
        [sys.executable, "-c", "from app.serve import application; application()"],
        capture_output=True,
        text=True,
        cwd=CONTENT.parent.parent,
        env={**os.environ, "HUB_SETTINGS": str(file)},
        check=False,
    )
    assert done.returncode == 1
    assert "'ZZ' is not registered" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_status_of_translations_is_a_line_a_language():
    languages, _, countries = run("translations", "status").stdout.partition("\n\n")
    catalogue = load_catalogue(CONTENT, [])
    assert {line.split()[0] for line in languages.splitlines()} == set(catalogue.languages) - {"en"}
    lines = countries.splitlines()[1:]
    assert {line.split()[0] for line in lines} == set(catalogue.countries)
    syria = next(line for line in lines if line.startswith("SY "))
    assert "100 %" in syria
    assert "lacks" not in syria
    eritrea = next(line for line in lines if line.startswith("ER "))
    assert "lacks ti" in eritrea


def test_the_translation_templates_are_up_to_date(tmp_path):
    for path in write_templates(sources(load_catalogue(CONTENT, [])), tmp_path):
        committed = (TRANSLATIONS / path.name).read_bytes()
        assert path.read_bytes() == committed, "run `flask --app app translations update` and commit"


def test_everything_that_safety_rests_on_is_sealed(tmp_path):
    copy = Copy(tmp_path)
    before = (copy.content / "seal.toml").read_bytes()
    assert seal(copy.content, copy.translations) == {}
    assert (copy.content / "seal.toml").read_bytes() == before, "run `flask --app app seal` and commit"


def test_sealing_shows_what_changed_and_refuses_what_is_wrong_otherwise(copy):
    copy.edit("messages.toml", 'sources = ["minre-ukraine-mine-day-2024"]', "sources = []")
    _, defects = inspect(Settings(), copy.content, copy.translations)
    assert [(d.file, d.entry) for d in defects] == [("content/messages.toml", "message used-paths")]
    assert seal(copy.content, copy.translations) == {
        ("content/messages.toml", "message used-paths"): "changed"
    }
    assert not inspect(Settings(), copy.content, copy.translations)[1]
    copy.edit("messages.toml", "sources = []", 'sources = ["nothing"]')
    with pytest.raises(ContentRefused):
        seal(copy.content, copy.translations)


def test_an_unknown_language_is_named():
    done = run("translations", "update", "tlh")
    assert done.returncode == 1
    assert "'tlh' is not a language to translate into" in done.stderr
