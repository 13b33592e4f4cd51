"""What a message shows without being opened: sender, subject, and whether it is plainly a failure report."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, overload

from bouncelib import text as _text
from bouncelib.message import Message
from bouncelib.patterns import late
from bouncelib.words import Words

_T = TypeVar("_T")
_REPORT_TYPE: Final = late(rb"report-type[ \t]*=[ \t]*\"?([A-Za-z-]{1,40})", re.IGNORECASE)
_FROM: Final = late(rb"([^\s<>\"(),;:]{1,64})@([^\s<>\"(),;:]{1,255})")
_LOCAL_PART: Final = 64
# Names of mail systems. Patterns that begin with a letter are looked for fast; what must open the field is asked apart.
_DAEMON: Final = late(
    rb"mailer[ ._-]?daemon|post[._-]?master|mail[ ._-]?deliver|mail[ ._-]daemon|daemon@|mdaemon|mail[ ._-](?:admin|system)|"
    rb"message delivery|delivery (?:sub)?system|non-?delivery|mail server|mailserver|system administrator|symantec|"
    rb"mail gateway|imss@|smtp_mail|microsoft outlook|microsoftexchange|mail system|dmarc@|mailbot|majordomo@|listserv@|"
    rb"antivirus|no-?reply@sns|mailmarshal|messagelabs|mimesweeper|mailsweeper|virus ?wall|scanmail|e-?manager|interscan|"
    rb"mail security|nospamproxy|web ?shield|mail ?monitor|esafe@|gfi mail|gatedefender|mime ?defang|mail ?scanner|expurgate|"
    rb"puremessage|brightmail|content[ -]filter|mail[ -]?filter|e-?mail (?:gateway|security)|smtp gateway|uucp@|pager-daemon@"
)
_DAEMON_OPENING: Final = late(rb"\W*bounces?\b|\W{0,3}<>|\W*(?:mta|smtp)[@-]")
# The opening of a subject that failure reports of the world's mail servers have (accents and case aside).
_FAILURE: Final = late(
    r"(?:\[[^\]]{0,40}\] ?|(?:varning|warnung|avertisse?ment|aviso|avviso|advertencia|re|aw|sv|\*{1,3}(?:spam|"
    r"junk)\*{1,3})[: ] ?){0,2}(?:undeliver|undelivrable|unzustellbar|non remis|non_remis|non recapitabile|onbestelbaar|"
    r"no se puede entregar|nao entregue|nao_entregue|nedorucitel|kezbesithetetlen|niedostarcz|kan (?:inte|ikke) leveres|"
    r"olevererbar|ikke lever|toimittamat|teslim edil|nije isporu|mail delivery|mail deliv|delivery (?:failure|status|"
    r"notification|report|error|problem|has failed|delay|warning|unsuccess)|delivery_failure|failure (?:notice|delivery|"
    r"to deliver)|failed (?:mail|delivery|message)|returned (?:mail|message|to sender|e-?mail)|mail (?:failed|failure|"
    r"could not|system error|undeliver|not delivered|returned|status|error|warning)|message (?:delivery|status|undeliver|"
    r"not delivered|could not|rejected|delayed|failed|has not)|(?:e-?mail|email) (?:bounce|delivery|could not|error|"
    r"not delivered|address .{0,40} (?:not|unknown))|non[- ]?delivery|notification of (?:delivery|failure)|"
    r"warning: (?:message|could not|e-?mail|mail)|delayed mail|delayed:|nd[nr]:|your (?:message|e-?mail|mail) .{0,80}(?:not|"
    r"undeliver|fail|reject|delay|block|return)|could not deliver|couldn't deliver|cannot deliver|can't deliver|"
    r"unable to deliver|nondeliverable|not deliverable|permanent delivery|automatically rejected|(?:e-?mail )?(?:message|"
    r"mail|e-?mail|attachment) (?:was |has been |is )?(?:blocked|stopped|refused|quarantined|discarded)|blocked (?:message|"
    r"mail|e-?mail)|scanmail message|virus (?:in (?:your|an? |the )|found|detected|alert|warn)|virenwarnung|"
    r"(?:your )?(?:fax|page|sms|text message|note) .{0,40}\bnot |failed delivery|warning: delay|(?:e-?mail|"
    r"message) cannot be (?:sent|delivered)|there was an error sending|processing error|bounce(?:d)?[ :]|error sending|"
    r"transport failure|user unknown|address (?:not found|rejected|change)|rejected(?: mail)?:|auto(?:mated|"
    r"matic)? (?:bounce|response from)|aws notification|amazon ses|\W{0,4}message you sent blocked|blocked:|"
    r"postmaster notify|nicht zugestellt|zustell|(?:ihre )?(?:nachricht|e-?mail|mail) (?:nicht|abgelehnt|blockiert|gestoppt|"
    r"wurde (?:nicht|abgelehnt|blockiert))|(?:aviso: )?(?:su )?mensaje (?:bloqueado|rechazado|no )|"
    r"(?:votre )?message (?:bloque|rejete|refuse)|(?:din |ditt |dit )?(?:brev|post|meddelande|besked|melding)\w* (?:inte|"
    r"ikke|kunde)|fordroj|forsinke|mesaj\w* (?:ilet|gonder|teslim)|iletiniz|(?:ваш(?:ий)? )?лист не|писмото|zablokowan|"
    r"uw (?:e-?mail|bericht) is niet|unbestellbar|fehler bei|cc:mail link to smtp undeliver|echec|(?:notification|avis|"
    r"rapport|statut) de (?:remise|distribution|non)|remise differee|message non|mensagem nao|falha na entrega|devol|"
    r"error de entrega|entrega fallida|notifica (?:di|dello|sullo) (?:stato|consegna|mancat)|benachrichtigung (?:uber|zum|"
    r"zur) (?:den |die )?(?:zustell|unzustell|nichtzustell)|leverings?status|leveransstatus|(?:уведомление|"
    r"отчет) \w (?:недостав|достав|статус|состоян)|powiadomienie o (?:stanie|niedostar|niepow)|teslim(?:at)? (?:durum|hata)|"
    r"mancata|avviso di mancat|messaggio non|impossibile|zprava .{0,20}nemohla|vase zprava|недостав|не доставлен|не удается|"
    r"nedorucen|kezbesitesi hiba|brevet kom|nog niet bezorgd|sms ikke|ваше письмо|ваше сообщение не|сообщение не|"
    r"notificaci\w+ (?:de|sobre) (?:error|estado|entrega|falla)|wiadomosc nie|zwrot)"
)
# What such subjects have anywhere.
_FAILURE_WORDS: Final = (
    "delivery failure",
    "delivery has failed",
    "delivery status notification",
    "failure notice",
    "undelivered mail",
    "undeliverable",
    "returned mail",
    "mail delivery failed",
    "not be delivered",
    "ne peut etre",
    "non recense",
)
_FAILURE_FOREIGN: Final = late(
    r"配信不能|配信の?失敗|不達|발송 ?실패|전송되지 못|전달하지 못|전달되지 못|攔截|拦截|届けられません|配信でき|配送|"
    r"メールエラー|送信エラー|宛先不明|エラーメール|退信|退回|投递失败|发送失败|传输失败|无法投递|未送达|無法傳遞|반송|"
    r"배달되지|배달할 수|전송 실패"
)

# What mail programs of the world put before the subject of an answer or a forwarded message.
_ANSWER: Final = late(
    r"^(?:\[[^\]]{0,40}\] ?){0,2}(?:re|fwd?|aw|antw|antwort|wg|sv|vs|vl|tr|rv|rif|res|r|i|enc|odp|pd|ynt|ilt|на|пересл|回复|"
    r"答复|回覆|转发|轉寄|返信|転送|답장|전달)(?:\[\d{1,2}\]|\(\d{1,2}\))? ?[:\uff1a]"
)
_QUOTES: Final = late(
    r"^(?:>.*\n.*\n?>|-{2,12} ?(?:original|forwarded|ursprungliche|weitergeleitete|mensaje|message|messaggio|mensagem|"
    r"исходное) ?(?:message|nachricht|original|d'origine|transfere|originale|reenviado|сообщение)?|begin forwarded message|"
    r".{6,200}(?:wrote|writes|schrieb|a ecrit|escribio|escreveu|ha scritto|schreef|skrev|kirjoitti|napisal|пишет|"
    r"写道) ?:\s*$|(?:from|von|de|da|van|fra|от|发件人) ?: .{0,200}\n(?:sent|gesendet|envoye|enviado|inviato|verzonden|"
    r"sendt|date|datum|to|subject)\b)",
    re.MULTILINE,
)
# Fields of bug trackers: what was written into them goes out by mail.
_TRACKERS: Final = frozenset(
    {
        b"x-bugzilla-type",
        b"x-github-reason",
        b"x-gitlab-project",
        b"x-jira-fingerprint",
        b"x-redmine-host",
        b"x-trac-project",
    }
)
_LETTERS: Final = frozenset({"text/plain", "text/html", "multipart/alternative", "multipart/related"})
# What the bytes of a message show that has a part for machines or another message in it: a type, a field of its own.
_MACHINE: Final = (b"essage/", b"ecipient:", b"pplication/")
_PEEK: Final = 6000
_OPENING: Final = 2048
_ACCENTS: Final = late("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """Return `text` in lower case and without accents."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", text))


