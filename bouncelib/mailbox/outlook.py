"""Outlook's .msg files, by way of extract-msg (the extra ``msg``)."""

from __future__ import annotations

import re
from email.message import EmailMessage, Message
from email.parser import HeaderParser
from email.policy import SMTP, compat32
from typing import Any, Final

from bouncelib.errors import SourceError

OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MIME: Final = re.compile("content-|mime-version", re.IGNORECASE)
_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,99}/[a-z0-9.+-]{1,99}", re.IGNORECASE)
_DEPTH: Final = 5


def message_of(raw: bytes, origin: str) -> bytes:
    """Return what the .msg file `raw` holds as a message: its transport headers, its text, its attachments.

    Outlook takes a message apart when it stores it: the parts of a delivery report may be missing, its text is not. Raises
    `SourceError` where the extra is not installed, and where the file is no message.
    """
    try:
        import extract_msg
    except ImportError:
        raise SourceError(f"{origin}: an Outlook or other OLE file; to read it: pip install 'bouncelib[msg]'") from None
    try:
        with extract_msg.openMsg(raw) as opened:
            return _mail(opened, 0).as_bytes(policy=SMTP.clone(linesep="\n", max_line_length=None))
    except Exception as error:  # whatever the reader stumbles over
        raise SourceError(f"{origin}: an OLE file that cannot be read as an Outlook message: {error}") from error


def _mail(opened: Any, depth: int) -> Message[str, str]:  # noqa: ANN401 - extract-msg is not typed
    mail: Message[str, str] = Message(policy=compat32)
    for name, value in _headers(opened):
        mail[name] = value
    parts = list(_parts(opened, depth))
    if len(parts) == 1 and parts[0].get_content_maintype() == "text":
        for name, value in parts[0].items():
            mail[name] = value
        mail.set_payload(parts[0].get_payload())
        return mail
    mail["MIME-Version"] = "1.0"
    mail["Content-Type"] = "multipart/mixed"
    for part in parts:
        mail.attach(part)
    return mail


def _headers(opened: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    text = getattr(opened, "headerText", None)
    if text:
        known = HeaderParser(policy=compat32).parsestr(text).items()
        return [(name, value) for name, value in known if not _MIME.match(name)]
    # What was never sent, or stored without its headers.
    pairs = (
        ("From", getattr(opened, "sender", None)),
        ("To", getattr(opened, "to", None)),
        ("Subject", getattr(opened, "subject", None)),
        ("Message-ID", getattr(opened, "messageId", None)),
    )
    return [(name, " ".join(str(value).split())) for name, value in pairs if value]


def _parts(opened: Any, depth: int) -> list[Message]:  # noqa: ANN401
    parts: list[Message] = []
    plain, html = getattr(opened, "body", None), getattr(opened, "htmlBody", None)
    if plain:
        parts.append(_text(plain.replace("\r\n", "\n"), "plain"))
    elif html:
        parts.append(_text(html.decode("utf-8", "replace").replace("\r\n", "\n"), "html"))
    for attachment in opened.attachments:
        data = attachment.data
        if isinstance(data, bytes):
            parts.append(_attached(data, str(attachment.mimetype or "")))
        elif hasattr(data, "attachments") and depth < _DEPTH:
            wrapped: Message[str, str] = Message(policy=compat32)
            wrapped["Content-Type"] = "message/rfc822"
            wrapped.set_payload([_mail(data, depth + 1)])
            parts.append(wrapped)
    return parts


def _text(text: str, subtype: str) -> Message:
    part = EmailMessage()
    part.set_content(text, subtype=subtype, cte="base64")
    return part


def _attached(data: bytes, media: str) -> Message:
    """Return a part as it was, with its type where that is one."""
    from email.parser import BytesParser

    media = media.lower() if _TYPE.fullmatch(media) else "application/octet-stream"
    if media.startswith("message/"):
        # Nothing may encode these but the transport.
        return BytesParser(policy=compat32).parsebytes(f"Content-Type: {media}\n\n".encode() + data)
    part = EmailMessage()
    main, _, sub = media.partition("/")
    part.set_content(data, maintype=main, subtype=sub, cte="base64")
    return part
