"""What an operator sets is obeyed, and what cannot be obeyed is refused with the reason."""

from dataclasses import replace

import pytest
from conftest import Getter, make_delivery

from app.defects import ContentRefused
from app.hub import open_hub
from app.languages import Review
from app.settings import Settings, load_settings


def read(settings: Settings, address: str, **options):
    return Getter(make_delivery(open_hub(settings)))(address, **options)


def test_settings_come_from_the_file_and_the_environment_wins(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('url = "https://a.example.org"\noperator = "A"\n[withdrawn]\nlinks = ["unmas-home"]\n')
    settings = load_settings(file, {"HUB_URL": "https://b.example.org/", "HUB_LANGUAGES": "ar, en"})
    assert settings.url == "https://b.example.org"
    assert settings.operator == "A"
    assert settings.languages == ("ar", "en")
    assert settings.withdrawn.links == ("unmas-home",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('url = "hub.example.org"', "public address"),
        ('url = "https://hub.example.org/path"', "public address"),
        ('contact = "call me"', "neither an e-mail address nor a web page"),
        ('colour = "red"', "not a known field"),
        ("hsts = true", "hsts is on"),
        ("url = ", "cannot be read"),
        ('[[off]]\ncountry = "UA"\nmessage = "ask"\n', "decided_by is missing"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_file_and_mend(tmp_path, text, said):
    file = tmp_path / "hub.toml"
    file.write_text(text)
    with pytest.raises(ContentRefused) as refused:
        load_settings(file, {})
    assert any(said in d.wrong and d.file == str(file) and d.mend for d in refused.value.defects)


@pytest.mark.parametrize(
    "settings",
    [
        {"languages": ("en", "tlh")},
        {"countries": ("ZZ",)},
        {"first_country": "ZZ"},
        {"withdrawn": {"links": ["nothing"]}},
        {"withdrawn": {"numbers": ["UA:000"]}},
    ],
)
def test_a_setting_that_names_what_is_not_registered_is_refused(settings):
    with pytest.raises(ContentRefused):
        open_hub(Settings.model_validate(settings))


def test_a_copy_can_publish_some_languages_and_countries_only():
    settings = Settings(languages=("en", "ar"), countries=("SY", "IQ"), first_country="IQ")
    page = read(settings, "/en/countries/")
    assert {link for link in page.links if "/countries/" in link and link.startswith("/en/countries/")} >= {
        "/en/countries/sy/",
        "/en/countries/iq/",
    }
    read(settings, "/fr/", status=404)
    read(settings, "/en/countries/ua/", status=404)
    assert "/en/countries/iq/" in read(settings, "/en/").links


def test_the_public_address_is_the_operators_whatever_the_host_header_says():
    page = read(Settings(url="https://hub.example.org"), "/ar/", Host="evil.example.com")
    assert '<link rel="canonical" href="https://hub.example.org/ar/">' in page.html
    assert "evil" not in page.html


def test_who_runs_a_copy_is_named_or_said_to_be_unnamed():
    assert "Whoever runs this copy has not given a name." in read(Settings(), "/en/about/").text
    page = read(Settings(operator="Aid & Co", contact="help@example.org"), "/en/about/")
    assert "This copy is run by Aid & Co." in page.text
    assert 'href="mailto:help@example.org"' in page.html


def test_a_link_a_number_or_a_language_is_withdrawn_by_one_entry(hub):
    link = hub.catalogue.links["urcs-mine-awareness-campaign"]
    settings = Settings.model_validate(
        {"withdrawn": {"links": [link.id], "numbers": ["UA:101"], "languages": ["fr"]}}
    )
    page = read(settings, "/en/countries/ua/")
    assert link.url not in read(settings, "/en/materials/safety-advice/").links
    assert "tel:101" not in page.html
    assert "tel:102" in page.html
    read(settings, "/fr/", status=404)
    assert link.url not in read(settings, "/en/").html


def test_an_authoritys_own_words_or_decision_stand_in_place_of_a_message(hub):
    settings = Settings.model_validate(
        {
            "words": [
                {
                    "country": "UA",
                    "message": "turn-back",
                    "language": "uk",
                    "text": "Зупинись. Зателефонуй.",
                    "decided_by": "National Mine Action Authority",
                    "decided_on": "2026-01-02",
                }
            ],
            "off": [
                {"country": "UA", "message": "ask", "decided_by": "The Authority", "decided_on": "2026-01-03"}
            ],
        }
    )
    page = read(settings, "/en/countries/ua/")
    assert 'lang="uk"' in page.html.split("Зупинись")[0][-60:]
    assert "National Mine Action Authority" in page.text
    assert "2 January 2026" in page.text
    assert "3 January 2026" in page.text
    assert hub.texts["en"].forms["message.turn-back.order"][0] not in page.text
    assert hub.texts["en"].forms["message.ask.order"][0] not in page.text
    assert hub.texts["en"].forms["message.ask.order"][0] in read(settings, "/en/countries/sy/").text


def test_a_copy_that_publishes_reviewed_languages_only_shows_none_that_is_not(hub):
    with pytest.raises(ContentRefused):
        open_hub(Settings(reviewed_only=True))


def test_who_reviewed_a_language_is_named_on_its_pages(hub):
    review = Review(role="community mine-safety teacher", date="2026-05-04", reviewer="A. B.")
    language = hub.languages["en"].model_copy(update={"review": review})
    texts = type(hub.texts["en"])(language, hub.texts["en"].forms, lambda n: int(n != 1))
    reviewed = replace(hub, texts={**hub.texts, "en": texts})
    page = Getter(make_delivery(reviewed))("/en/")
    assert "checked by A. B., community mine-safety teacher, on 4 May 2026" in page.text
    assert hub.texts["en"].forms["review.source"][0] not in page.text
