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
_MARK = r"[\w-]{3}([\w-]{3}([\w-]{3}(s|[1-9]\d{0,3}[ihdwmy]))*)?"
_ROUND = _MARK + "(~" + _MARK + ")*"
_OF = re.compile(r"(?=.)(%s)?(![0-9a-z]{1,9}\.%s)*\Z" % (_ROUND, _ROUND), re.ASCII)
_VALUE = re.compile(r"([!-$&-~]|%[0-9A-Fa-f]{2}){1,4096}\Z")


def choice(header, catalogue, now=None):
    """Return what stands of a Cookie header's newest record, or None: ask, and allow nothing.

    asked names what is new or has changed, and waits for an answer.
    """
    now = time.time() if now is None else now
    name = catalogue["cookie"]["name"]
    newest = None
    for pair in header.split(";"):
        key, _, value = pair.strip(" \t").partition("=")
        record = decode(value) if key == name else None
        if record is None or not _lasts(record["at"], catalogue, now):
            continue
        record = _stand(record, catalogue, now)
        if record and (newest is None or record["at"] > newest["at"]):
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
    if not (catalogue.get("marks") or {}).get(category["id"]):  # nothing is in it
        return False
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
        v = _whole(record["v"])
        good = (
            (v == 1 or v == 2 and bool(_OF.match(record["of"])))
            and bool(_UUID.match(record["id"]))
            and bool(_REV.match(record["rev"]))
            and 0 < _whole(record["at"]) < 2**53
            and _answers(record["choices"])
            and _answers(record.get("services", {}))
        )
        return record if good else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def _stand(record, catalogue, now):
    """Return what of a record stands for the catalogue, an answer for each category, or None."""
    marks = catalogue.get("marks") or {}
    recorded = {}
    whole = record["rev"] == catalogue["rev"]  # then it counts as it says, until the first answer is over
    for at, round in _rounds(record, catalogue):
        lasts = _lasts(at, catalogue, now)
        whole = whole and lasts
        for mark in round if lasts else ():
            recorded.setdefault(mark[:3], []).append(mark)
    choices, apart = record["choices"], record.get("services", {})
    states, exempt = {}, set()
    for category, services in _offered(catalogue):
        id = category["id"]
        answered, granted = marks[id] in recorded, choices.get(id)
        its = []
        for service in services:
            mark = marks[service["id"]]
            was = recorded.get(mark[:3], [])
            says = apart.get(service["id"], granted)
            state = None
            if whole:
                state = bool(says)
            elif was and says is False or service["id"] not in apart and answered and granted is False:
                state = False
            elif says and any(_covers(old, mark) for old in was):
                state = True
            states[service["id"]] = state
            its.append(state)
            if service.get("anonymous") or category.get("anonymous"):
                exempt.add(service["id"])
        stands = answered and (granted is False or granted and (True in its or None not in its))
        states[id] = bool(granted) if whole else granted if stands else None
        if category.get("anonymous"):
            exempt.add(id)
    if all(state is None for state in states.values()):
        return None
    allows = True in states.values()

    def granted(id):  # an exempt measure that comes new is on, but for who has refused everything
        return (allows and id in exempt) if states[id] is None else states[id]

    view = {**record, "choices": {}, "services": {}, "asked": []}
    for category in catalogue["categories"]:
        if category.get("necessary"):
            view["choices"][category["id"]] = True
    for category, services in _offered(catalogue):
        id = category["id"]
        view["choices"][id] = granted(id)
        ids = [service["id"] for service in services]
        view["services"].update({service: granted(service) for service in ids if granted(service) != granted(id)})
        open = [service for service in ids if states[service] is None and service not in exempt]
        view["asked"] += ([id] if open and states[id] is None and id not in exempt else []) + open
    return view


def _offered(catalogue):
    """Yield the categories that can be refused, each with its services."""
    for category in catalogue["categories"]:
        if category["id"] in (catalogue.get("marks") or {}):
            services = catalogue.get("services") or []
            yield category, [service for service in services if service["category"] == category["id"]]


def _rounds(record, catalogue):
    """Yield what the answers are answers to: when, and the marks of what was answered then."""
    if record["v"] == 2:
        for round in record["of"].split("!"):
            at, _, marks = round.rpartition(".")
            yield (int(at, 36) if at else record["at"]), [mark for mark in marks.split("~") if mark]
        return
    # Version 1 says so by its revision alone: of another catalogue, what was refused stands.
    same = record["rev"] == catalogue["rev"]
    marks, one = catalogue.get("marks") or {}, []

    def add(id, granted):
        if same or not granted:
            one.append(marks[id] if granted else marks[id][:3])

    for category, services in _offered(catalogue):
        granted = record["choices"].get(category["id"])
        if granted is None:
            continue
        add(category["id"], granted)
        for service in services:
            apart = record.get("services", {}).get(service["id"], granted or None)
            if apart is not None:
                add(service["id"], apart)
    yield record["at"], one


_MINUTES = {"s": 0, "i": 1, "h": 60, "d": 1440, "w": 10080, "m": 43200, "y": 525600}


def _covers(was, mark):
    """Return whether an answer to what one mark stands for is one to what another does."""
    known = dict(_cookies(was))
    return was[:6] == mark[:6] and all(known.get(name, -1) >= lasting for name, lasting in _cookies(mark))


def _cookies(mark):
    for name, count, unit in re.findall(r"(...)(\d*)(.)", mark[6:]):
        yield name, int(count or 0) * _MINUTES[unit]


def _lasts(at, catalogue, now):
    return -86400 <= now - at <= catalogue["lifetime"]


def _answers(value):
    return type(value) is dict and all(_ID.match(id) and type(answer) is bool for id, answer in value.items())


def _whole(value):
    if type(value) not in (int, float) or value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _refuse(name):
    raise ValueError(name + " is no JSON")
