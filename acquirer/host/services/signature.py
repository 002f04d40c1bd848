"""The electronic signature of a sale (电子签名上送): checked, tied to its sale, kept.

A sale is found by merchant, terminal, batch and STAN; an upload needs a valid MAC and no more: it may come after
sign-off, in another batch, after a sign-on changed the keys. It never takes part in totals. The same image again is
answered as known (94, which terminals take for success); another one replaces it until the batch closes, both are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import Final

from acquirer.data.text import plural
from acquirer.host.booking import used
from acquirer.host.case import Case, Deciding
from acquirer.host.decision import Decision
from acquirer.host.explain import signature as why
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.signature_checks import Finding, damaged_slip, of_image, of_picture, of_sale, refused
from acquirer.model.effects import DecodeImage, Effect, EffectResult, LoadSignatures
from acquirer.model.reasons import Reason
from acquirer.model.rows import Flag, Picture, Signature, SignaturePart, SlipElement, Upload, Uploaded
from acquirer.signature import slip_elements
from acquirer.signature.feature_code import feature_code
from acquirer.wire.card_numbers import card_number_bytes, card_number_half_bytes
from acquirer.wire.grammar import Tag
from acquirer.wire.masking import mask_pan
from acquirer.wire.tlv import TlvError

SIGNATURES_MAX: Final = 16
"""Images kept of one sale: people sign again once or twice, and a faulty terminal must not fill a disk."""

NOT_DECODED: Final = (
    "the image was not decoded in time: too many wait, or the process that decodes them does not run (see the host's "
    "log); nothing was kept"
)


class ReceivedUpload:
    """An upload whose MAC is right, as far as it has been put together. Not frozen: one is made per exchange."""

    __slots__ = ("assembled", "case", "findings", "forget", "notes", "part", "parts", "slip", "stream", "uploaded")

    def __init__(self, case: Case, uploaded: Uploaded) -> None:
        image = case.host.dialect.get(case.request.message, "image")
        assert isinstance(image, bytes)
        self.case = case
        self.uploaded = uploaded
        self.stream = image
        self.slip, self.findings = _slip(case)
        self.part: SignaturePart | None = None  # that is kept even though the signature is whole
        self.parts = 1
        self.assembled: tuple[int, ...] = ()  # from these parts, which are done with even if it is refused
        self.forget = tuple(part.part for part in uploaded.parts)
        self.notes: tuple[str, ...] = ()

    def decided(
        self, reason: Reason, sentence: str, *, upload: Upload | None = None, replayed: bool = False
    ) -> Decision:
        """Return a decision about this upload; refused or not, what the MAC proved is kept, and the sale is in use."""
        case, sale = self.case, self.case.stored
        flags = tuple(f"{one.flag.name}: {one.flag.why}" for one in self.findings if one.flag.why != sentence)
        assert case.request.key is not None
        if upload is None and self.assembled:
            upload = Upload(case.request.key, forget=self.assembled)
        at_us = case.request.arrival.at_us
        return Decision(
            reason,
            sentence,
            session=case.verified.session,
            transaction=used(sale, at_us) if sale is not None and upload is not None else None,
            keys=case.verified.keys,
            rrn=sale.rrn if sale is not None else "",
            notes=(*self.notes, *flags),
            upload=upload,
            replayed=replayed,
        )

    def refused(self) -> Decision | None:
        """Return the refusal of the first strict check that found something."""
        found = refused(self.findings)
        return None if found is None else self.decided(found.reason, found.flag.why)


def received(case: Case) -> Generator[Effect, EffectResult, ReceivedUpload]:
    """Check the MAC of an upload, and load what is known of its sale's signatures. Raises Decided."""
    case.verify()
    assert case.request.key is not None
    uploaded = yield LoadSignatures(case.request.key, case.session.batch)
    assert isinstance(uploaded, Uploaded)
    return ReceivedUpload(case, uploaded)


@service("signature", key=own_key)
def signature(case: Case) -> Deciding:
    """Decide about a signature that is whole in one message."""
    upload = yield from received(case)
    return (yield from accept(upload))


