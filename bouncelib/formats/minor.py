"""Small writers whose reports are one list under one opening.

A sample (nullmailer):

    This is the nullmailer delivery system.  The message attached below
    could not be delivered to one or more of the intended recipients:

            <ann@library.example>

Source: beside each format.
"""

from __future__ import annotations

from typing import Final

from bouncelib.format import Fingerprint, Format, Layout

FORMATS: Final = (
    # nullmailer 2.2, src/dsn.cc. What was said stands in the status part alone.
    Format(
        "nullmailer",
        (Fingerprint(phrases=("this is the nullmailer delivery system",)),),
        Layout(
            recipient=r"^\s{1,8}<(?P<address>[^<>\s]{1,320})>\s*$",
            opens=("this is the nullmailer delivery system",),
            said=False,
            delays=("has not been delivered to one or more", "delivery will continue to be attempted"),
        ),
    ),
    # chasquid 1.11, internal/queue/dsn.go (the template in the program). A list of addresses as they were written to
    # comes first, the details name those that failed.
    Format(
        "chasquid",
        (Fingerprint(phrases=("delivery of your message to the following recipient s failed permanently",)),),
        Layout(
            recipient=r"^- \"(?P<address>[^\s<>]{1,320})\" \([A-Za-z]{1,20}\) failed ",
            opens=("technical details:",),
        ),
    ),
    # PowerMTA, as seen in public test data. The notice says no more than that it failed.
    Format(
        "powermta",
        (Fingerprint(phrases=("i am sending you this message to inform you on the delivery status of a message",)),),
        Layout(
            recipient=r"^\s{0,8}<(?P<address>[^<>\s]{1,320})>\s{1,8}delivery (?:failed|delayed)",
            said=False,
            delays=("will continue trying", "delivery delayed"),
        ),
    ),
    # XMail: the first line says it all; sections about the session and the queue follow.
    Format(
        "xmail",
        (Fingerprint(phrases=("xmail bounce",)),),
        Layout(
            recipient=r"^\[<00>\] XMail bounce: Rcpt=\[(?P<address>[^\s\[\]]{1,320})\];Error=\[(?P<text>.{1,2000}?)\]?\s*$",
            closes=("[<01>]",),
        ),
    ),
    # CommuniGate Pro, as seen in public test data; its status part names a local account by its name alone.
    Format(
        "communigate",
        (Fingerprint(phrases=("failed to deliver to ... module",)),),
        Layout(recipient=r"^\s{0,4}failed to deliver to '<?(?P<address>[^\s<>']{1,320})>?'"),
    ),
    # Biglobe, as seen in public test data.
    Format(
        "biglobe",
        (Fingerprint(phrases=("the following addresses had delivery problems ... non-delivered information",)),),
        Layout(
            opens=("the following addresses had delivery problems",),
            recipient=r"^\s{0,20}<?(?P<address>[^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$",
            fields={"----- non-delivered information": "skip"},
            blanks=1,
        ),
    ),
    # McAfee Email Gateway (WebShield), as seen in public test data. The reason stands in brackets beside the address.
    Format(
        "mcafee",
        (Fingerprint(phrases=("the following addresses had delivery problems",)),),
        Layout(
            opens=("--- the following addresses had delivery problems ---",),
            recipient=r"^\s{0,20}<(?P<address>[^\s<>]{1,320})>\s{3,20}\((?!unrecoverable)(?P<text>.{1,2000})\)\s*$",
        ),
    ),
    # Sina, as seen in public test data. What is said holds for all addresses.
    Format(
        "sina",
        (
            Fingerprint(
                senders=("mailer-daemon@sina.com", "mailer-daemon@sina.cn", "mailer-daemon@vip.sina.com"),
                phrases=("邮件无法发送到您指定的地址中",),
            ),
        ),
        Layout(
            opens=("邮件无法发送到您指定的地址中",),
            recipient=r"^\s{0,20}<(?P<address>[^\s<>]{1,320})>:\s*$",
            closes=("--- 附件", "---"),
            said_before=True,
        ),
    ),
    # Barracuda Email Security Gateway, as seen in public test data; normally it has a status part too.
    Format(
        "barracuda",
        (Fingerprint(phrases=("was blocked by our spam firewall",)),),
        Layout(
            recipient=r"^\s{0,20}your message to: {0,4}<?(?P<address>[^\s<>]{1,320})>?\s*$",
            closes=("subject:",),
        ),
    ),
    # Vade Secure, who filters for EarthLink, as seen in public test data.
    Format(
        "vadesecure",
        (
            Fingerprint(
                phrases=("delivery has failed to these recipients or distribution lists server ... returned an error",)
            ),
        ),
        Layout(
            opens=("delivery has failed to these recipients",),
            recipient=r"^\s{0,20}\* \[(?P<address>[^\s\[\]]{1,320})\]:\s*(?P<text>\S.*)?$",
            closes=("original message details",),
        ),
    ),
    # EarthLink's older mail system, as seen in public test data. What was said may name the mailbox behind the address.
    Format(
        "earthlink",
        (Fingerprint(phrases=("sorry unable to deliver your message to ... for the following reason",)),),
        Layout(
            recipient=r"^\s{0,20}sorry, unable to deliver your message to <?(?P<address>[^\s<>]{1,320})>? for\s*$",
            closes=("a copy of the original message",),
            fields={"the following reason": "skip"},
            blanks=1,
        ),
    ),
    # Prodigy (AT&T), as seen in public test data.
    Format(
        "prodigy",
        (Fingerprint(phrases=("user's mailbox is full ... unable to deliver mail",)),),
        Layout(recipient=r"^(?=(?P<text>[^<>]{1,60}:))[^<>]{1,60}:\s{0,4}<(?P<address>[^\s<>]{1,320})>\s*$"),
    ),
    # USA.NET, as seen in public test data.
    Format(
        "usanet",
        (
            Fingerprint(
                phrases=("intended recipient",), subjects=("processing error", "delivery failure", "mail delivery")
            ),
        ),
        Layout(
            recipient=r"^\s{0,20}intended recipient:\s{0,20}<?(?P<address>[^\s<>]{1,320})>?\s*$",
            closes=("a notice of this error", "--------returned mail"),
            blanks=1,
        ),
    ),
    # HotPOP, as seen in public test data.
    Format(
        "hotpop",
        (Fingerprint(phrases=("undeliverable address ... reason",)),),
        Layout(
            recipient=r"^\s{0,20}undeliverable address:\s{0,20}<?(?P<address>[^\s<>]{1,320})>?\s*$",
            fields={"reason:": "diagnostic"},
            closes=("system contact", "original message"),
        ),
    ),
    # newmail.ru, as seen in public test data: two languages, then as qmail does.
    Format(
        "newmailru",
        (Fingerprint(phrases=("this is the machine generated message from mail service",)),),
        Layout(
            recipient=r"^\s{0,20}<(?P<address>[^\s<>]{1,320})>:\s*$",
            closes=("--- below the next line", "--- below this line"),
        ),
    ),
    # Symantec AntiVirus for SMTP Gateways, as seen in public test data.
    Format(
        "symantec",
        (Fingerprint(senders=("symantec_antivirus_for_smtp_gateways",)),),
        Layout(
            opens=("could not be delivered to the following recipient",),
            recipient=r"^\s{0,20}<?(?P<address>[^\s<>]{1,254}@[^\s<>]{1,254})>?\s*$",
            closes=("please do not resend",),
            delays=("delivery attempts will continue",),
        ),
    ),
    # Mail2000 of Openfind (its older name is OpenMail), as seen in public test data.
    Format(
        "mail2000",
        (Fingerprint(phrases=("the following addresses had delivery errors",)),),
        Layout(
            opens=("---the following addresses had delivery errors---",),
            recipient=r"^\s{0,20}<?(?P<address>[^\s<>\[\]]{1,254}@[^\s<>\[\]]{1,254})>?\s{1,20}\[(?P<text>[^\]]{1,2000})\]\s*$",
        ),
    ),
)
