"""Every error of the project has exactly one kind, keeps its evidence, and is still what version 0.1 raised."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import acquirer
from acquirer import errors
from acquirer.data.toml import DataError
from acquirer.errors import AcquirerError
from acquirer.security.packages import KcvError
from acquirer.wire.framing import FrameError
from acquirer.wire.message import DecodeError
from acquirer.wire.tlv import TlvError

KINDS = (
    errors.ConfigurationError,
    errors.StoreError,
    errors.WireError,
    errors.SecurityError,
    errors.PeerError,
)
# Raised and caught within the project: nothing has failed.
CONTROL_FLOW = {"Exit", "Unusual", "Decided", "NotFetched", "PersonWish", "PowerCut"}
# The first two run when they are imported; Locust replaces the sockets of who imports it.
NOT_IMPORTED = ("acquirer.__main__", "acquirer.store.migrations", "acquirer.load.locust")


def exception_classes() -> dict[str, type[BaseException]]:
    found = {}
    for module in pkgutil.walk_packages(acquirer.__path__, "acquirer."):
        if module.name.startswith(NOT_IMPORTED):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == module.name:
                found[f"{module.name}.{name}"] = value
    return found


CLASSES = exception_classes()


def test_every_public_error_has_exactly_one_kind() -> None:
    public = {name: one for name, one in CLASSES.items() if not one.__name__.startswith("_")}
    without = [
        name
        for name, one in public.items()
        if one not in (AcquirerError, *KINDS)
        and one.__name__ not in CONTROL_FLOW
        and sum(issubclass(one, kind) for kind in KINDS) != 1
    ]
    assert without == []
    assert len(public) > 25


@pytest.mark.parametrize(
    "name",
    [
        "data.toml.DataError",
        "wire.framing.FrameError",
        "wire.message.DecodeError",
        "wire.message.EncodeError",
        "wire.tlv.TlvError",
        "security.ciphers.CipherError",
        "security.pin.PinError",
        "security.track.TrackError",
        "security.packages.PackageError",
        "security.vault.VaultError",
        "security.dukpt.DukptError",
        "signature.jbig.JbigError",
        "signature.pen.PenError",
        "signature.png.PngError",
        "signature.strokes.StrokesError",
        "terminal.card.CardError",
    ],
)
def test_what_was_a_value_error_still_is_one(name: str) -> None:
    assert issubclass(CLASSES[f"acquirer.{name}"], ValueError)


@pytest.mark.parametrize(
    ("error", "evidence"),
    [
        (
            DataError("hosts.toml", 3, "port", "must be a whole number"),
            {"name": "hosts.toml", "line": 3, "key": "port", "problem": "must be a whole number"},
        ),
        (
            FrameError("too-long", "a frame of 9000 bytes", b"\x23\x28"),
            {"reason": "too-long", "detail": "a frame of 9000 bytes", "data": b"\x23\x28", "before": b""},
        ),
        (
            DecodeError("ends", field=4, position=20, mti="0200", fields={3: "000000"}),
            {"problem": "ends", "field": 4, "position": 20, "mti": "0200", "fields": {3: "000000"}, "spans": {}},
        ),
        (TlvError("no length", 2), {"problem": "no length", "position": 2, "before": ()}),
        (KcvError("MAK", "00", "11", "22"), {"name": "MAK", "expected": "00", "got": "11"}),
        (AcquirerError("a sentence"), {}),
    ],
)
def test_an_error_keeps_its_evidence(error: AcquirerError, evidence: dict[str, object]) -> None:
    assert error.evidence == evidence
