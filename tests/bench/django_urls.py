"""The addresses of the Django peer: pages of the hub, in the language of the address, made once and then cached."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import get_language


def page(request: HttpRequest, twin: str = "") -> HttpResponse:
    """Return a page of the export."""
    file = settings.BENCH_EXPORT / get_language() / twin / "index.html"
    if ".." in twin or not file.is_file():
        raise Http404(twin)
    return HttpResponse(file.read_bytes())


urlpatterns = i18n_patterns(path("", page), path("<path:twin>", page))
