"""What the notice of a report tells, in the words of many languages, and where the returned message begins in it.

Words alone: that something failed, is late or has arrived; whom to turn to; how a letter ends; and the turns of a transcript. What
tells something looks at text that `signs.fold` made. Nothing here says which recipient is meant, or why.
"""

# ruff: noqa: RUF001 - words of many scripts
from __future__ import annotations

import re
from typing import Final

from bouncelib import smtp
from bouncelib.address import find_all
from bouncelib.patterns import late
from bouncelib.signs import fold

_ORIGINAL: Final = late(
    r"^[ \t>|*-]{0,8}(?:-{2,}+.{0,60}(?:original|returned|follows|forwarded|below this line|unsent|undelivered|copy of)|"
    r"(?:original message|your message|message header|the original).{0,40}(?:follows|below|header)s?\W{0,4}$|(?:received|"
    r"return-path|message-id|x-mailer|mime-version|content-type|dkim-signature|x-[a-z-]{2,30}): )",
    re.IGNORECASE | re.MULTILINE,
)
_HEADERS: Final = late(
    r"(?m)^[ \t>|]{0,4}(?:from|to|subject|date|cc|sender): .{0,400}\n[ \t>|]{0,4}(?:from|to|subject|date|cc|sent|importance|"
    r"reply-to): ",
    re.IGNORECASE,
)
_FAILED: Final = late(
    r"could ?n[o']t be|cannot be|can't be|can not be|was not|were not|not (?:be(?:en)? )?deliver|undeliver|unable to|failed|"
    r"failure|fail(?:s|ed)? to|returned|reject|refused|bounced|unknown|not found|does(?:n't| not) exist|no such|invalid|"
    r"not listed|error|not known|not exist|permanent|delayed|not yet|verzogert|retard|ritardat|vertraagd|forsinket|forsenad|"
    r"opozni|задерж|遅延|延迟|延遲|지연|quota|mailbox.{0,20}full|unreachable|not accept|blocked|discarded|no longer|"
    r"not a valid|unzustellbar|nicht (?:zu|an|ge)|konnte|kann .{0,40}nicht|n'a pas|n'existe|impossible|inconnu|non (?:remis|"
    r"recense|e stato)|no (?:se )?pudo|no existe|nao (?:foi|existe|pode)|non (?:esiste|valid)|mancat|sconosciuto|"
    r"niet (?:worden|bekend|bezorgd)|onbekend|не (?:может|удалось|доставлен|был|найден|существует)|недостав|отклонен|配信|"
    r"送信でき|(?:送信|配信|配達)されませんでした|届け|存在しません|見つかりません|不明|退信|失败|无法|不存在|반송|존재하지|"
    r"kunde inte|kunne ikke|nie (?:mo|zosta|istnieje)|nelze|nebyl|nemohla|nem |не беше|не е доставен|stopped|δεν (?:παραδ|"
    r"μπορ)|wstrzyman"
)
# Words that a person's automatic reply may hold as well.
_FAILED_ABROAD: Final = late(
    r"fehlgeschlag|fehler|unbekannt|gescheitert|abgewiesen|abgelehnt|verweigert|n'a pu|n'ont pu|erreur|rejete|refuse|"
    r"no h(?:a|an|emos) (?:podido|sido)|no s'ha pogut|devuelt|ocorreu um erro|rejeitad|devolvid|non (?:puo|e possibile)|"
    r"impossibile|rifiutat|respint|niet (?:afgelever|besteld)|mislukt|geweigerd|misslyck|mislyk|nie (?:powiod|uda|dostarcz)|"
    r"odrzucon|zwrocon|nedoruc|sikertelen|nu a (?:putut|fost)|nije mog|nije isporuc|ni bilo mogoce|tidak dapat|khong the|"
    r"(?:edil|gonderil|iletil)eme[dm]|ulast\u0131r\u0131lamad|basar\u0131s\u0131z|не (?:може|вдалося)|ошибка|помилка|"
    r"отказан|отклонен|возвращен|απετυχε|αδυνατ|לא ניתן|נכשל|נדחת|تعذر|فشل|失敗|無法|退回|拒收|拒绝|拒絕|못했|못하|실패|"
    r"거부|ไม่สามารถ|ล้มเหลว|echoue|echec|n'(?:ont|avons|est|etait) pas|no (?:se |pued|pud|ha |fue)|rechaz|kunde inte|"
    r"kunne ikke|ikke lever|inte lever|ei voi|ei onnist|epaonnist|nie (?:mo|zosta|istnieje|uda)|nelze|nebyl|nemohla|"
    r"nepodari|nie je mozne|nem |nu (?:a |poate|exista)|nije (?:mog|isporuc|dostav)|ni (?:bilo|mogoce)|не (?:смог|вдал|може|"
    r"вручен)|невозможн|неможлив|δεν |αποτυχ|emedi|amadı|basarısız|לא (?:נמסר|ניתן|הגיע)|لم يتم|ไม่พบ|khong (?:the|gui|ton)|"
    r"tidak (?:dapat|bisa|terkirim|ditemukan)|تحویل داده نشد|ارسال نشد|nepavyk|nepristatyt|neizdevas|"
    r"nav (?:iespejams )?piegad|није (?:мог|испоруч|достав)|komst ekki|tokst ekki|ez(?:in izan)? da entregatu|ezin izan da|"
    r"नहीं|chua (?:gui|duoc)|zlyhal|quarantin|message was deleted|has been erased|nicht angekommen|zuruckgewiesen|"
    r"a ete (?:arrete|bloque)|n'a pas ete|wraca do nadawcy|не получил|nem jutott|no hemos|no llego|nao enviamos|niet kunnen|"
    r"kom inte fram|returnerats|nemohli|전달(?:되지|하지) 못|攔截|拦截|未收到|届けられません|не доставл|nedoruc|"
    r"inte kun(?:nat|de)|no s'ha|gagal|未能|できません|않았"
)
_DELAYED: Final = late(
    r"delay|intarzia|nu a fost inca livrat|kesik|ujra megprobal|התעכב|טרם נמסר|gui cham|tiep tuc thu|will be retried|"
    r"will continue (?:every|for another)|still being (?:re)?tried|will keep trying|will continue to (?:try|be)|"
    r"not yet been delivered|has not been delivered yet|no action is required|do not need to re-?send|this is a warning|"
    r"warning message only|not been able to deliver .{0,60}yet|attempts to deliver .{0,60}will continue|will try again|"
    r"verzogert|noch nicht zugestellt|retarde|pas encore|ritardat|retrasad|atrasad|vertraagd|forsinket|forsenad|opozni|"
    r"zpozden|gecikti|viivasty|задерж|еще не доставлен|遅延|延迟|延遲|지연|noch nicht ausgeliefert|weiterhin versucht|"
    r"weitere zustellversuche|todavia no (?:se )?ha|aun no (?:se )?ha|seguira intentando|ainda nao foi|continuara tentando|"
    r"ancora stato consegnato|stato ancora consegnato|continuera (?:d'essayer|a tentare)|prime dodici ore|"
    r"nog niet (?:afgeleverd|bezorgd)|blijven proberen|annu inte (?:levererat|kunnat)|fortsatter att forsoka|"
    r"wird weiter versucht|endnu ikke leveret|enna ikke levert|only an? (?:warning|notification)|seulement un avertissement|"
    r"simple avertissement|nur eine warnung|lediglich eine warnung|solo una? (?:advertencia|aviso)|soltanto un avv|"
    r"solo un avv|apenas um aviso|somente um aviso|slechts een waarschuwing|endast en varning|kun en advarsel|"
    r"bare en advarsel|bara en varning|inutile de renvoyer|nouvelles tentatives|remise differee|nicht (?:noch einmal|"
    r"erneut) (?:zu )?senden|no es necesario (?:que )?reenvi|nuevos intentos|nao e necessario reenviar|novas tentativas|"
    r"non e necessario (?:inviare|rispedire|reinviare)|nuovi tentativi|niet opnieuw (?:te )?(?:verzenden|sturen)|"
    r"jeszcze dostarczon|ponawia|henuz teslim|продолж\w* попытки|попытки \w* продолж|尚未送达|尚未送達|まだ配信"
)
# Said of a message that is late, and of one that came back.
_NOT_DELIVERED: Final = "has not been delivered to"
_FINAL: Final = late(
    r"\b5\d\d[ -](?:5\.|\D)|\b(?:stopped|blocked|deleted|removed|rejected|discarded|permanent|infected|virus)"
)
_GIVEN_UP: Final = late(
    r"(?:been|was) (?:abandoned|given up)|(?:have|has|'ve) given up|no further (?:delivery )?attempts|"
    r"attempts have (?:ceased|ended)"
)
# Said of one recipient among several, or over a list of some.
_SENT: Final = late(
    r"^\W{0,8}(?:it|(?:your|the) (?:e-?mail|mail|message)) (?:was|has been) (?:successfully )?(?:delivered|sent|relayed)\b|"
    r"^\W{0,8}(?:(?:was|has been|message|successfully) ){0,3}(?:delivered|sent|relayed|zugestellt|delivre|remis|"
    r"entregad[oa]|consegnato|afgeleverd|levererat|leveret|doruceno|доставлено)\b|successful|\bsucceeded\b|erfolgreich|"
    r"avec succes|correctamente|con exito|com sucesso|correttamente|успешно|(?<![未不])成功|(?<!ei )\btoimitettu|\bdostali\b"
)
# A receipt of delivery in words alone, as the sender asked for one.
_ARRIVED: Final = late(
    r"\b(?:your|the|this) (?:e-?mail|message|mail)\b(?:[^.]|\.\w){0,120} (?:was|has been) (?:successfully )?(?:delivered|"
    r"relayed)\b|\b(?:ihre|die|diese) (?:e-?mail|nachricht|mail)\b(?:[^.]|\.\w){0,160} (?:zugestellt|ausgeliefert)\b|"
    r"\b(?:votre|le|ce) (?:message|courriel|e-?mail)\b(?:[^.]|\.\w){0,120} a (?:bien )?ete (?:remis|distribue|delivre)\b|"
    r"\b(?:su|el|este) (?:mensaje|correo)\b(?:[^.]|\.\w){0,120} (?:ha sido|fue) entregado\b"
)
# Whom to turn to, and where somebody went: what such words introduce has not failed.
_TURN_TO: Final = late(
    r"(?:(?<!to )(?<!not )\bcontact(?:ing|e|ez|ar|er)?|questions|(?:for|need|more|further|technical) (?:help|assistance|"
    r"support|information)|e-?mail us|write to|report (?:it|this|abuse)|complain|kontakt\w*|wenden sie sich|ruckfragen|"
    r"fragen|(?:escriba|dirija\w*|consult\w*|duvidas|entre em contato) |assistenza|vragen|обращайтесь|поддержк\w*|"
    r"お問い合わせ|联系|문의|(?:new|neue|nouvelle|nueva|nuovo|novo|nieuwe) (?:e-?mail[ -]?)?(?:address|adresse?|direccion|"
    r"indirizzo|endereco)|please use|instead)\b[^@]{0,40}$|\b(?:(?:moved|changed|migrated|renamed) to|replaced (?:by|with)|"
    r"(?:sender|absender|expediteur|remitente|remetente|mittente|afzender|avsandare|"
    r"afsender)(?: e-?mail)?(?: address)?)\W{0,12}$"
)
# How letters end in which nobody else is named as having failed.
_CLOSING: Final = late(
    r"^(?:-- ?|(?:with )?(?:best|kind|warm)? ?regards|sincerely(?: yours)?|yours (?:sincerely|truly)|"
    r"mit freundlichen gruss?en|(?:freundliche|viele) gruss?e|cordialement|(?:un )?cordiale? salut\w*|"
    r"saludos(?: cordiales)?|atentamente|atenciosamente|cordiali saluti|distinti saluti|met vriendelijke groet(?:en)?|"
    r"med vanlig halsning|(?:med )?venlig hilsen|med vennlig hilsen|ystavallisin terveisin|z powazaniem|s pozdravem|"
    r"udvozlettel|с уважением)\W{0,3}$"
)
# In a transcript: a recipient that the server took, and the command that named it.
_TAKEN: Final = late(r"[\s<>-]{0,8}2\d\d[ -]")
_RCPT: Final = late(r"[^@]{0,20}rcpt to:", re.IGNORECASE)
_PREAMBLE: Final = 40
_LEAD: Final = 120
_LOG: Final = late(r"log|address|transcript|session|recipient|error|diagnos|reason|detail")


