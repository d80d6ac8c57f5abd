"""Témoin in a Django site: what the visitor has allowed, as request.consent.

Put this file and temoin.py (docs/helpers) beside manage.py, then in the settings:

    MIDDLEWARE = [..., "temoin_django.Middleware"]
    TEMOIN_CATALOGUE = "http://127.0.0.1:8080/temoin/catalogue.json"  # or the path of a file

Views ask request.consent.allows("youtube"), templates
{% if request.consent.youtube %}. An id with hyphens is read with its
underscores: {% if request.consent.third_party %}. Django 3.2 or later.
"""
import json
import time
from urllib.request import urlopen

from django.conf import settings
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property

import temoin

_KEPT = 60  # seconds that a catalogue is used before it is read anew
_catalogue = {"read": 0.0, "content": None}


class Consent:
    """What one visitor has allowed. Whatever is in doubt is not."""

    def __init__(self, request):
        self._header = request.META.get("HTTP_COOKIE", "")
        self.was_read = False

    def allows(self, id):
        """Return whether a category or service may run."""
        self.was_read = True
        catalogue = _read_catalogue()
        return catalogue is not None and temoin.allowed(self._record, catalogue, id)

    @cached_property
    def _record(self):
        return temoin.choice(self._header, _read_catalogue())

    def __getitem__(self, name):
        """Let templates ask: {{ request.consent.third_party }}."""
        return self.allows(name.replace("_", "-"))


class Middleware:
    """Set request.consent, and tell caches that a page that has read it depends on the cookie."""

    def __init__(self, get_response):
        self._get_response = get_response

    def __call__(self, request):
        request.consent = Consent(request)
        response = self._get_response(request)
        if request.consent.was_read:
            patch_vary_headers(response, ["Cookie"])
        return response


def _read_catalogue():
    """Return the catalogue, at most a minute old; the last good one where it cannot be read, or None."""
    now = time.monotonic()
    if _catalogue["content"] is None or now - _catalogue["read"] > _KEPT:
        _catalogue["read"] = now
        try:
            _catalogue["content"] = json.loads(_content(settings.TEMOIN_CATALOGUE))
        except (OSError, ValueError):
            pass  # a server that is away is asked again in a minute
    return _catalogue["content"]


def _content(place):
    if place.startswith(("http://", "https://")):
        with urlopen(place, timeout=2) as answer:
            return answer.read()
    with open(place, "rb") as file:
        return file.read()
