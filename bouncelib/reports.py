"""Whether a message in nobody's format is a report on one message: by sender, return path, subject and opening words."""

from __future__ import annotations

from typing import Final

from bouncelib.patterns import late
from bouncelib.signs import Signs

CODE: Final = late(r"\b[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b|<|[^\W\d_])")
"""A reply that a server gave, with its code."""

# Words by which a report speaks of the reader's own message, or of one message that failed.
_ADDRESSED: Final = late(
    r"(?:your|you sent|you have sent|the (?:following|attached|original|enclosed|above|below)|this|an?|"
    r"the) [^.@]{0,60}?(?:message|mail|e-?mail|letter|document|fax|sms)|you sent|(?:message|mail|e-?mail|"
    r"delivery)[^.@]{0,60} (?:could|can|was|has|is|to)[^.@]{0,40}(?:not|n't|fail|reject|return|delay|undeliver|bounce|"
    r"unable)|(?:failed to|unable to|could not) deliver|recipient|addressee|(?:following|these) (?:address|user|error)|"
    r"delivery (?:fail|error|to)|undeliver|unknown (?:user|address)|user unknown|no such|invalid (?:user|address)|"
    r"error message|ihre? |der nachricht|nachricht an|die nachricht|folgende|empfanger|votre|le message|destinataire|"
    r"su mensaje|tu mensaje|el mensaje|correo|destinatario|sua mensagem|a mensagem|messaggio|il tuo|suo|uw bericht|"
    r"het bericht|bericht|geadresseerde|meddelande|melding|beskeder?|viesti|wiadomosc|przesylk|zprav|uzenet|mesaj|ileti|"
    r"сообщени|письмо|получател|адресат|лист |メール|メッセージ|宛先|送信|邮件|郵件|收件|信件|메일|메시지|수신|μηνυμα|הודע|"
    r"الرسالة|رسالتك|ข้อความ|อีเมล|thu cua ban|pesan|poruk|sporocil|писмо|din e-?post|zustellung|consegna|distribution a |"
    r"livraison|leverans|levering|besked|spravu|kezbesit|missatge|съобщени|laisk|vestul|порук|skeyti|mezua|ईमेल|thu |e-mel|"
    r"نامه|dorucen|доставк|повідомлен|παραδοσ|e-posta|gui thu"
)
# Statistics and logs speak of many messages.
_DIGEST: Final = late(
    r"grand totals|processing bounces|bounce (?:rules|processing)|(?:daily|weekly|monthly) (?:\w+ )?(?:stat|report|summar)|"
    r"(?:mail|delivery) statistics|summary for|logwatch|quarantine (?:summary|digest|inbox)|\d (?:new )?(?:e-?mail|mail|"
    r"message)s? (?:is |are |held )?in (?:your |the )?(?:spam )?quarantine|/var/log/|top \d* ?(?:failures|bounces|senders)"
)
# What makes a reader click, whatever codes stand beside it; and mail on accounts.
_LURE: Final = late(
    r"(?:release|retrieve|recover|deliver|move|send)\W{1,3}(?:(?:all|your|the|these|pending|held|"
    r"incoming) ){0,4}(?:messages?|mails?|e-?mails?) (?:to (?:your |the )?(?:inbox|mailbox)\b|now\b)|\d{1,5} (?:undelivered|"
    r"pending|unreceived|incoming) (?:messages|mails|e-?mails) |reset (?:the|your) password|password reset|"
    r"account action required"
)
# What mail systems write about besides single messages, by the subjects that they give it.
_ADMINISTRATIVE: Final = late(
    r"^(?:your |spam |daily |weekly |new |e-?mail |mail )*quarantine(?:d (?:messages|mail)|[ :-]+(?:summary|digest|report|"
    r"notification|notice))|^(?:[\w-]+ ){0,4}password\b[^:]{0,40}\bexpir|^(?:planned|scheduled|"
    r"upcoming) (?:\w+ )?(?:maintenance|downtime|outage)|^wartungsarbeiten|^maintenance (?:planifiee|programmee)|"
    r"^mantenimiento programado|^manutenzione programmata"
)
_COUNT: Final = late(
    r"(?:received|delivered|deferred|bounced|failed|rejected|queued|hard|soft|sent)\W{1,3}\d{1,7}(?![\d.-])|"
    r"(?<![\d.])\d{1,7} +(?:received|delivered|deferred|bounced|failed|rejected)\b"
)
# Notices to the one for whom a message was, not to its sender.
_TO_RECIPIENT: Final = late(
    r"\ban? (?:e-?mail|message|mail) (?:that was |which was )?(?:addressed|sent) to you\b|in mail to you\b"
)
# What makes a reader click, in mail that only looks like a report.
_BAIT: Final = late(
    r"(?:release|retrieve|recover|review|view|allow|read|fix|deliver|resend|access)[^.]{0,30}(?:pending|held|incoming|"
    r"blocked|undelivered|quarantined|messages? (?:here|now))|(?:incoming|pending|undelivered|unreceived|new) (?:messages|"
    r"mails|e-?mails)|(?:verify|validate|confirm|upgrade|re-?activate|update|unlock|sign in to) (?:your|the|"
    r"to your) (?:account|mailbox|e-?mail|quota|storage|password|webmail)|your (?:mailbox|account|inbox|password|"
    r"storage)[^.]{0,60}(?:exceeded|expire|almost|suspend|deactivat|closed|full)|to your (?:mailbox|inbox)|(?:parcel|"
    r"package|shipment|courier|order number|tracking number)|unsubscribe|view (?:this|in) (?:e-?mail|browser)"
)


def is_report(signs: Signs, text: str) -> bool:
    """Return whether sender, return path, subject and opening words (`text`) are those of a report on one message.

    Each alone is met in ordinary mail too: people write about bounces, phishing puts on their dress, and the postmaster's own
    programs send statistics.
    """
    headers = signs.message.headers
    if headers.raw(b"x-failed-recipients") is not None:
        return True
    robot = signs.from_daemon or signs.null_return_path
    # Of a program that watches servers, or a ticket, the subject only mentions a failure.
    if not (robot or signs.failure_opening) or (not robot and _asks(signs.subject)):
        return False
    if signs.null_return_path and (signs.from_daemon or signs.failure_subject):
        return True
    path = headers.raw(b"return-path")
    # A daemon that wants no answer has the null return path; one that has another is to show more.
    if (
        (_ADMINISTRATIVE.search(signs.subject) and not CODE.search(text))
        or _DIGEST.search(text)
        or _LURE.search(text)
        or _TO_RECIPIENT.search(text)
        or (len(_COUNT.findall(text)) > 2 and not CODE.search(text))
        or (path is not None and _BAIT.search(text) and not CODE.search(text))
    ):
        return False
    if signs.from_daemon and signs.failure_subject:
        return True
    return _ADDRESSED.search(text) is not None and (robot or headers.raw(b"list-unsubscribe") is None)


def _asks(subject: str) -> bool:
    """Return whether `subject` asks something of its own, as people do: after a colon it may be the original's that asks."""
    return subject.rstrip().endswith("?") and ":" not in subject
