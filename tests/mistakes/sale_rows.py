"""Mistakes between transactions: reversals, voids and refunds that do not find what they undo, numbers used twice."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes.pos import Answer, Make, Pos
from tests.mistakes.row import rows_of
from tests.mistakes.wire import Draft

_row = rows_of("sale and reversal", "sale")

After = Callable[[Pos, Draft, Answer], Draft]


def after_sale(then: After) -> Make:
    """Return what is sent after an approved sale."""

    def make(pos: Pos) -> Draft:
        sale = pos.sale()
        return then(pos, sale, pos.approved(sale))

    return make


def after_void(then: After) -> Make:
    """Return what is sent after a sale and its void."""

    def make(pos: Pos, sale: Draft, answer: Answer) -> Draft:
        pos.approved(pos.void(sale, answer))
        return then(pos, sale, answer)

    return after_sale(make)


def after_reversal(then: After) -> Make:
    """Return what is sent after a sale and its reversal."""

    def make(pos: Pos, sale: Draft, answer: Answer) -> Draft:
        pos.approved(pos.reversal(sale))
        return then(pos, sale, answer)

    return after_sale(make)


def _reversed_first(pos: Pos) -> Draft:
    sale = pos.sale()
    pos.send(pos.reversal(sale))
    return sale


def _names_itself(pos: Pos, sale: Draft, answer: Answer) -> Draft:
    void = pos.void(sale, answer)
    return void.put(de61=f"{pos.batch}{void.stan}")


REVERSAL = after_sale(lambda pos, sale, answer: pos.reversal(sale))
VOID = after_sale(lambda pos, sale, answer: pos.void(sale, answer))
REFUND = after_sale(lambda pos, sale, answer: pos.refund(answer))

ROWS = (
    _row("reversal-new-stan", "gives a reversal a STAN of its own",
         after_sale(lambda pos, sale, answer: pos.reversal(sale, de11="000777")),
         r"000777", r"STAN", r"000002", remedy=r"STAN|DE ?11", fix="keep the STAN of the sale", codes=("25",),
         right=REVERSAL),
    _row("reversal-amount", "reverses another amount than the sale's",
         after_sale(lambda pos, sale, answer: pos.reversal(sale, de4="000000000234")),
         r"\b2\.34|000000000234|\b234\b", r"\b12\.34|000000001234|\b1234\b", r"revers",
         remedy=r"amount|DE ?4|12\.34|sale",
         fix="keep the amount of the sale", codes=("64",), right=REVERSAL),
    _row("reversal-batch", "reverses in another batch than the sale's",
         after_sale(lambda pos, sale, answer: pos.reversal(sale, de60="2200000700050")),
         r"batch", r"000007", r"000001", r"revers|0400", remedy=r"batch|DE ?60|60\.2|000001",
         fix="keep DE 60 of the sale", codes=("25", "77"), right=REVERSAL),
    _row("reversal-type", "gives a reversal a type of its own: 00 in DE 60",
         after_sale(lambda pos, sale, answer: pos.reversal(sale, de60=f"00{pos.batch}00050")),
         r"type|60\.1|DE ?60", r"\b00\b", r"\b22\b", remedy=r"DE ?60|60\.1|\b22\b|type", fix="keep DE 60 of the sale",
         codes=("30", "12", "25", "00"), right=REVERSAL),
    _row("reversal-as-0200", "sends a reversal as 0200",
         after_sale(lambda pos, sale, answer: pos.reversal(sale).with_(mti=b"\x02\x00")),
         r"DE ?39", r"\b0200\b", r"revers", remedy=r"0400", fix="send 0400", codes=("00",), right=REVERSAL),
    _row("reversal-as-0420", "sends a reversal as 0420",
         after_sale(lambda pos, sale, answer: pos.reversal(sale).with_(mti=b"\x04\x20")),
         r"\b0420\b", r"revers", remedy=r"0400", never=(r"send 0200",), fix="send 0400", codes=("12", "40"),
         right=REVERSAL),
    _row("reversal-of-nothing", "reverses a sale that never arrived", lambda pos: pos.reversal(pos.sale()),
         r"no (such )?(sale|transaction|original)|never (came|arrived)|not (found|known)|unknown", r"000002",
         r"revers", r"^(?!.*(differs|000777|000007|it is the void))",
         remedy=r"sale|nothing|STAN|transaction|reversal|it\b", fix="nothing is booked; end the reversal",
         codes=("25",), right=REVERSAL),
    _row("reversed-before", "sends a sale after its reversal", _reversed_first, r"revers",
         r"first|before it|ahead|overtook", r"^(?!.*repeat)", remedy=r"STAN|new|again",
         fix="sell again under a new STAN", codes=("94",)),
    _row("repeat-of-reversed", "repeats a sale that it has reversed", after_reversal(lambda pos, sale, answer: sale),
         r"revers", r"(was|been) booked|again|repeat|already", remedy=r"STAN|new|again",
         fix="sell again under a new STAN",
         codes=("94",)),
    _row("stan-twice", "uses a STAN twice in a batch", after_sale(lambda pos, sale, answer: pos.sale(de11=sale.stan,
         de4="000000005678")),
         r"STAN|DE ?11", r"000002", r"56\.78|5678|amount|DE ?4", r"12\.34|1234|differ|amount", r"^(?!.*revers)",
         remedy=r"STAN|next|DE ?11", fix="count the STAN up with every new transaction", codes=("94",)),
    _row("void-of-nothing", "voids a STAN that there is not", after_sale(lambda pos, sale, answer: pos.void(sale,
         answer, de61=f"{pos.batch}000555")),
         r"000555", r"void|61|original", remedy=r"DE ?61|STAN|61\.2|batch",
         fix="name the batch and STAN of the sale in DE 61", codes=("25",), right=VOID),
    _row("void-own-stan", "names the void itself in DE 61", after_sale(_names_itself),
         r"DE ?61|original|61\.2", r"(its|the void's) own|itself|same STAN|DE ?11", remedy=r"DE ?61|sale|61\.2",
         fix="name the sale", codes=("25",), right=VOID),
    _row("void-amount", "voids a part of a sale", after_sale(lambda pos, sale, answer: pos.void(sale, answer,
         de4="000000000034")),
         r"\b0\.34|000000000034|\b34\b", r"\b12\.34|1234", r"void", remedy=r"amount|whole|refund|DE ?4|12\.34",
         fix="void the whole amount, or refund a part", codes=("64",), right=VOID),
    _row("void-card", "voids with another card", after_sale(lambda pos, sale, answer: pos.void(sale, answer,
         de2="6205500000000000004")),
         r"card|DE ?2\b", r"other|differ|not the|is of card", r"void|sale|original", r"^(?!.*(amount|refund))",
         remedy=r"card|DE ?2", fix="use the card of the sale", codes=("14",), right=VOID),
    _row("void-twice", "voids a sale twice", after_void(lambda pos, sale, answer: pos.void(sale, answer)),
         r"void", r"already|before|twice|voided", r"^(?!.*(reversed|refunded))",
         remedy=r"sale|nothing|void|it\b|new|stop|again", fix="nothing: it is voided", codes=("25", "12"), right=VOID),
    _row("void-of-reversed", "voids a sale that was reversed", after_reversal(lambda pos, sale, answer: pos.void(sale,
         answer)),
         r"reversed", r"\bvoid", remedy=r"sale|nothing|void|new|again|it\b|money", fix="nothing: no money moved",
         codes=("25", "12"), right=VOID),
    _row("refund-too-much", "refunds more than the sale", after_sale(lambda pos, sale, answer: pos.refund(answer,
         de4="000000009999")),
         r"99\.99|9999", r"12\.34|1234", r"refund|given back|left", remedy=r"12\.34|amount|left|most|DE ?4",
         fix="refund what is left at most", codes=("61",), right=REFUND),
    _row("refund-rrn", "refunds by a reference number that there is not",
         after_sale(lambda pos, sale, answer: pos.refund(answer, de37="999999999999")),
         r"999999999999", remedy=r"DE ?37|reference|RRN", fix="send DE 37 of the reply to the sale", codes=("25",),
         right=REFUND),
    _row("refund-date", "refunds with another date than the sale's",
         after_sale(lambda pos, sale, answer: pos.refund(answer, de61=f"{'0' * 12}0309")),
         r"0309", r"0310", remedy=r"date|DE ?61|61\.3|0310", fix="send DE 13 of the reply to the sale in 61.3",
         codes=("25",), right=REFUND),
    _row("refund-card", "refunds to another card", after_sale(lambda pos, sale, answer: pos.refund(answer,
         de2="6205500000000000004")),
         r"card|DE ?2\b", r"other|differ|not the|is of card", r"refund|sale", remedy=r"card|DE ?2",
         fix="use the card of the sale",
         codes=("25",), right=REFUND),
    _row("refund-as-0200", "sends a refund as 0200", after_sale(lambda pos, sale, answer: pos.refund(answer, "0200")),
         r"this is a refund but", r"0200", r"0220", remedy=r"0220", fix="send 0220", codes=("40", "12", "30"),
         right=REFUND),
    _row("check-digit", "mistypes a digit of the card number", lambda pos: pos.sale(de2="6212345678901233"),
         r"check digit|Luhn", r"^(?!.*right without)",
         remedy=r"card|digit|number|DE ?2", fix="compare the card's number", codes=("14",)),
    _row("expired", "uses a card that has expired", lambda pos: pos.sale(de2="6216261000000000018", de14="2012"),
         r"expired", r"2012|2020|12/20|December", remedy=r"card|expiry|DE ?14", fix="use a card that is valid",
         codes=("54",)),
)  # fmt: skip
