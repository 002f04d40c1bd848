"""A terminal that knows what is right, over a real socket; the rows of the catalogue make it err."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.mistakes import crypto
from tests.mistakes.wire import Draft, Value, draft, read

MID = "880210010210162"
TMK = bytes.fromhex("258FB0AB70D025CDB99DF2C4D302D646")  # published with UnionPay's first sample key package
SM4_TMK = bytes.fromhex("1234567890ABCDEFABCDEF0987654321")
OTHER_TMK = bytes.fromhex("0123456789ABCDEF23456789ABCDEF01")

CARD = "6212345678901232"  # its PIN is 123456
LONG_CARD = "6205500000000000004"  # 19 digits
PIN = "123456"
TRACK = CARD + "D30121220000001234560"  # 37 digits

PATIENCE_S = 20.0

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "001": ("pik 8", "mak 8"),
    "003": ("pik 16", "mak 16"),
    "004": ("pik 16", "mak 16", "tdk 16"),
    "005": ("pik 16", "mak 16"),
    "006": ("pik 16", "mak 16", "tdk 16"),
}


@dataclass(frozen=True)
class Keys:
    """The working keys of one sign-on: as they came, and as the terminal uses them."""

    wrapped: Mapping[str, bytes]
    clear: Mapping[str, bytes]

    @property
    def pik(self) -> bytes:
        return self.clear["pik"]

    @property
    def mak(self) -> bytes:
        return self.clear["mak"]

    @property
    def tdk(self) -> bytes:
        return self.clear["tdk"]


@dataclass(frozen=True)
class Answer:
    """What came back: nothing when the host closed without a word."""

    data: bytes
    peer: str  # the address that the host saw

    @property
    def fields(self) -> dict[int, bytes]:
        return read(self.data[2:]) if self.data else {}

    @property
    def code(self) -> str:
        return self.fields.get(39, b"").decode("latin-1")

    @property
    def rrn(self) -> str:
        return self.fields[37].decode()


def unpack(layout: tuple[str, ...], data: bytes) -> dict[str, bytes]:
    """Return the encrypted keys of DE 62, without their check values."""
    keys, at = {}, 0
    for part in layout:
        name, size = part.split()
        keys[name] = data[at : at + int(size)]
        at += int(size) + 4
    assert at == len(data), f"{len(data)} bytes of keys, {at} expected"
    return keys


@dataclass
class Pos:
    """One terminal. Its requests are right; `send` takes what a row has turned them into."""

    ports: Mapping[str, int]
    tid: str
    listener: str = "unionpay-pos"
    tmk: bytes = TMK
    cipher: str = crypto.DES
    mak_form: str = "single"
    stan: int = 0
    batch: str = "000001"
    generations: list[Keys] = field(default_factory=list)

    @property
    def keys(self) -> Keys:
        return self.generations[-1]

    @property
    def facts(self) -> dict[str, str]:
        """What a sentence may be expected to name, for the patterns of a row."""
        found = {"TID": self.tid, "MID": MID, "TMK": crypto.check_value(self.tmk, self.cipher)}
        if self.generations:
            found |= {name.upper(): crypto.check_value(key, self.cipher) for name, key in self.keys.clear.items()}
        return found

    # The line

    def send(self, message: Draft | bytes) -> Answer:
        """Send bytes on a connection of their own, close the sending side, and return what comes back."""
        data = message if isinstance(message, bytes) else message.frame
        with socket.create_connection(("127.0.0.1", self.ports[self.listener]), timeout=PATIENCE_S) as sock:
            host, port = sock.getsockname()
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                chunks = iter(lambda: sock.recv(65536), b"")
                received = b"".join(chunks)
            except OSError:
                received = b""  # refused before all was sent
        return Answer(received, f"{host}:{port}")

    def approved(self, message: Draft) -> Answer:
        """Send what must be approved for the rest to make sense."""
        answer = self.send(message)
        assert answer.code == "00", f"{self.tid}: {answer.code or 'no answer'}"
        return answer

    # Keys

    def sign_on_request(self, function: str = "003") -> Draft:
        """Return a sign-on."""
        return self._message("0800", de60=f"00{self.batch}{function}", de63="01 ")

    def sign_on(self, function: str = "003") -> Answer:
        """Sign on and take the keys."""
        answer = self.approved(self.sign_on_request(function))
        wrapped = unpack(LAYOUTS[function], answer.fields[62])
        self.batch = answer.fields[60].decode()[2:8]
        clear = {name: crypto.decrypt(self.tmk, key, self.cipher) for name, key in wrapped.items()}
        if self.cipher == crypto.DES and self.mak_form == "single":
            clear["mak"] = clear["mak"][:8]
        self.generations.append(Keys(wrapped, clear))
        return answer

    def mac(self, message: Draft) -> bytes:
        """Return DE 64 as it should be."""
        return crypto.unionpay_mac(self.keys.mak, message.covered, self.cipher)

    # Requests

    def next_stan(self) -> str:
        self.stan += 1
        return f"{self.stan:06}"

    def _message(self, mti: str, **values: Value) -> Draft:
        return draft(mti, **{"de11": self.next_stan(), "de41": self.tid, "de42": MID, **values})

    def financial(self, mti: str = "0200", /, **values: Value) -> Draft:
        """Return a sale without a card, with its MAC."""
        common: dict[str, Value] = {"de3": "000000", "de4": "000000001234", "de25": "00", "de49": "156"}
        return self._message(mti, **{**common, "de60": f"22{self.batch}00050", **values}).sealed(self.mac)

    def sale(self, **values: Value) -> Draft:
        """Return a keyed sale."""
        return self.financial(**{"de2": CARD, "de14": "3012", "de22": "012", **values})

    def swipe(self, track: str = TRACK, **values: Value) -> Draft:
        """Return a sale by magnetic stripe, its track in clear."""
        return self.financial(**{"de22": "022", "de35": track, **values})

    def pin_sale(self, block: bytes | None = None, **values: Value) -> Draft:
        """Return a keyed sale with a PIN."""
        right = crypto.encrypt(self.keys.pik, crypto.pin_block(PIN, CARD))
        pin: dict[str, Value] = {"de26": "12", "de52": block or right, "de53": "2600000000000000"}
        return self.sale(**{"de22": "011", **pin, **values})

    def echo(self) -> Draft:
        """Return an echo test."""
        return self._message("0820", de60=f"00{self.batch}301")

    def reversal(self, sale: Draft, **values: Value) -> Draft:
        """Return the reversal of a sale."""
        kept = {f"de{de}": value for de, value in sale.values.items() if de not in (14, 26, 35, 36, 52, 53)}
        return self.financial("0400", **{**kept, "de39": "98", **values})

    def void(self, sale: Draft, answer: Answer, **values: Value) -> Draft:
        """Return the void of a sale."""
        original = f"{self.batch}{sale.stan}"
        return self.sale(
            **{"de3": "200000", "de37": answer.rrn, "de60": f"23{self.batch}00050", "de61": original, **values}
        )

    def refund(self, answer: Answer, mti: str = "0220", **values: Value) -> Draft:
        """Return the refund of a sale."""
        date = answer.fields[13].decode()
        refund = {"de3": "200000", "de37": answer.rrn, "de60": f"25{self.batch}00050", "de63": "000"}
        return self.financial(
            mti, **{"de2": CARD, "de14": "3012", "de22": "012", **refund, "de61": f"{'0' * 12}{date}", **values}
        )

    def signature(self, sale: Draft, answer: Answer, image: bytes, **values: Value) -> Draft:
        """Return the upload of a signature."""
        slip = bytes.fromhex("FF0104CFFBB7D1FF020101")
        upload: dict[str, Value] = {
            "de2": CARD,
            "de4": str(sale.values[4]),
            "de11": sale.stan,
            "de15": answer.fields[15].decode(),
            "de37": answer.rrn,
            "de55": slip,
            "de60": f"07{self.batch}800",
            "de62": image,
        }
        return self._message("0820", **{**upload, **values}).sealed(self.mac)


Make = Callable[[Pos], Draft | bytes]
"""Makes the message of a row, after what comes before it."""
