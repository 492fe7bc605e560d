"""The hub as a WSGI application for a production server, content checked before the first request."""

import logging
import sys

from app import create_app
from app.defects import ContentRefused
from app.delivery import Delivery


def application() -> Delivery:
    """Return the hub, ready to serve; with defects in its content, print them all and end the process."""
    app = create_app()
    try:
        pages = app.extensions["hub"]()
    except ContentRefused as refused:
        print(refused, file=sys.stderr)
        raise SystemExit(1) from None
    logging.getLogger("hub").disabled = not pages.hub.settings.log
    return Delivery(app.wsgi_app, pages)
