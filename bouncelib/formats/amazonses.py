r"""Amazon SES: the notification that Amazon SNS sends by mail, and the notice of its reports.

A sample:

    {
      "Type" : "Notification",
      "Message" : "{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\",
         \"bouncedRecipients\":[{\"emailAddress\":\"ann@library.example\",\"action\":\"failed\",
         \"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 user unknown\"}]}}"
    }

Source: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and notification-examples.html.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from bouncelib import address as addresses
from bouncelib import smtp
from bouncelib.format import Fingerprint, Format, Layout, read_lines, report
from bouncelib.model import Action, Evidence, Kind, Reading, mta_name
from bouncelib.patterns import late

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bouncelib.message import Message

_LAYOUT: Final = Layout(
    opens=("an error occurred while trying to deliver the mail to the following recipients",),
    recipient=r"^\s{0,20}<?(?P<address>[^\s<>,]{1,254}@[^\s<>,]{1,254})>?\s*$",
    closes=("technical report",),
)
_TYPE: Final = late(r"\s*([A-Za-z][\w.-]{0,30})\s*;\s*")
_EVENTS: Final = ("notificationType", "eventType")
_OWN: Final = ("bounceType", "bounceSubType", "delayType", "reason")
_DEEP: Final = 100


def read(message: Message) -> Reading | None:
    """Return what the notification says, or the recipients of the notice; None where there is neither."""
    notice = message.notice.strip()
    if "otificationType" in notice or "eventType" in notice:
        return _notification(notice)
    found = read_lines(_LAYOUT, message.lines)
    return (
        report(
            "amazonses",
            [Evidence(action=Action.FAILED, format="amazonses", **facts) for facts in found],
        )
        if found
        else None
    )


def _notification(notice: str) -> Reading | None:
    event = _event(notice)
    what = next((event[name] for name in _EVENTS if isinstance(event.get(name), str)), "")
    if what == "Bounce":
        bounce = _object(event.get("bounce"))
        names = ("bounceType", "bounceSubType", "feedbackId", "reportingMTA")
        return _report(bounce, "bouncedRecipients", Action.FAILED, event, names)
    if what == "DeliveryDelay":
        delay = _object(event.get("deliveryDelay"))
        return _report(delay, "delayedRecipients", Action.DELAYED, event, ("delayType", "reportingMTA"))
    if what == "Delivery":
        delivery = _object(event.get("delivery"))
        named = [{"emailAddress": one} for one in _list(delivery.get("recipients")) if isinstance(one, str)]
        return _report({**delivery, "recipients": named}, "recipients", Action.DELIVERED, event, ("reportingMTA",))
    if what == "Reject":
        # Refused before anybody was asked; the event names nobody but the addressees.
        named = [{"emailAddress": one} for one in _list(_object(event.get("mail")).get("destination"))]
        return _report({**_object(event.get("reject")), "recipients": named}, "recipients", Action.FAILED, event, ())
    if what == "Complaint":
        named = [_object(one) for one in _list(_object(event.get("complaint")).get("complainedRecipients"))]
        found = [Evidence(address=address, format="amazonses") for one in named if (address := _address(one))]
        return Reading(Kind.FEEDBACK, tuple(found), (), "amazonses") if found else None
    # Sent, opened, clicked: no news of a delivery, whatever addresses it names.
    return Reading(Kind.OTHER, (), (), "amazonses") if what else None


def _event(notice: str) -> dict[str, Any]:
    """Return the event: the whole notice, or the text inside its `Message`. A line of it may be folded."""
    start = notice.find("{")
    if start < 0 or notice.count("{") + notice.count("[") > _DEEP * _DEEP:
        return {}
    # Mail systems fold long lines with "!" and a new line; nothing within JSON needs a raw line end.
    text = notice[start:].replace("!\n ", "").replace("\n", " ")
    try:
        outer, _ = json.JSONDecoder().raw_decode(text)
        inner = _object(outer).get("Message")
        return _object(json.loads(inner)) if isinstance(inner, str) else _object(inner) or _object(outer)
    except (ValueError, RecursionError):
        return {}


def _object(thing: object) -> dict[str, Any]:
    return thing if isinstance(thing, dict) else {}


def _list(thing: object) -> list[Any]:
    return thing if isinstance(thing, list) else []


def _text(thing: object) -> str:
    return thing if isinstance(thing, str) else ""


def _address(one: dict[str, Any]) -> str | None:
    value = _text(one.get("emailAddress"))
    return addresses.clean(value) if "@" in value else None


def _report(
    body: dict[str, Any], key: str, action: Action, event: dict[str, Any], names: Iterable[str]
) -> Reading | None:
    # What the service made of it, where it quotes no server: "Transient/MailboxFull", "Permanent/Suppressed".
    own = "/".join(filter(None, (_text(body.get(name)) for name in _OWN)))
    found = [evidence for one in _list(body.get(key)) if (evidence := _evidence(_object(one), action, own))]
    fields = [(name, value) for name in names if (value := _text(body.get(name)))]
    fields += [("Arrival-Date", value) for value in [_text(_object(event.get("mail")).get("timestamp"))] if value]
    fields = [("Reporting-MTA", value) if name == "reportingMTA" else (name, value) for name, value in fields]
    return report("amazonses", found, fields) if found else None


def _evidence(one: dict[str, Any], action: Action, own: str) -> Evidence | None:
    address = _address(one)
    if not address:
        return None
    said = _text(one.get("diagnosticCode"))
    kind = _TYPE.match(said)
    said = said[kind.end() :] if kind else said
    status = smtp.find_status(_text(one.get("status")))
    return Evidence(
        address=address,
        action=action,
        status=status,
        # A code says more than "General".
        diagnostic=said or (None if status and own.endswith("General") else own) or None,
        diagnostic_type=kind[1].lower() if kind else None,
        remote_mta=mta_name(_text(one.get("remoteMta"))) or None,
        format="amazonses",
    )


FORMAT: Final = Format(
    "amazonses",
    (
        Fingerprint(senders=("no-reply@sns.amazonaws.com",), phrases=("type notification", "eventtype")),
        Fingerprint(
            phrases=(
                "notificationtype bounce",
                "notificationtype complaint",
                "notificationtype delivery",
                "eventtype bounce",
                "eventtype complaint",
                "eventtype delivery",
                "eventtype deliverydelay",
                "eventtype reject",
            )
        ),
        Fingerprint(phrases=("an error occurred while trying to deliver the mail to the following recipients",)),
    ),
    read=read,
)