def original_start(text: str) -> int:
    """Return where the returned message begins in `text`, or its length."""
    starts = [len(text)]
    for pattern in (_ORIGINAL, _HEADERS) if ": " in text else (_ORIGINAL,):
        for match in pattern.finditer(text):
            # A report that begins so has no notice before it, and what opens a log of the failure ends nothing.
            told = match.start() > _PREAMBLE or "@" in text[: match.start()]
            if told and not _LOG.search(match[0].lower()):
                starts.append(match.start())
                break
    return min(starts)


def tells_failure(folded: str, *, abroad: bool = True) -> bool:
    """Return whether `folded` says that something failed, or is late; `abroad` counts words that other mail holds as well."""
    return bool(_FAILED.search(folded) or (abroad and _FAILED_ABROAD.search(folded)) or tells_delay(folded))


def opens_with_failure(folded: str) -> bool:
    """Return whether the first words of `folded` are those of a failure."""
    return _FAILED.match(folded) is not None


def tells_delay(folded: str) -> bool:
    """Return whether `folded` says that something is late."""
    late_so_far = _DELAYED.search(folded) or (_NOT_DELIVERED in folded and not _FINAL.search(folded))
    return bool(late_so_far) and _GIVEN_UP.search(folded) is None


def tells_arrival(folded: str) -> bool:
    """Return whether `folded` says of a recipient that the message has arrived."""
    return (_SENT.search(folded) or _TAKEN.match(folded)) is not None and not tells_failure(folded)


