"""A signature that comes in parts (部分电子签名上送): kept until all have come, then taken as if it had come whole.

Real terminals cut an image as bytes, 801 first, each part under the sale's own STAN, and mark the last one. Hosts are
known to append all parts in the order of their arrival; here parts have their numbers, so that one that comes twice,
early or never does no harm.

Nothing in a part says which image it is of, and parts of two images for one sale may come in any order, on two
connections:

1. Where two parts of one number differ, both wait.
2. Once the last part is there, the image that ends where JBIG says it does is the signature; its parts are done with,
   the others go on waiting.
3. Where no image does, or more than one, nothing is kept as a signature.

Where an image ends is looked at bit for bit: an encoder ends each stripe with the roundest number that its lines leave
(T.82 6.8.1, FLUSH). Of two parts of different images, whose own other parts never arrive, one in 280 ends so all the
same (measured over 15 000 pairs): STAN, RRN, amount and slip of such parts are the same, so nothing tells them apart.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice, product
from typing import Final

from acquirer.host.case import Case, Deciding
from acquirer.host.decision import Decision
from acquirer.host.explain import signature as why
from acquirer.host.registry import service
from acquirer.host.request import own_key
from acquirer.host.services.signature import NOT_DECODED, ReceivedUpload, accept, received
from acquirer.host.signature_checks import incomplete, of_image, of_sale, refused
from acquirer.model.effects import DecodeImage, Effect, EffectResult
from acquirer.model.reasons import Reason
from acquirer.model.rows import Picture, SignaturePart, Upload

LIFE_US: Final = 5 * 60 * 1_000_000
"""How long a part waits for the others: a terminal sends them one after the other, and begins anew if it must.
There are nine of at most 999 bytes, for sales that are known: no further bound is needed."""

ALTERNATIVES_MAX: Final = 3
"""Different parts of one number that wait; the oldest makes room for another."""

NEXT_ALTERNATIVE: Final = 100
"""What is added to a part's number where another one has its place in the store."""

IMAGES_MAX: Final = 32
"""Ways to put parts together that are tried: more images for one sale are the work of a faulty terminal."""

NOT_WHOLE: Final = frozenset(("undecodable", "truncated", "trailing-bytes", "aborted", "stray-marker", "end-differs"))
"""Flags of an image that does not end where it should."""

INEXACT: Final = "its last bits are not those with which an encoder ends these lines: part of another image?"

_Alternatives = dict[int, list[SignaturePart]]
"""Parts by number, the newest last."""

_Parts = tuple[SignaturePart, ...]


class _Overloaded(Exception):
    """An image cannot be decoded in time."""


@service("signature_part", key=own_key)
def signature_part(case: Case) -> Deciding:
    """Decide about one part of a signature."""
    upload = yield from received(case)
    if refusal := upload.refused():
        return refusal
    found = refused(of_sale(case, upload.uploaded, upload.slip))
    if found is not None:
        return upload.decided(found.reason, found.flag.why)
    functions = _functions(case)
    part = _part(upload)
    waiting = _waiting(upload, part, functions)
    candidates = list(islice(_candidates(waiting, part), IMAGES_MAX + 1))
    if candidates:
        try:
            return (yield from _decide(upload, part, candidates, functions))
        except _Overloaded:
            return Decision(Reason.OVERLOADED, NOT_DECODED)
    total = _total(waiting, part)
    missing = [number for number in range(1, total or part_number(part)) if number not in waiting]
    if not part.last:  # the last one may be here already: a terminal that heard so begins with the first again
        if missing := [number for number in missing if number < part_number(part)]:
            names = ", ".join(functions[number - 1] for number in missing)
            upload.notes += (f"out-of-order: {_name(part, functions)} came before {names}",)
        count = sum(map(len, waiting.values()))
        return _wait(upload, part, Reason.APPROVED, why.part_kept(part, _name(part, functions), count))
    sentence = why.parts_missing([functions[number - 1] for number in missing], functions[total - 1])
    found = refused(findings := list(incomplete(case.host, sentence)))
    if found is None:
        upload.findings += findings
        newest = [waiting[number][-1] for number in sorted(waiting) if number < total]
        return (yield from _whole(upload, (*newest, part), part))
    return _wait(upload, part, found.reason, found.flag.why)


def part_number(part: SignaturePart) -> int:
    """Return which part of an image this is, from 1."""
    return part.part % NEXT_ALTERNATIVE


def _functions(case: Case) -> tuple[str, ...]:
    """The functions of parts in their order, as the dialect lists them."""
    assert case.request.route is not None
    return case.request.route.when["function"]


def _name(part: SignaturePart, functions: tuple[str, ...]) -> str:
    return functions[part_number(part) - 1]


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


