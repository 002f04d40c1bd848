"""The electronic signature of a sale (电子签名上送): checked, tied to its sale, kept.

A sale is found by merchant, terminal, batch and STAN; an upload needs a valid MAC and no more: it may come after
sign-off, in another batch, after a sign-on changed the keys. It never takes part in totals. The same image again is
answered as known (94, which terminals take for success); another one replaces it until the batch closes, both are kept.
"""

from __future__ import annotations

import hashlib
from typing import Final

from acquirer.host.admission import Verified, verify
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import signature as why
from acquirer.host.request import Request
from acquirer.host.services.signature_checks import Finding, damaged_slip, of_image, of_picture, of_sale, refused
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import Flag, Signature, SignaturePart, SlipElement, Upload, Uploaded
from acquirer.signature import elements
from acquirer.signature.feature_code import feature_code
from acquirer.wire.grammar import Tag
from acquirer.wire.masking import card_number_digits, mask_pan
from acquirer.wire.tlv import TlvError

MOST_KEPT: Final = 16
"""Images kept of one sale: people sign again once or twice, and a terminal gone mad must not fill a disk."""


class ReceivedUpload:
    """An upload whose MAC is right, as far as it has been put together. Not frozen: made per exchange."""

    __slots__ = (
        "assembled",
        "findings",
        "forget",
        "loaded",
        "notes",
        "part",
        "parts",
        "request",
        "slip",
        "stream",
        "uploaded",
        "verified",
    )

    def __init__(self, host: Host, request: Request, loaded: Loaded, verified: Verified) -> None:
        image = host.dialect.get(request.message, "image")
        assert isinstance(image, bytes)
        self.request = request
        self.loaded = loaded
        self.verified = verified
        self.uploaded = loaded.uploaded or Uploaded()
        self.stream = image
        self.slip, self.findings = _slip(host, request)
        self.part: SignaturePart | None = None  # that is kept even though the signature is whole
        self.parts = 1
        self.assembled = False  # from parts, which are done with even if it is refused
        self.forget = tuple(part.part for part in self.uploaded.parts)
        self.notes: tuple[str, ...] = ()

    def decided(
        self, reason: Reason, sentence: str, *, upload: Upload | None = None, replayed: bool = False
    ) -> Decision:
        """A decision about this upload; refused or not, what the MAC proved is kept."""
        request, sale = self.request, self.loaded.transaction
        flags = tuple(f"{one.flag.name}: {one.flag.why}" for one in self.findings if one.flag.why != sentence)
        assert request.key is not None
        if upload is None and self.assembled:
            upload = Upload(request.key, forget=tuple(part.part for part in self.uploaded.parts))
        return Decision(
            reason,
            sentence,
            session=self.verified.session,
            keys=self.verified.keys,
            rrn=sale.rrn if sale is not None else "",
            notes=(*self.notes, *flags),
            upload=upload,
            replayed=replayed,
        )

    def refused(self) -> Decision | None:
        """The refusal of the first strict check that found something."""
        found = refused(self.findings)
        return None if found is None else self.decided(found.reason, found.flag.why)


