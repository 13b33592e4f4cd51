"""Challenges: a filter asks the sender to confirm that the message is meant, before the recipient sees it.

A sample:

    Your message attached below is being held because the address
    <news@store.example> has not been verified.

    To release your message for delivery, please send an empty message
    to the following address, or use your mailer's "Reply" feature.

Source: TMDA (templates/confirm_request.txt), Active Spam Killer, cPanel's BoxTrapper, the notices of Boxbe, Spam
Arrest, EarthLink SpamBlocker, UOL AntiSpam, Mail.ru and Bluebottle as seen in public test data and list archives. A
challenge may come in the shape of a delivery report. Two things make one: a filter's own header, sender or subject,
and words that hold the message back; a filter's own words alone will do. A site that wants an address confirmed for
an account holds no message back.
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format
from bouncelib.message import Headers, Message
from bouncelib.model import Kind, Reading
from bouncelib.patterns import late
from bouncelib.signs import Signs, fold

# Fields that nothing but a challenge carries.
_HEADERS: Final = (
    "x-bluebottle-request",
    "x-boxtrapper",
    "x-spamarrest-noauth",
    "x-spamarrest-speedcode",
    "x-askversion",
    "x-boxbe-notification",
    "x-tmda-confirm",
    "x-challenge-response",
    "x-uol-antispam",
    "x-knowspam-challenge",
)
_HINTS: Final = ("x-tmda-fingerprint", "x-delivery-agent", "x-qurb-version", "x-mailblocks")
_SUBJECT: Final = late(
    r"^please confirm(?: that\b| (?:your|the) (?:message|e-?mail|mail)\b|\b.{0,20}conf#)|"
    r"\(verification\)$|\(action required\)$|"
    r"verify#|requires verification|"
    r"^unverified e-?mail to |antispam uol|^(?:e-?mail|message|sender) (?:verification|confirmation)(?: required|"
    r" request)?\b|"
    r"verification (?:required|request)|confirmation required|challenge[- ]response|"
    r"^confirm(?:ation)? (?:of )?(?:your )?(?:message|e-?mail|mail) (?:to|for) |"
    r"^your (?:message|e-?mail) (?:requires|needs) |tira-teima|confirmacao (?:necessaria|requerida)|"
    r"confirmacion (?:necesaria|requerida)|confirmation requise|bestatigung erforderlich|conferma richiesta|"
    r"подтвердите (?:отправку|письмо)|подтверждение (?:отправки|отправителя)|choicemail|"
    r"^bitte bestatigen sie (?:ihre|die) (?:nachricht|e-?mail|mail)\b|"
    r"^(?:veuillez|merci de) (?:confirmer|vous authentifier)|demande d'authentification|"
    r"^authentification (?:requise|necessaire)|verificacion (?:necesaria|requerida)|verificacao (?:necessaria|requerida)|"
    r"^please verify (?:your|this|that) .{0,20}(?:message|e-?mail|mail) (?:to|for) |"
    r"^(?:por favor,? )?confirm[ea] (?:el envio|seu e|su correo|su mensaje|sua mensagem)|^conferma il (?:tuo|suo) messaggio"
)
# Words of one filter each: they decide alone.
_OWN: Final = late(
    r"delivery software \(tmda\)|confirm-accept\.\d|uses? a confirmation program|boxbe\.com/crs|boxbe prioritizes|"
    r"spamarrest\.com/|spam ?arrest requests that senders|"
    r"earthlink\.net/wam/addme|added to my list of approved senders|allow incoming messages only from senders|"
    r"bluebottle\.com/verification|protected by bluebottle|usa o antispam uol|"
    r"tira-teima\.as\.uol|antispam uol\W{1,4}tira-teima|chall?engesender\.html|you are a real live human being|"
    r"click the link below so i can receive|"
    r"using the knowspam|mailblocks|vanquish\.com/|sendio |qurb\.com/|choicemail|spamlion|0spam\.com/|digiportal|"
    r"bitdefender challenge|qconfirm mail-handling program|utilise mailinblack|mailinblack\.com/auth"
)
# Words that hold a message back until its sender has done something.
_HELD: Final = late(
    r"(?:your|the|this) (?:e-?mail|message|mail)s?(?: (?:[^.]|\.\w){0,80})? (?:is|was|has been|will be|are|waits?)[^.]{0,30}"
    r"(?:held|queued|quarantined|waitlisted|on hold|pending|not (?:been |be )?(?:yet )?delivered|waiting|stored|"
    r"delayed)[^.]{0,160}"
    r"|(?:before|until|so that|in order)[^.]{0,80}(?:your|the|this) (?:e-?mail|message|mail)s? (?:can|will|may|is|"
    r"be|reach|waits?)"
    r"|until then your (?:mail|message) waits|"
    r"\bto (?:deliver|release|receive) your (?:e-?mail|message|mail)\b|"
    r"if you (?:do not|don't) (?:confirm|reply|respond)[^.]{0,80}(?:your|the) (?:e-?mail|message|mail) will (?:not )?be|"
    r"(?:your|the) (?:e-?mail|message|mail) (?:you sent )?requires that you (?:verify|confirm)|"
    r"para que sua mensagem seja (?:entregue|encaminhada)|para que su mensaje sea entregado|"
    r"su mensaje (?:[^.]|\.\w){0,80}(?:retenido|en espera|pendiente)|"
    r"sua mensagem (?:[^.]|\.\w){0,80}(?:retida|em espera|pendente)|"
    r"damit ihre (?:nachricht|e-?mail) zugestellt|um ihre (?:nachricht|e-?mail) zuzustellen|"
    r"ihre (?:nachricht|e-?mail) (?:[^.]|\.\w){0,80}(?:noch nicht zugestellt|zuruckgehalten)|"
    r"pour que votre (?:message|e-?mail|mail)[^.]{0,60}(?:remis|delivre|distribue|parvienne)|"
    r"(?:tuo|suo) messaggio[^.]{0,80} (?:trattenuto|in attesa|non e stato (?:ancora )?consegnato)|"
    r"(?:your|the) (?:e-?mail|message|mail) (?:[^.]|\.\w){0,80}has not (?:yet )?been delivered|"
    r"votre (?:message|e-?mail|mail) (?:[^.]|\.\w){0,80}(?:en attente|retenu|pas (?:encore )?(?:ete )?(?:remis|delivre|"
    r"distribue))|"
    r"ваше (?:письмо|сообщение)[^.]{0,80}(?:задержано|будет доставлено|не доставлено)"
)
_DO: Final = late(
    r"verif(?:y|ied|ication)|confirm|approved sender|guest list|whitelist|white list|allowed list|prove that you|"
    r"real person|are (?:a )?human|click (?:on )?the|"
    r"reply to this|simply reply|captcha|confirme|clique|clicca|authentifi|haga clic|bestatig|подтверд|перейдите"
)
_ENOUGH: Final = 4000


def read(message: Message) -> Reading | None:
    """Return the challenge that `message` is, or None where it is none."""
    signs = Signs.of(message)
    headers = message.headers
    if signs.personal and signs.message.original is None and headers.raw(b"x-mailer") is None:
        # SpamArrest and EarthLink answer with "Re:", but quote nothing.
        quoted = "\n>" in message.notice
    else:
        quoted = False
    if quoted or headers.raw(b"list-id") is not None or headers.raw(b"list-unsubscribe") is not None:
        return None
    certain = any(headers.raw(name.encode()) is not None for name in _HEADERS)
    text = " ".join(fold(message.notice[:_ENOUGH]).split())
    if certain or _OWN.search(text):
        return _challenge() if certain or _is_answer(signs, headers) else None
    if _SUBJECT.search(signs.subject) and _HELD.search(text) and _DO.search(text):
        return _challenge()
    if _SUBJECT.search(signs.subject) and signs.subject.startswith("unverified e") and _DO.search(text):
        return _challenge()
    return None


def _is_answer(signs: Signs, headers: Headers) -> bool:
    """Return whether this answers a message, as challenges do, rather than talk of a filter."""
    return bool(
        signs.null_return_path
        or _SUBJECT.search(signs.subject)
        or signs.subject.startswith("re:")
        or headers.raw(b"auto-submitted") is not None
        or headers.raw(b"precedence") is not None
        or headers.raw(b"x-delivery-agent") is not None
        or headers.raw(b"in-reply-to") is not None
        or any(name.endswith((b"@boxbe.com", b"@bluebottle.com", b"@spamarrest.com")) for name in signs.sender_keys)
    )


def _challenge() -> Reading:
    return Reading(Kind.CHALLENGE, (), (), "challenge")


FORMAT: Final = Format(
    "challenge",
    (
        Fingerprint(headers=(*_HEADERS, *_HINTS, "x-mailer: antispam uol")),
        Fingerprint(senders=("@boxbe.com", "@bluebottle.com", "@spamarrest.com", "@earthlink.net", "@mindspring.com")),
        Fingerprint(
            topics=(
                "please confirm",
                "verification",
                "verify",
                "unverified email",
                "unverified e mail",
                "antispam uol",
                "action required",
                "confirmation required",
                "confirmation request",
                "sender confirmation",
                "tira teima",
                "confirmacao",
                "confirmacion",
                "confirmation requise",
                "bestatigung erforderlich",
                "conferma richiesta",
                "challenge response",
                "requires confirmation",
                "choicemail",
                "bitte bestatigen",
                "veuillez confirmer",
                "merci de confirmer",
                "authentification",
                "vous authentifier",
                "verificacion",
                "verificacao",
                "confirme su",
                "confirme sua",
                "conferma il",
                "подтверд*",
            )
        ),
        Fingerprint(
            phrases=(
                "delivery software tmda",
                "boxbe",
                "spam arrest",
                "spamarrest",
                "antispam uol",
                "approved senders",
                "real live human",
                "has not been verified",
                "uses a confirmation program",
            )
        ),
    ),
    read=read,
    kind=Kind.CHALLENGE,
)