def _waiting(upload: ReceivedUpload, part: SignaturePart, functions: tuple[str, ...]) -> _Alternatives:
    """The parts that wait, this one among them; what is too old is forgotten. Gives this one its place in the store."""
    alive = [one for one in upload.uploaded.parts if one.at_us > part.at_us - LIFE_US]
    if expired := len(upload.uploaded.parts) - len(alive):
        upload.notes += (
            f"expired: {expired} waited for longer than {LIFE_US // 60_000_000} minutes and were forgotten",
        )
    number, name = part.part, functions[part.part - 1]
    others = sorted((one for one in alive if part_number(one) == number), key=lambda one: one.at_us)
    same = next((one for one in others if (one.stream, one.last) == (part.stream, part.last)), None)
    if same is not None:
        upload.notes += (f"repeated: {name} came before, with the same bytes",)
        part.part = same.part
    elif others:
        begun = "begun-anew" if number == 1 else "another-part"
        upload.notes += (f"{begun}: another {name} came: the end of the image will say which of them belongs to it",)
        taken = {one.part for one in others[-(ALTERNATIVES_MAX - 1) :]}
        places = (number + NEXT_ALTERNATIVE * nth for nth in range(ALTERNATIVES_MAX))
        part.part = next(place for place in places if place not in taken)
    alive = [one for one in alive if one.part != part.part]
    upload.forget = tuple(one.part for one in upload.uploaded.parts if one not in alive and one.part != part.part)
    waiting: _Alternatives = {}
    for one in sorted([*alive, part], key=lambda one: (one.at_us, one is part)):
        waiting.setdefault(part_number(one), []).append(one)
    return waiting


def _candidates(waiting: _Alternatives, part: SignaturePart) -> Iterator[_Parts]:
    """Yield each way to put together an image that has this part in it and is complete."""
    number = part_number(part)
    for total in sorted({part_number(one) for alternatives in waiting.values() for one in alternatives if one.last}):
        if total < number:
            continue
        choices = [
            [one for one in waiting.get(place, []) if one.last == (place == total) and (place != number or one is part)]
            for place in range(1, total + 1)
        ]
        yield from product(*choices)


def _total(waiting: _Alternatives, part: SignaturePart) -> int:
    """Return how many parts there are to be: as this one says, else the newest that says so; 0 when none does."""
    if part.last:
        return part_number(part)
    last = [one for alternatives in waiting.values() for one in alternatives if one.last]
    return part_number(max(last, key=lambda one: one.at_us)) if last else 0


def _decide(
    upload: ReceivedUpload, part: SignaturePart, candidates: list[_Parts], functions: tuple[str, ...]
) -> Deciding:
    """Decide about images that are complete: take the one that ends where it should."""
    host = upload.case.host
    if len(candidates) == 1 and refused(of_image(host, _joined(candidates[0]))):
        return (yield from _whole(upload, candidates[0], part))  # where it is refused: it is no image at all
    if host.options.checks.parts == "off":
        return (yield from _whole(upload, candidates[-1], part))
    fitting: dict[bytes, _Parts] = {}
    problem = ""
    for parts in candidates[:IMAGES_MAX]:
        stream = _joined(parts)
        if refused(of_image(host, stream)):
            continue
        found = yield from _end_problem(stream)
        problem = problem or found
        if not found:
            fitting[stream] = parts
    if len(fitting) == 1 and len(candidates) <= IMAGES_MAX:
        (parts,) = fitting.values()
        return (yield from _whole(upload, parts, part))
    sentence = why.parts_mixed(_name(part, functions), len(fitting), problem)
    found_refusal = refused(findings := list(incomplete(host, sentence)))
    if found_refusal is not None:
        return _wait(upload, part, found_refusal.reason, found_refusal.flag.why)
    upload.findings += findings
    return (yield from _whole(upload, candidates[-1], part))


def _end_problem(stream: bytes) -> Generator[Effect, EffectResult, str]:
    """Return why an image does not end where it should; "" when it does."""
    picture = yield DecodeImage(stream)
    if picture is None:
        raise _Overloaded
    assert isinstance(picture, Picture)
    found = next((flag.why for flag in picture.flags if flag.name in NOT_WHOLE), "")
    return found or (INEXACT if picture.inexact_end else "")


def _joined(parts: _Parts) -> bytes:
    return b"".join([one.stream for one in parts])


def _wait(upload: ReceivedUpload, part: SignaturePart, reason: Reason, sentence: str) -> Decision:
    """Return a decision that keeps the part until the rest is there."""
    return upload.decided(reason, sentence, upload=Upload(part.key, part=part, forget=upload.forget))


def _whole(upload: ReceivedUpload, parts: _Parts, part: SignaturePart) -> Deciding:
    """Put the parts together and take the signature; refused or taken, none of them waits any longer.

    Only when the last one came early do they stay: the terminal heard so, begins again, and will send it once more.
    """
    upload.stream = _joined(parts)
    upload.slip = next((one.slip for one in parts if one.slip), upload.slip)
    upload.parts = len(parts)
    stored = {one.part for one in upload.uploaded.parts}
    upload.assembled = tuple(one.part for one in parts if one.part in stored)
    if part.last:
        upload.forget = tuple({*upload.forget, *upload.assembled})
    else:
        upload.part = part
    return (yield from accept(upload))