def signature(host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Decide about a signature that came in one message."""
    verified = verify(host, request, loaded)
    if isinstance(verified, Decision):
        return verified
    return take(host, ReceivedUpload(host, request, loaded, verified))


def take(host: Host, came: ReceivedUpload) -> Decision:
    """Decide about a signature whose image is whole."""
    request, uploaded, calendar = came.request, came.uploaded, host.calendar
    if refusal := came.refused():
        return refusal
    digest = hashlib.sha256(came.stream).hexdigest()
    latest = uploaded.signatures[-1] if uploaded.signatures else None
    for one in uploaded.signatures:
        if one.digest == digest:
            return came.decided(Reason.DUPLICATE, why.known(calendar, one, one is latest), replayed=True)
    came.findings += of_image(host, came.stream)
    came.findings += of_sale(host, request, came.loaded, came.slip)
    if refusal := came.refused():
        return refusal
    session = came.loaded.session
    assert session is not None
    if latest is not None and request.batch != session.batch:
        return came.decided(Reason.DUPLICATE, why.closed(latest, session.batch))
    if len(uploaded.signatures) >= MOST_KEPT:
        return came.decided(Reason.DUPLICATE, why.too_many(MOST_KEPT, request.stan))
    if host.options.checks.pixels == "strict" and not any(one.flag.name == "undecodable" for one in came.findings):
        picture = came.loaded.picture
        if picture is None:
            return Decision(Reason.APPROVED, "", wants_look=came.stream)
        came.findings += of_picture(host, picture.flags)
        if refusal := came.refused():
            return refusal
    row = _row(host, came, digest, 1 + (latest.number if latest else 0))
    upload = Upload(row.key, signature=row, stream=came.stream, part=came.part, forget=came.forget)
    return came.decided(Reason.APPROVED, why.kept(calendar, row, came.stream, latest), upload=upload)


def _row(host: Host, came: ReceivedUpload, digest: str, number: int) -> Signature:
    request, sale = came.request, came.loaded.transaction
    read, fields = host.read, request.message.fields
    assert request.key is not None
    capture = next((one.text for one in came.slip if one.tag == elements.ROLES["capture"]), "")
    rrn, date = read.rrn(fields), read.settlement_date(fields)
    undecodable = any(one.flag.name == "undecodable" for one in came.findings)
    amount = request.amount_minor
    if amount is None and sale is not None:
        amount = sale.amount_minor
    return Signature(
        key=request.key,
        number=number,
        digest=digest,
        stream_bytes=len(came.stream),
        parts=came.parts,
        at_us=request.arrival.at_us,
        dialect=host.dialect.name,
        amount_minor=amount,
        pan_masked=mask_pan(read.pan(fields)) or (sale.pan_masked if sale is not None else ""),
        rrn=rrn or (sale.rrn if sale is not None else ""),
        settlement_date=date,
        feature_code=_feature(came, rrn, date),
        captured=capture if capture in elements.CAPTURES else "",
        slip=came.slip,
        flags=flags_of(came.findings),
        picture="none" if undecodable else "waiting",
    )


def flags_of(findings: list[Finding]) -> tuple[Flag, ...]:
    """The flags of findings, each name once."""
    return tuple({one.flag.name: one.flag for one in reversed(findings)}.values())[::-1]


def _feature(came: ReceivedUpload, rrn: str, date: str) -> str:
    """The feature code as the terminal must have computed it, from what it sent; a note where terminals go astray."""
    if not rrn.isdigit() or not date:
        missing = [name for name, value in (("reference number", rrn), ("settlement date", date)) if not value]
        odd = f"without {' and '.join(missing)}" if missing else "from a reference number with letters"
        came.notes += (f"feature-code: computed {odd}; terminals differ about that",)
    try:
        return feature_code(date, rrn)
    except ValueError:
        return ""


def _slip(host: Host, request: Request) -> tuple[tuple[SlipElement, ...], list[Finding]]:
    """The slip elements as they may be kept, and what is wrong with them."""
    data = host.dialect.get(request.message, "slip") if "slip" in host.dialect.elements else None
    if not isinstance(data, bytes):
        return (), []
    tags = elements.slip_tags(host.dialect)
    try:
        found, wrong = elements.parse(data, tags), None
    except TlvError as damage:
        found, wrong = elements.parse(_sound(damage, data), tags), damage
    kept = tuple(_kept(one, tags.get(one.tag)) for one in found)
    return kept, [] if wrong is None else list(damaged_slip(host, f"the slip elements cannot be read: {wrong}"))


def _sound(damage: TlvError, data: bytes) -> bytes:
    """The elements before the one that runs past the end."""
    return data[: damage.before[-1].stop] if damage.before else b""


def _kept(one: elements.Element, tag: Tag | None) -> SlipElement:
    """An element without what may not be kept: secrets, and in free text and unknown tags what looks like a card."""
    if one.sensitivity:
        return SlipElement(one.tag, "", one.shown)
    free: tuple[str, ...] = (one.text,) if tag is not None and tag.format.startswith("a") else ()
    if tag is None:
        free = (one.value.hex(), one.value.decode("latin-1"))
    if any(map(card_number_digits, free)):
        return SlipElement(one.tag, "", f"[{len(one.value)} bytes hidden]")
    return SlipElement(one.tag, one.value.hex().upper(), one.text)
