"""The Mine Awareness Hub: what to do, whom to tell, and official material, in the reader's own language."""

from flask import Flask

from app.commands import add_commands
from app.hub import Hub, open_hub
from app.pages import Pages, add_pages
from app.settings import Settings, load_settings


def create_app(settings: Settings | None = None, hub: Hub | None = None) -> Flask:
    """Return the hub as a Flask application.

    Content is read and checked when the first page is asked for, or by `app.extensions["hub"]()`, so that commands
    which mend content can run on broken content. Raises ContentRefused then if anything in it is wrong.
    """
    app = Flask(__name__, static_folder=None)
    opened: list[Pages] = []

    def pages() -> Pages:
        if not opened:
            opened.append(Pages(app, hub or open_hub(settings or load_settings())))
        return opened[0]

    app.extensions["hub"] = pages
    add_pages(app, pages)
    add_commands(app)
    return app
