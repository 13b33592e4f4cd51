"""How surely an address in a place of a line is the one of which a report speaks: by what stands before it and after it."""

# ruff: noqa: RUF001 - words of many scripts
from __future__ import annotations

from typing import Final

from bouncelib import smtp
from bouncelib.notice import opens_with_failure
from bouncelib.patterns import late
from bouncelib.signs import fold

UNSURE, SURE, NAMED, CERTAIN = range(1, 5)
"""The ranks of a place: among words, alone at an end of its line, behind a word that introduces it, before what is said of it."""

# What introduces a recipient.
_INTRODUCTION: Final = late(
    r"(?:rcpt to|recipient(?:s|\(s\))?|final-recipient|to|user|mailbox|address(?:es|ee)?|addressee|for|delivered to|"
    r"deliver to|account|mailbox of|(?:postfach|konto|boite(?: aux lettres)?|compte|buzon|cuenta|caixa(?: postal)?|conta|"
    r"casella(?: di posta)?) (?:von|de|du|di|do|da)|empfanger|adresse|destinataire|destinatario|direccion|endereco|indirizzo|"
    r"a|an|aan|ontvanger|til|till|mottagare|mottaker|modtager|vastaanottaja|do|adresata|odbiorca|prijemce|adresat|cimzett|"
    r"destinatar|адресу|адресат|получатель|для|отримувач|alıcı|παραληπτης|宛先|あて先|送信先|收件人|收件者|받는 ?사람|수신자|"
    r"e-mail|email|username)\W{0,12}$",
)
# What is said of one.
_PREDICATE: Final = late(
    r"[,;:)\]. ]{0,3}(?:did not|does ?n[o']t|do not|is not|isn't|was not|were not|has been|has no|"
    r"(?:is|was|were) (?:un|in|dis|over|rej|ref|returned)|could not|cannot|can't|can not|not |wurde |konnte |ist |kann |n'|"
    r"est |a ete |no |esta |ha |nao |foi |non |e |kon |"
    r"kunde |ar |kunne |er |blev |ble |ei |on |nie |nelze |neexist|не |был)",
)
# What introduces one who got the message.
_ARRIVED_AT: Final = late(
    r"\b(?<!not )(?:was|were|been) (?:successfully )?(?:delivered|sent|relayed) to\W{0,12}$|\berfolgreich an\W{0,12}$|"
    r"\b(?:ete|sido|stato) (?:remis|delivre|entregado|consegnato) (?:a|al)\W{0,12}$"
)
_SOLE: Final = late(
    r"^[\W_]{0,20}(?:(?:failed |final[- ])?(?:recipient|empfanger|destinatai?r[eio]{1,2})s?\W{0,8})?(?:rfc-?822;)?$"
)


def rank_of(before: str, after: str) -> int:
    """Return how surely an address in this place of a line is the failed one."""
    head, tail = fold(before).strip(" \t<('\"[*>-").rstrip(), after.lstrip(" \t>)'\"]")
    # A sentence that an address ends, and another after it, say nothing of the address; nor do parentheses around it.
    ends = tail[:1] == "." and tail[1:2].isspace() and tail.strip() != "."
    aside = before.rstrip().endswith("(")
    # A table has what is said of each in a column of its own.
    column = after[:2].isspace() and len(after) > len(tail) + 1
    said = not tail or column or tail[0] in ":.;,-(|" or smtp.find_reply(tail).code
    if _SOLE.match(head) and not (ends or aside) and said:
        return CERTAIN
    introduced = fold(before).rstrip(" \t<('\"[")
    if _ARRIVED_AT.search(introduced):
        return UNSURE
    if _INTRODUCTION.search(introduced):
        return NAMED
    # Sendmail and its like put the three dots between an address and what is said of it.
    opens = tail.startswith("...") or opens_with_failure(fold(tail.lstrip(",.;: "))[:30])
    if opens or _PREDICATE.match(fold(tail)):
        return CERTAIN
    if _SOLE.match(head) or not tail:
        return SURE
    return UNSURE


def joins(before: str, previous: str) -> bool:
    """Return whether `before` ends with the address `previous` and what stands between the members of a list."""
    return before.rpartition(previous)[2].strip(" \t,;<>") in {"", "and", "&"} and previous in before
