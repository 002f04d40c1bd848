"""The table of all targets."""

from __future__ import annotations

from typing import Final

from acquirer.settings.cards import read_cards
from acquirer.settings.terminals import terminals_of
from tests.fuzz import conditions, files, frames, http, layouts, private_forms
from tests.fuzz.target import MIB, Target

_SENTENCE: Final = "accepted, or refused in one sentence with file, line and key (DataError)"

TARGETS: Final = {
    target.name: target
    for target in (
        Target(
            "deframer",
            "streams of every framing, in pieces",
            "FrameError only; the same frames in any pieces; no more kept than one frame",
            frames.deframe,
            frames.stream_seeds,
        ),
        Target(
            "codec",
            "messages of every dialect",
            "DecodeError only; generated codec and pyiso8583 agree; decoded, encoded and decoded it is the same",
            frames.decode,
            frames.frame_seeds,
        ),
        Target(
            "layouts",
            "every field that is divided inside, of every dialect",
            "read by explain, journal and elements without an error; all spans lie in the frame",
            layouts.read_layout,
            layouts.layout_seeds,
        ),
        Target(
            "tlv",
            "tags of all six kinds, EMV's and slip elements",
            "TlvError only; what was parsed gives back its bytes; built anew it parses to the same",
            layouts.read_tags,
            layouts.tag_seeds,
        ),
        Target(
            "records",
            "totals, records of uploads, and all that terminals download",
            "ValueError with a sentence; written anew it reads the same",
            private_forms.read_records,
            private_forms.record_seeds,
        ),
        Target(
            "keys",
            "key packages of every dialect, and key blocks (TR-31)",
            "PackageError and KeyBlockError only; no key in the sentence",
            private_forms.read_keys,
            private_forms.key_seeds,
        ),
        Target(
            "jbig",
            "images of signatures (JBIG1)",
            "JbigError only; no more pixels than are allowed; encoded and decoded it is the same image",
            private_forms.read_image,
            private_forms.image_seeds,
            memory_bytes=8 * MIB,
        ),
        Target(
            "dialect-file",
            "dialects (TOML), with what they extend",
            f"{_SENTENCE}; lint reports, and does not raise",
            files.reader(files.read_dialect),
            lambda: files.DIALECT_SEEDS,
            memory_bytes=16 * MIB,
        ),
        Target("rule-file", "rules (TOML)", _SENTENCE, files.reader(files.read_rule_file), files.pack_tables("rule")),
        Target("fault-file", "faults (TOML)", _SENTENCE, files.reader(files.read_fault_file), files.fault_seeds),
        Target(
            "plan-file", "load plans (TOML)", _SENTENCE, files.reader(files.read_plan_file), lambda: files.PLAN_SEEDS
        ),
        Target(
            "journey-file",
            "journeys (TOML)",
            _SENTENCE,
            files.reader(files.read_journey_file),
            files.shipped("journeys/*.toml"),
            most_bytes=8192,
        ),
        Target(
            "terminal-file",
            "registered terminals (TOML)",
            _SENTENCE,
            files.reader(terminals_of),
            lambda: files.TERMINAL_SEEDS,
            memory_bytes=256 * MIB,
        ),
        Target(
            "settings-file",
            "settings of a host (acquirer.toml)",
            _SENTENCE,
            files.reader(files.read_settings_file),
            lambda: files.SETTINGS_SEEDS,
        ),
        Target(
            "download-file",
            "what terminals download (TOML)",
            _SENTENCE,
            files.read_download_file,
            files.download_seeds,
            most_bytes=8192,
        ),
        Target(
            "case-file",
            "cases of a certification (TOML)",
            _SENTENCE,
            files.reader(files.read_case_file),
            files.case_seeds,
            most_bytes=8192,
        ),
        Target("card-file", "test cards (TOML)", _SENTENCE, files.reader(read_cards), files.shipped("cards.toml")),
        Target(
            "descriptions",
            "packagers of jPOS (XML) and specifications of moov (JSON)",
            "DataError only; the dialect file written of it is TOML",
            files.read_description,
            files.description_seeds,
        ),
        Target(
            "captures",
            "captures in any form: packets, logs, dumps",
            "CaptureError only; every way to read one has a name and bytes",
            files.read_any_capture,
            files.capture_seeds,
            most_bytes=2048,
            memory_bytes=16 * MIB,
        ),
        Target(
            "diagnosis",
            "captures in any form, of two dialects, to the sentences about them",
            "CaptureError only; what is shown is masked",
            files.diagnose,
            files.capture_seeds,
            most_bytes=512,
            memory_bytes=64 * MIB,
            patience_s=30,
        ),
        Target(
            "digits",
            "hexadecimal digits as people paste them",
            "HexError only; a dump of bytes reads as these bytes",
            files.read_digits,
            files.capture_seeds,
        ),
        Target(
            "filter",
            "filters as text",
            "ConditionError only; written anew it means the same; any exchange can be asked",
            conditions.read_filter,
            conditions.filter_seeds,
            most_bytes=400,
        ),
        Target(
            "condition",
            "conditions as tables (JSON)",
            "ConditionError only; any exchange can be asked",
            conditions.read_table,
            conditions.table_seeds,
            most_bytes=400,
        ),
        Target(
            "http",
            "requests to every path of the HTTP application",
            "one answer, never 5xx; a refusal is problem+json with a sentence",
            http.ask,
            http.request_seeds,
            memory_bytes=16 * MIB,
        ),
    )
}
