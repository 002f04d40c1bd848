"""A signature that comes in parts (部分电子签名上送): kept until all have come, then taken as if it had come whole.

Real terminals cut an image as bytes, 801 first, each part under the sale's own STAN, and mark the last one. Hosts are
known to append all parts in the order of their arrival; here parts have their numbers, so that one that comes twice,
early or never does no harm, and two signatures cannot mingle.
"""

from __future__ import annotations

from typing import Final

from acquirer.host.case import Case, Deciding
from acquirer.host.decision import Decision
from acquirer.host.explain import signature as why
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.signature import ReceivedUpload, accept, received
from acquirer.host.signature_checks import incomplete, of_sale, refused
from acquirer.model.reasons import Reason
from acquirer.model.rows import SignaturePart, Upload

LIFE_US: Final = 5 * 60 * 1_000_000
"""How long a part waits for the others: a terminal sends them one after the other, and begins anew if it must.
There are nine of at most 999 bytes, for sales that are known: no further bound is needed."""


@service("signature_part", key=own_key)
def signature_part(case: Case) -> Deciding:
    """Decide about one part of a signature."""
    upload = yield from received(case)
    if refusal := upload.refused():
        return refusal
    found = refused(of_sale(case, upload.uploaded, upload.slip))
    if found is not None:
        return upload.decided(found.reason, found.flag.why)
    part = _part(upload)
    functions = _functions(case)
    waiting = _beside(upload, part, functions)
    waiting[part.part] = part
    total = next((number for number, one in waiting.items() if one.last), 0)
    missing = [number for number in range(1, total or part.part) if number not in waiting]
    if total and not missing:
        return (yield from _whole(upload, waiting, total, part))
    if not part.last:  # the last one may be here already: a terminal that heard so begins with the first again
        if missing := [number for number in missing if number < part.part]:
            names = ", ".join(functions[number - 1] for number in missing)
            upload.notes += (f"out-of-order: {functions[part.part - 1]} came before {names}",)
        return _kept(upload, part, waiting, functions)
    sentence = why.parts_missing([functions[number - 1] for number in missing], functions[total - 1])
    found = refused(findings := list(incomplete(case.host, sentence)))
    if found is None:
        upload.findings += findings
        return (yield from _whole(upload, waiting, total, part))
    return upload.decided(found.reason, found.flag.why, upload=Upload(part.key, part=part, forget=upload.forget))


def _functions(case: Case) -> tuple[str, ...]:
    """The functions of parts in their order, as the dialect lists them."""
    assert case.request.route is not None
    return case.request.route.when["function"]


def _part(upload: ReceivedUpload) -> SignaturePart:
    case, request = upload.case, upload.case.request
    host, read, fields = case.host, case.host.read, case.fields
    profile = host.dialect.terminal_profile
    signing = profile.signature if profile else None
    last = signing.parts.last if signing and signing.parts else ""
    assert request.key is not None
    return SignaturePart(
        key=request.key,
        part=1 + _functions(case).index(read.function(fields)),
        last=bool(last) and read.part_more(fields) == last,
        stream=upload.stream,
        at_us=request.arrival.at_us,
        slip=upload.slip,
    )


def _beside(upload: ReceivedUpload, part: SignaturePart, functions: tuple[str, ...]) -> dict[int, SignaturePart]:
    """The parts that wait with this one, by number; what is too old, or of another image, is forgotten."""
    name = functions[part.part - 1]
    alive = {one.part: one for one in upload.uploaded.parts if one.at_us > part.at_us - LIFE_US}
    if expired := len(upload.uploaded.parts) - len(alive):
        upload.notes += (
            f"expired: {expired} waited for longer than {LIFE_US // 60_000_000} minutes and were forgotten",
        )
    before = alive.get(part.part)
    if before is not None and before.stream == part.stream:
        upload.notes += (f"repeated: {name} came before, with the same bytes",)
    elif before is not None and part.part == 1:
        upload.notes += (f"begun-anew: another {name} came, so that {len(alive)} waiting were forgotten",)
        alive = {}
    elif before is not None:
        upload.notes += (f"replaced: another {name} came, and takes the place of the one that waited",)
    if part.last:
        alive = {number: one for number, one in alive.items() if number < part.part}
    upload.forget = tuple(one.part for one in upload.uploaded.parts if one.part not in alive and one.part != part.part)
    return alive


def _kept(
    upload: ReceivedUpload, part: SignaturePart, waiting: dict[int, SignaturePart], functions: tuple[str, ...]
) -> Decision:
    sentence = why.part_kept(part, functions[part.part - 1], len(waiting))
    return upload.decided(Reason.APPROVED, sentence, upload=Upload(part.key, part=part, forget=upload.forget))


def _whole(upload: ReceivedUpload, waiting: dict[int, SignaturePart], total: int, part: SignaturePart) -> Deciding:
    """Put the parts together and take the signature; refused or taken, none of them waits any longer.

    Only when the last one came early do they stay: the terminal heard so, begins again, and will send it once more.
    """
    parts = [waiting[number] for number in range(1, total + 1) if number in waiting]
    upload.stream = b"".join(one.stream for one in parts)
    upload.slip = next((one.slip for one in parts if one.slip), upload.slip)
    upload.parts = len(parts)
    upload.assembled = True
    if part.last:
        upload.forget = tuple(one.part for one in upload.uploaded.parts)
    else:
        upload.part = part
    return (yield from accept(upload))
