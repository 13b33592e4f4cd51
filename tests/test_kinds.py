"""What a message is: real reports, replies, challenges, complaints and receipts told from ordinary mail."""

from __future__ import annotations

import pytest
from timing import quickest, yardstick

from bouncelib import parse_bounce

REFUSAL = (
    "This is the mail system at host mx.library.example.\n\n"
    "I'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients.\n\n<ann@library.example>: host mx.library.example[192.0.2.25] "
    "said: 550 5.1.1\n"
    "    <ann@library.example>: User unknown (in reply to RCPT TO command)\n"
)
STATUS = (
    "Reporting-MTA: dns; mx.library.example\n\nFinal-Recipient: rfc822; ann@library.example\nAction: failed\n"
    "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"
)


def mail(body: str, subject: str = "Invoice 4410", sender: str = "Ann <ann@library.example>", **fields: str) -> bytes:
    head = {
        "Return-Path": "<ann@library.example>",
        "From": sender,
        "To": "jack@store.example",
        "Subject": subject,
        "Message-ID": "<k1@library.example>",
    }
    head |= {name.replace("_", "-"): value for name, value in fields.items()}
    return ("".join(f"{name}: {value}\n" for name, value in head.items()) + "\n" + body).encode()


def multipart(*parts: tuple[str, str]) -> str:
    return "".join(f"--b\nContent-Type: {media}\n\n{body}\n" for media, body in parts) + "--b--\n"


DAEMON = {"sender": "MAILER-DAEMON@library.example", "Return_Path": "<>"}
MIXED = {"MIME_Version": "1.0", "Content_Type": "multipart/mixed; boundary=b"}


@pytest.mark.parametrize("prefix", ["Re: ", "Fwd: ", "AW: ", "WG: ", "RE: [team] "])
def test_who_answers_or_forwards_a_report_sends_none(prefix: str) -> None:
    quoted = "Do you know what this means?\n\n" + "".join(f"> {line}\n" for line in REFUSAL.split("\n"))
    report = parse_bounce(mail(quoted, prefix + "Undelivered Mail Returned to Sender"))
    assert report.kind == "other"
    assert not report.recipients


@pytest.mark.parametrize("subject", ["Fwd: Undelivered Mail Returned to Sender", "WG: Unzustellbar: Rechnung"])
def test_parts_of_a_report_that_a_person_forwards_are_no_report(subject: str) -> None:
    body = multipart(("text/plain", "See below."), ("message/delivery-status", STATUS))
    assert parse_bounce(mail(body, subject, In_Reply_To="<a@b.example>", **MIXED)).kind == "other"


def test_a_report_in_a_wrapper_of_a_list_or_gateway_is_one() -> None:
    body = multipart(("text/plain", REFUSAL), ("message/delivery-status", STATUS), ("text/plain", "-- \nA list footer"))
    report = parse_bounce(mail(body, "[news] Undelivered Mail Returned to Sender", **DAEMON, **MIXED))
    assert (report.kind, [one.address for one in report.recipients]) == ("bounce", ["ann@library.example"])


def test_a_refusal_that_says_auto_replied_is_a_bounce() -> None:
    raw = mail(REFUSAL, "Undelivered Mail Returned to Sender", Auto_Submitted="auto-replied", **DAEMON)
    assert parse_bounce(raw).kind == "bounce"


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Replied (vacation)"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "Invoice"},
        {"Precedence": "auto_reply"},
        {"X_Apple_Action": "VACATION"},
        {"Delivered_To": "Autoresponder"},
        {"X_POST_MessageClass": "9; Autoresponder"},
    ],
)
def test_a_header_marks_a_reply(fields: dict[str, str]) -> None:
    assert parse_bounce(mail("Back on Monday.", **fields)).kind == "auto_reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Invoice",
        "Out of Office: Invoice",
        "Automatische Antwort: Rechnung",
        "Réponse automatique : facture",
        "Respuesta automática: factura",
        "Resposta automática: fatura",
        "Risposta automatica: fattura",
        "Automatisch antwoord: factuur",
        "Automaattinen vastaus: lasku",
        "Автоответ: счет",
        "Otomatik yanıt: fatura",
        "自動応答: 請求書",
        "自动回复: 发票",
        "자동 응답: 청구서",
        "رد تلقائي: فاتورة",
    ],
)
def test_a_subject_alone_tells_a_reply_but_not_one_to_it(subject: str) -> None:
    assert parse_bounce(mail("Monday.", subject)).kind == "auto_reply"
    assert parse_bounce(mail("Monday?\n", "Re: " + subject, In_Reply_To="<a@b.example>")).kind == "other"