def is_receipt(folded: str) -> bool:
    """Return whether `folded` says of a whole message that it has arrived; whether anything failed is not asked."""
    return _ARRIVED.search(folded) is not None


def names_contact(before: str, above: str) -> bool:
    """Return whether what stands before an address, in its line or at the end of the one above, is no word of a failure."""
    lead = before[-_LEAD:].strip(" \t<(") or ("" if "@" in above else above[-_LEAD:].strip())
    return _TURN_TO.search(fold(lead)) is not None


def closes(line: str) -> bool:
    """Return whether a letter ends with `line`, and what follows is a signature."""
    return _CLOSING.match(fold(line.strip())) is not None


def was_taken(lines: list[str], number: int) -> bool:
    """Return whether line `number` of a transcript names a recipient that the server took: another one was refused."""
    line = lines[number]
    if _TAKEN.match(line):
        return True
    return _RCPT.match(line) is not None and number + 1 < len(lines) and _TAKEN.match(lines[number + 1]) is not None


def replies_by_address(lines: list[str]) -> dict[str, list[str]]:
    """Return the refusals in `lines` by the address, in lower case, that they name or that the command has that they answer."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        after = lines[number + 1] if number + 1 < len(lines) and _RCPT.match(line) else ""
        told = [one.strip() for one in (line, after) if smtp.find_reply(one).code]
        for address in find_all(line) if told else ():
            found.setdefault(address.lower(), []).extend(told)
    return found
