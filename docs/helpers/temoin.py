"""What a visitor has allowed, read from the cookie that Témoin keeps it in.

Standard library only, Python 3.8 or later. catalogue is what /temoin/catalogue.json
holds, as json.load returns it. Whatever is in doubt counts as no choice.
"""
import json
import re
import time
from urllib.parse import unquote

_ID = re.compile(r"[a-z][a-z0-9-]*\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_REV = re.compile(r"[0-9a-f]{8}\Z")
_VALUE = re.compile(r"([!-$&-~]|%[0-9A-Fa-f]{2}){1,4096}\Z")


def choice(header, catalogue, now=None):
    """Return the newest valid record of a Cookie header, or None: ask, and allow nothing."""
    now = time.time() if now is None else now
    name = catalogue["cookie"]["name"]
    newest = None
    for pair in header.split(";"):
        key, _, value = pair.strip(" \t").partition("=")
        record = decode(value) if key == name else None
        if record is None or record["rev"] != catalogue["rev"]:
            continue
        if not -86400 <= now - record["at"] <= catalogue["lifetime"]:
            continue
        if newest is None or record["at"] > newest["at"]:
            newest = record
    return newest


def allowed(record, catalogue, id):
    """Return whether a category or service, by its id, may run for who made this choice."""
    categories = {category["id"]: category for category in catalogue["categories"]}
    services = {service["id"]: service for service in catalogue.get("services") or []}
    service = None if id in categories else services.get(id)
    category = categories.get(service["category"] if service else id)
    if category is None:
        return False
    if category.get("necessary"):
        return True
    if all(one["category"] != category["id"] for one in services.values()):
        return False  # nobody is asked about it
    if record is None:  # only an exempt audience measure runs unasked
        return bool((service or {}).get("anonymous") or category.get("anonymous"))
    if service and id in record.get("services", {}):
        return record["services"][id]
    return record["choices"].get(category["id"], False)


def decode(value):
    """Return the record that a cookie's value holds, or None where it holds none."""
    try:
        if not _VALUE.match(value) or len(value) > 4096:
            return None
        record = json.loads(unquote(value, errors="strict"), parse_constant=_refuse)
        good = (
            _whole(record["v"]) == 1
            and bool(_UUID.match(record["id"]))
            and bool(_REV.match(record["rev"]))
            and 0 < _whole(record["at"]) < 2**53
            and _answers(record["choices"])
            and _answers(record.get("services", {}))
        )
        return record if good else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def _answers(value):
    return type(value) is dict and all(_ID.match(id) and type(answer) is bool for id, answer in value.items())


def _whole(value):
    if type(value) not in (int, float) or value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _refuse(name):
    raise ValueError(name + " is no JSON")