@pytest.mark.parametrize("subject", ["Our holiday photos", "Urlaub: Fotos", "Vacaciones en la costa", "В отпуск!"])
def test_words_of_absence_alone_tell_nothing(subject: str) -> None:
    assert parse_bounce(mail("Here they are.", subject)).kind == "other"
    assert parse_bounce(mail("Book now.", subject, List_Unsubscribe="<https://store.example/u>")).kind == "other"


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ("I have moved. My new address is Ann.Reader@museum.example.", "Ann.Reader@museum.example"),
        ("Meine neue E-Mail-Adresse lautet:\n  ann@museum.example", "ann@museum.example"),
        ("Ma nouvelle adresse : <ann@museum.example>", "ann@museum.example"),
        ("I am away. In urgent cases write to desk@library.example.", None),
        ("My new address will follow. Write to ann@library.example until then.", None),
    ],
)
def test_the_new_address_is_the_one_stated_as_such(body: str, address: str | None) -> None:
    report = parse_bounce(mail(body, Auto_Submitted="auto-replied"))
    assert (report.kind, report.new_address) == ("auto_reply", address)


@pytest.mark.parametrize("subject", ["[Bug 12] Crash on start", "Invitation: reading circle", "Your order was shipped"])
def test_what_programs_send_on_their_own_is_no_reply(subject: str) -> None:
    report = parse_bounce(mail("Thank you for your order.", subject, Auto_Submitted="auto-generated"))
    assert report.kind == "other"


def test_a_complaint_keeps_every_field_and_names_all_who_complained() -> None:
    fields = (
        "Feedback-Type: abuse\nUser-Agent: X/1\nVersion: 1\nOriginal-Rcpt-To: <ann@library.example>\n"
        "Original-Rcpt-To: kim@library.example\nRemoval-Recipient: kim@library.example\nX-Own: 1\n"
    )
    body = multipart(("text/plain", "An abuse report."), ("message/feedback-report", fields))
    report = parse_bounce(mail(body, Content_Type="multipart/report; report-type=feedback-report; boundary=b"))
    assert report.kind == "feedback"
    assert [one.address for one in report.recipients] == ["ann@library.example", "kim@library.example"]
    assert [one.verdict for one in report.recipients] == ["none", "none"]
    assert ("X-Own", "1") in report.fields
    assert len(report.fields) == 7


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("The message was displayed.", "read_receipt"),
        ("Your message was automatically rejected:\nNo, thanks.", "bounce"),
    ],
)
def test_a_disposition_may_be_a_refusal(said: str, kind: str) -> None:
    disposition = (
        "Final-Recipient: rfc822; ann@library.example\nDisposition: automatic-action/MDN-sent-automatically; deleted\n"
    )
    body = multipart(("text/plain", said), ("message/disposition-notification", disposition))
    report = parse_bounce(mail(body, Content_Type="multipart/report; report-type=disposition-notification; boundary=b"))
    assert (report.kind, report.recipients[0].address) == (kind, "ann@library.example")


def test_a_challenge_holds_the_message_back_and_a_new_account_does_not() -> None:
    held = "Your message is being held because your address has not been verified. Please reply to this message.\n"
    assert parse_bounce(mail(held, "Please confirm your message")).kind == "challenge"
    assert parse_bounce(mail("Welcome! Click to confirm.", "Please confirm your email address")).kind == "other"


@pytest.mark.parametrize(
    "body",
    [
        "12 messages could not be delivered to your mailbox kim@store.example. Release pending messages here.",
        "Top failures\n  ann@library.example 550 5.1.1 User unknown\n\nDelivered: 410\nFailed: 31\n",
    ],
)
def test_bait_and_statistics_are_no_reports(body: str) -> None:
    assert parse_bounce(mail(body, "Delivery report", Return_Path="<x@pills.example>")).kind == "other"


@pytest.mark.parametrize(
    "piece", ["a" * 70_000, "new address " * 6_000, "(re: " * 12_000, "my new address is <" * 4_000, "> " * 30_000]
)
def test_no_pattern_runs_away(piece: str) -> None:
    def read() -> None:
        for fields in ({"Auto_Submitted": "auto-replied"}, DAEMON, {"subject": "Please confirm your message"}):
            parse_bounce(mail(piece, **fields))
        parse_bounce(mail(piece, piece[:5_000]))

    assert quickest(read, 1) < 40 * yardstick()