def accept(received: ReceivedUpload) -> Deciding:
    """Decide about a signature whose image is whole."""
    case, uploaded = received.case, received.uploaded
    host, request, calendar = case.host, case.request, case.host.calendar
    if refusal := received.refused():
        return refusal
    digest = hashlib.sha256(received.stream).hexdigest()
    kind = case.stored.kind if case.stored is not None else "sale"
    latest = uploaded.signatures[-1] if uploaded.signatures else None
    for one in uploaded.signatures:
        if one.digest == digest:
            return received.decided(Reason.DUPLICATE, why.known(calendar, one, one is latest), replayed=True)
    received.findings += of_image(host, received.stream)
    received.findings += of_sale(case, uploaded, received.slip)
    if refusal := received.refused():
        return refusal
    if latest is not None and request.batch != case.session.batch:
        return received.decided(Reason.DUPLICATE, why.closed(latest, case.session.batch, kind))
    if len(uploaded.signatures) >= SIGNATURES_MAX:
        return received.decided(Reason.DUPLICATE, why.too_many(SIGNATURES_MAX, request.stan, kind))
    decodable = not any(one.flag.name == "undecodable" for one in received.findings)
    if host.options.checks.pixels == "strict" and decodable:
        picture = yield DecodeImage(received.stream)
        if picture is None:
            return Decision(Reason.OVERLOADED, NOT_DECODED)
        assert isinstance(picture, Picture)
        received.findings += of_picture(host, picture.flags)
        if refusal := received.refused():
            return refusal
    row = _row(received, digest, 1 + (latest.number if latest else 0))
    upload = Upload(row.key, signature=row, stream=received.stream, part=received.part, forget=received.forget)
    return received.decided(Reason.APPROVED, why.kept(calendar, row, received.stream, latest, kind), upload=upload)


def _row(received: ReceivedUpload, digest: str, number: int) -> Signature:
    case, request, sale = received.case, received.case.request, received.case.stored
    host, read, fields = case.host, case.host.read, case.fields
    assert request.key is not None
    capture = next((one.text for one in received.slip if one.tag == slip_elements.ROLES["capture"]), "")
    rrn, date = read.rrn(fields), read.settlement_date(fields)
    undecodable = any(one.flag.name == "undecodable" for one in received.findings)
    amount = request.amount_minor
    if amount is None and sale is not None:
        amount = sale.amount_minor
    return Signature(
        key=request.key,
        number=number,
        digest=digest,
        stream_bytes=len(received.stream),
        parts=received.parts,
        at_us=request.arrival.at_us,
        dialect=host.dialect.name,
        amount_minor=amount,
        pan_masked=mask_pan(read.pan(fields)) or (sale.pan_masked if sale is not None else ""),
        rrn=rrn or (sale.rrn if sale is not None else ""),
        settlement_date=date,
        feature_code=_feature(received, rrn, date),
        captured=capture if capture in slip_elements.CAPTURES else "",
        slip=received.slip,
        flags=flags_of(received.findings),
        picture="none" if undecodable else "waiting",
    )


def flags_of(findings: list[Finding]) -> tuple[Flag, ...]:
    """The flags of findings, each name once."""
    return tuple({one.flag.name: one.flag for one in reversed(findings)}.values())[::-1]


def _feature(received: ReceivedUpload, rrn: str, date: str) -> str:
    """The feature code as the terminal must have computed it, from what it sent; a note where terminals go astray."""
    if not rrn.isdigit() or not date:
        missing = [name for name, value in (("reference number", rrn), ("settlement date", date)) if not value]
        odd = f"without {' and '.join(missing)}" if missing else "from a reference number with letters"
        received.notes += (f"feature-code: computed {odd}; terminals differ about that",)
    try:
        return feature_code(date, rrn)
    except ValueError:
        return ""


def _slip(case: Case) -> tuple[tuple[SlipElement, ...], list[Finding]]:
    """The slip elements as they may be kept, and what is wrong with them."""
    host = case.host
    data = host.dialect.get(case.request.message, "slip") if "slip" in host.dialect.elements else None
    if not isinstance(data, bytes):
        return (), []
    tags = slip_elements.slip_tags(host.dialect)
    try:
        found, error = slip_elements.parse_slip_elements(data, tags), None
    except TlvError as damage:
        found, error = slip_elements.parse_slip_elements(_sound(damage, data), tags), damage
    kept = tuple(stored_element(one, tags.get(one.tag)) for one in found)
    return kept, [] if error is None else list(
        damaged_slip(host, f"the slip elements in DE 55 cannot be read: {error}; correct its length")
    )


def _sound(damage: TlvError, data: bytes) -> bytes:
    """The elements before the one that runs past the end."""
    return data[: damage.before[-1].stop] if damage.before else b""


def stored_element(one: slip_elements.ReceivedElement, tag: Tag | None) -> SlipElement:
    """An element without what may not be kept: secrets, and in free text and unknown tags what looks like a card."""
    if one.sensitivity:
        return SlipElement(one.tag, "", one.shown)
    free = one.tag not in slip_elements.IDENTIFIERS and (tag is None or tag.format.startswith("ans"))
    text = tag is not None and tag.format.startswith("a")  # its bytes are characters, and no packed digits
    found = card_number_bytes if text else card_number_half_bytes
    if found(one.value, issued=not free):
        return SlipElement(one.tag, "", f"[{plural(len(one.value), 'byte')} hidden]")
    return SlipElement(one.tag, one.value.hex().upper(), one.text)
