"""A signature that comes in parts (部分电子签名上送): kept until all have come, then taken as if it had come whole.

Real terminals cut an image as bytes, 801 first, each part under the sale's own STAN, and mark the last one. Hosts are
known to append whatever comes, in the order it comes; here parts have their numbers, so that one that comes twice,
early or never does no harm, and two signatures cannot mingle.
"""

from __future__ import annotations

from typing import Final

from acquirer.host.admission import verify
from acquirer.host.core import Host
from acquirer.host.decision import Decision
from acquirer.host.explain import signature as why
from acquirer.host.request import Request
from acquirer.host.services.signature import ReceivedUpload, take
from acquirer.host.services.signature_checks import incomplete, of_sale, refused
from acquirer.model.effects import Loaded
from acquirer.model.reasons import Reason
from acquirer.model.rows import SignaturePart, Upload

LIFE_US: Final = 5 * 60 * 1_000_000
"""How long a part waits for the others: a terminal sends them one after the other, and begins anew if it must.
There are nine of at most 999 bytes, for sales that are known: no further bound is needed."""


def signature_part(host: Host, request: Request, loaded: Loaded, _asked: str) -> Decision:
    """Decide about one part of a signature."""
    verified = verify(host, request, loaded)
    if isinstance(verified, Decision):
        return verified
    came = ReceivedUpload(host, request, loaded, verified)
    if refusal := came.refused():
        return refusal
    found = refused(of_sale(host, request, loaded, came.slip))
    if found is not None:
        return came.decided(found.reason, found.flag.why)
    part = _part(host, request, came)
    functions = _functions(request)
    waiting = _beside(came, part, functions)
    waiting[part.part] = part
    total = next((number for number, one in waiting.items() if one.last), 0)
    missing = [number for number in range(1, total or part.part) if number not in waiting]
    if total and not missing:
        return _whole(host, came, waiting, total, part)
    if not part.last:  # the last one may have come before: a terminal that was told so begins with the first again
        if missing := [number for number in missing if number < part.part]:
            names = ", ".join(functions[number - 1] for number in missing)
            came.notes += (f"out-of-order: {functions[part.part - 1]} came before {names}",)
        return _kept(came, part, waiting, functions)
    sentence = why.parts_missing([functions[number - 1] for number in missing], functions[total - 1])
    found = refused(findings := list(incomplete(host, sentence)))
    if found is None:
        came.findings += findings
        return _whole(host, came, waiting, total, part)
    upload = Upload(part.key, part=part, forget=came.forget)
    return came.decided(found.reason, found.flag.why, upload=upload)


def _functions(request: Request) -> tuple[str, ...]:
    """The functions of parts in their order, as the dialect lists them."""
    assert request.route is not None
    return request.route.when["function"]


def _part(host: Host, request: Request, came: ReceivedUpload) -> SignaturePart:
    read, fields = host.read, request.message.fields
    profile = host.dialect.terminal_profile
    signing = profile.signature if profile else None
    last = signing.parts.last if signing and signing.parts else ""
    assert request.key is not None
    return SignaturePart(
        key=request.key,
        part=1 + _functions(request).index(read.function(fields)),
        last=bool(last) and read.part_more(fields) == last,
        stream=came.stream,
        at_us=request.arrival.at_us,
        slip=came.slip,
    )


def _beside(came: ReceivedUpload, part: SignaturePart, functions: tuple[str, ...]) -> dict[int, SignaturePart]:
    """The parts that wait with this one, by number; what is too old, or of another image, is forgotten."""
    name = functions[part.part - 1]
    alive = {one.part: one for one in came.uploaded.parts if one.at_us > part.at_us - LIFE_US}
    if expired := len(came.uploaded.parts) - len(alive):
        came.notes += (f"expired: {expired} waited for longer than {LIFE_US // 60_000_000} minutes and were forgotten",)
    before = alive.get(part.part)
    if before is not None and before.stream == part.stream:
        came.notes += (f"repeated: {name} came before, with the same bytes",)
    elif before is not None and part.part == 1:
        came.notes += (f"begun-anew: another {name} came, so that {len(alive)} waiting were forgotten",)
        alive = {}
    elif before is not None:
        came.notes += (f"replaced: another {name} came, and takes the place of the one that waited",)
    if part.last:
        alive = {number: one for number, one in alive.items() if number < part.part}
    came.forget = tuple(one.part for one in came.uploaded.parts if one.part not in alive and one.part != part.part)
    return alive


def _kept(
    came: ReceivedUpload, part: SignaturePart, waiting: dict[int, SignaturePart], functions: tuple[str, ...]
) -> Decision:
    sentence = why.part_kept(part, functions[part.part - 1], len(waiting))
    return came.decided(Reason.APPROVED, sentence, upload=Upload(part.key, part=part, forget=came.forget))


def _whole(
    host: Host, came: ReceivedUpload, waiting: dict[int, SignaturePart], total: int, part: SignaturePart
) -> Decision:
    """Put the parts together and take the signature; refused or taken, none of them waits any longer.

    Only when the last one came early do they stay: the terminal was told so, begins again, and will send it once more.
    """
    parts = [waiting[number] for number in range(1, total + 1) if number in waiting]
    came.stream = b"".join(one.stream for one in parts)
    came.slip = next((one.slip for one in parts if one.slip), came.slip)
    came.parts = len(parts)
    came.assembled = True
    if part.last:
        came.forget = tuple(one.part for one in came.uploaded.parts)
    else:
        came.part = part
    return take(host, came)
