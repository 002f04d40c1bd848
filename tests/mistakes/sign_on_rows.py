"""Mistakes of signing on: who the terminal is, what it asks for, and when."""

from __future__ import annotations

from tests.mistakes.pos import MID, Pos
from tests.mistakes.row import nothing, rows_of
from tests.mistakes.wire import Draft

_row = rows_of("sign-on", "sign-on", right=Pos.sign_on_request, before=nothing)

UNKNOWN = "99999999"


def _sale_after_sign_off(pos: Pos) -> Draft:
    pos.approved(_sign_off(pos))
    return pos.sale()


def _sign_off(pos: Pos) -> Draft:
    return pos.sign_on_request().drop(63).with_(mti=b"\x08\x20").put(de60=f"00{pos.batch}002")


def _unsigned_sale(pos: Pos) -> Draft:
    """Return a sale with a MAC of an earlier day: there are no keys yet."""
    return pos.financial(de2="6212345678901232", de14="3012", de22="012").sealed(lambda message: b"0A1B2C3D")


def _second_sale(pos: Pos) -> Draft:
    pos.approved(pos.sale())
    return pos.sale()


def _second_sign_on_sale(pos: Pos) -> Draft:
    pos.approved(pos.sale())
    pos.sign_on()
    return pos.sale()


ROWS = (
    _row("unknown-terminal", "signs on with a terminal's number that is not registered",
         lambda pos: pos.sign_on_request().put(de41=UNKNOWN),
         UNKNOWN, r"not (registered|known)|unknown|no terminal", remedy=r"terminal",
         fix="register it: acquirer terminals add", codes=("97",), capture=True),
    _row("other-merchant", "signs on with another merchant's number",
         lambda pos: pos.sign_on_request().put(de42="880210010210163"),
         r"880210010210163", r"<MID>", remedy=r"DE ?42|merchant|<MID>|mid",
         fix=f"send the merchant that the terminal is registered with: {MID}", codes=("03",), capture=True),
    _row("blank-left", "blank-fills the terminal's number on the wrong side",
         lambda pos: pos.sign_on_request().put(de41=" " + pos.tid[:-1]),
         r"blank|space", r"DE ?41|terminal", remedy=r"left|blank|space|eight|begin|registered|\btid\b",
         fix="send all eight characters as registered", codes=("97",)),
    _row("operator", "signs on as an operator whom its terminal does not list",
         lambda pos: pos.sign_on_request().put(de63="07 "), r"\b07\b", r"operator", r"\b01\b", r"<TID>|terminal",
         remedy=r"\bone of them\b|operator|DE ?63|register", fix="sign on as a listed operator, or register this one",
         codes=("58",), terminal={"operators": "01 02"}),
    _row("package", "asks for a key package that there is not: 007", lambda pos: pos.sign_on_request("007"),
         r"\b007\b", r"001.*003|package",
         remedy=r"00[1-6]|package|DE ?60|60\.3", fix="ask for 001, 003, 004, 005 or 006", codes=("40", "12", "30"),
         capture=True),
    _row("as-0820", "signs on with 0820", lambda pos: pos.sign_on_request().with_(mti=b"\x08\x20"), r"\b003\b|sign-on",
         r"0820", r"0800",
         remedy=r"0800", fix="send 0800", codes=("40", "12", "30"), capture=True),
    _row("sign-off-as-0800", "signs off with 0800", lambda pos: _sign_off(pos).with_(mti=b"\x08\x00"),
         r"\b002\b|sign-off", r"0800", r"0820", remedy=r"0820", fix="send 0820", codes=("40", "12", "30"),
         capture=True),
    _row("before-sale", "sends a sale without ever having signed on", _unsigned_sale,
         r"never|not (yet )?signed on|has not signed|no (working )?keys",
         r"^(?!.*(signed off|sign-off))", remedy=r"sign", fix="sign on first", codes=("77",),
         right=Pos.sign_on_request),
    _row("after-sign-off", "goes on after signing off", _sale_after_sign_off, r"signed off|sign-off", remedy=r"sign",
         fix="sign on again", codes=("77",), right=Pos.sale, before=Pos.sign_on),
    _row("every-sale", "sends a second sale where each needs a sign-on of its own", _second_sale,
         r"per-transaction|each (sale|transaction)|every (sale|transaction)|used up",
         remedy=r"sign", fix="sign on before each sale, or register another policy", codes=("77",),
         before=Pos.sign_on, right=_second_sign_on_sale, terminal={"policy": "per-transaction"}),
    _row("batch", "counts the batch by itself", lambda pos: pos.sale(de60="2200000900050"), r"000009", r"000001",
         r"batch", remedy=r"batch|sign|000001|DE ?60|60\.2",
         fix="take the batch from the reply to the sign-on", codes=("77",), before=Pos.sign_on, right=Pos.sale),
    _row("no-master-key", "signs on with a terminal that has no TMK registered", Pos.sign_on_request,
         r"TMK|master key", r"no |without|missing|none", remedy=r"TMK|tmk|register",
         fix="register its TMK", codes=("40",), terminal={"tmk": "", "bdk": "0123456789ABCDEFFEDCBA9876543210"},
         right=Pos.echo),
)  # fmt: skip