class _Sign(Generic[_T]):
    """A sign that is read when first asked for, and kept; `functools.cached_property` takes a lock for it before Python 3.12."""

    def __init__(self, read: Callable[[Any], _T]) -> None:
        self._read = read
        self._name = read.__name__
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, signs: None, owner: type[Any]) -> _Sign[_T]: ...

    @overload
    def __get__(self, signs: object, owner: type[Any]) -> _T: ...

    def __get__(self, signs: object | None, owner: type[Any]) -> _Sign[_T] | _T:
        if signs is None:
            return self
        value = signs.__dict__[self._name] = self._read(signs)
        return value


class Signs:
    """The outward signs of one message, each read when it is first asked for."""

    def __init__(self, message: Message) -> None:
        """Look at `message`."""
        self.message = message

    @classmethod
    def of(cls, message: Message) -> Signs:
        """Return the signs of `message`, the same ones to all who ask: each is read once."""
        signs = message.noted.get("signs")
        if signs is None:
            signs = message.noted["signs"] = cls(message)
        return signs

    @_Sign
    def sender(self) -> bytes:
        """The From field in lower case, as it stands."""
        return (self.message.headers.raw(b"from") or b"").lower()

    @_Sign
    def sender_keys(self) -> tuple[bytes, ...]:
        """What a sender is filed under: the local part, the whole address, ``@domain``."""
        sender = self.sender
        at = sender.find(b"@")
        # The pattern is tried at every character: what stands too far before the first "@" is none of its business.
        match = _FROM.search(sender, max(0, at - _LOCAL_PART)) if at > 0 else None
        if match:
            return match[1], match[0], b"@" + match[2]
        return (sender.strip(b"<> "),) if sender else ()

    @_Sign
    def subject(self) -> str:
        """The subject in lower case and without accents."""
        subject = self.message.headers.raw(b"subject")
        if not subject:
            return ""
        if subject.isascii() and b"=?" not in subject and (plain := subject.decode("ascii")).isprintable():
            return plain.lower()
        return fold(_text.decode_header(subject, guess=False))

    @_Sign
    def subject_words(self) -> Words:
        """The words of the subject."""
        return Words(self.subject)

    @_Sign
    def opening_words(self) -> Words:
        """The words with which the notice opens: where a writer gives itself away. Those of addresses stay, which saves time."""
        return Words(self.message.notice[:_OPENING].replace("@", " "))

    @_Sign
    def names(self) -> set[bytes]:
        """The names of the header fields."""
        return self.message.headers.names()

    @_Sign
    def types(self) -> tuple[str, ...]:
        """The media type of the message, and with it the report type of a multipart/report."""
        media = self.message.media
        if media != "multipart/report":
            return (media,)
        match = _REPORT_TYPE.search(self.message.headers.raw(b"content-type") or b"")
        return (media, f"{media} {match[1].decode('ascii').lower()}") if match else (media,)

    @_Sign
    def from_daemon(self) -> bool:
        """Whether the From header names a mail system rather than a person."""
        sender = self.sender
        return (
            b"mailer-daemon" in sender
            or b"postmaster" in sender
            or _DAEMON.search(sender) is not None
            or _DAEMON_OPENING.match(sender) is not None
        )

    @_Sign
    def null_return_path(self) -> bool:
        """Whether the return path is the null one, or a mailer daemon's."""
        raw = self.message.headers.raw(b"return-path")
        return raw is not None and (raw in {b"<>", b"", b"< >"} or b"mailer-daemon" in raw.lower())

    @_Sign
    def failure_opening(self) -> bool:
        """Whether the subject opens as those of failure reports do."""
        subject = self.subject
        return _FAILURE.match(subject) is not None or (
            not subject.isascii() and _FAILURE_FOREIGN.search(subject) is not None
        )

    @_Sign
    def failure_subject(self) -> bool:
        """Whether the subject opens as those of failure reports do, or has their words further on."""
        subject = self.subject
        for words in _FAILURE_WORDS:
            if words in subject:
                return True
        return self.failure_opening

    @_Sign
    def personal(self) -> bool:
        """Whether a person answers or forwards something: by subject, From, and text or ids to show for it."""
        if self.from_daemon or self.null_return_path:
            return False
        headers = self.message.headers
        if _ANSWER.match(self.subject) is None:
            # Or keeps the subject as it was, and shows by program and quoted lines that it is no redirected report.
            return headers.raw(b"user-agent") is not None and (
                "\n> " in self.message.notice or self.message.original is None
            )
        return headers.raw(b"x-failed-recipients") is None and (
            headers.raw(b"in-reply-to") is not None
            or headers.raw(b"references") is not None
            or headers.raw(b"user-agent") is not None
            or _QUOTES.search(fold(self.message.notice[:_PEEK])) is not None
            or self.message.original is not None
        )

    @_Sign
    def posted(self) -> bool:
        """Whether somebody wrote this to a mailing list or a bug tracker: no mail system, and no program of the list's own."""
        headers = self.message.headers
        return not self.names.isdisjoint(_TRACKERS) or (
            (headers.raw(b"list-id") is not None or headers.raw(b"list-post") is not None)
            and not (self.from_daemon or self.null_return_path)
            and headers.raw(b"x-list-administrivia") is None
            and headers.raw(b"x-failed-recipients") is None
        )

    @_Sign
    def suspicious(self) -> bool:
        """Whether the header has anything of a failure report's."""
        message = self.message
        return (
            message.media == "multipart/report"
            or self.from_daemon
            or self.null_return_path
            or self.failure_subject
            or message.headers.raw(b"x-failed-recipients") is not None
            or not self.sender
        )

    @_Sign
    def plausible(self) -> bool:
        """Whether this may be a failure report that states nothing in RFC 3464's form: worth reading the notice for."""
        return self.suspicious and not self.personal and not self.posted

    @_Sign
    def letter(self) -> bool:
        """Whether this is a text, in one dress or several, from somebody who is no mail system: no other message is in it."""
        message = self.message
        media = message.media
        if media in _LETTERS:
            return not self.suspicious
        if not media.startswith("multipart/") or self.suspicious:
            return False
        # To open the parts costs a multiple of this.
        raw = message.source.raw
        return not any(token in raw for token in _MACHINE)
