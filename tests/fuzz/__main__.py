"""Hostile bytes for everything that reads them; ``scripts/fuzz`` runs this."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.fuzz.keep import keep
from tests.fuzz.many_frames import NIGHTLY, FrameFailed, read_many, share
from tests.fuzz.table import TARGETS
from tests.fuzz.target import Target, corpus, name_of

ROOT: Final = Path(__file__).parents[2]
FOUND: Final = ROOT / ".fuzz"
"""What runs have found: a folder for each target, read again by the next run; `crashes` beside them."""

MEMORY_MB: Final = 1024
"""Of a fuzzing process: the program, its instruments, and a corpus."""

PORTION: Final = 20_000
"""Frames that one process reads before it is given the next: some seconds."""

EXAMPLES: Final = """\
Examples:
  ./scripts/fuzz --seconds 60               every target in turn, a minute each, by coverage
  ./scripts/fuzz codec jbig --seconds 3600
  ./scripts/fuzz codec --input .fuzz/crashes/codec-crash-1f0c…
  ./scripts/fuzz codec --keep               what was found and reaches further is added to tests/corpus
  ./scripts/fuzz --frames 1000000 --seed 7  damaged frames of every dialect, counted
  ./scripts/fuzz --nightly                  fifty million of them
"""


def main(words: list[str]) -> int:
    """Return 0 when all that must hold held, else 1."""
    options = _options(words)
    if options.list:
        for target in TARGETS.values():
            print(f"{target.name:14} {target.reads}\n{'':14} {target.holds}")
        return 0
    if options.nightly or options.frames:
        return count_frames(NIGHTLY if options.nightly else options.frames, options.seed, options.workers)
    targets = [TARGETS[name] for name in options.targets or TARGETS]
    if options.input:
        for target in targets:
            target.check(options.input.read_bytes())
            print(f"{target.name}: OK")
        return 0
    if options.keep:
        for target in targets:
            number, size = keep(target, list(_found(target)))
            print(f"{target.name}: {number} inputs of {size} bytes kept")
        return 0
    failed = [target.name for target in targets if not guide(target, options.seconds)]
    print(f"{len(targets) - len(failed)} of {len(targets)} targets hold{': not ' if failed else ''}{', '.join(failed)}")
    return bool(failed)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "scripts/fuzz", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what is fed; without any, all of --list")
    parser.add_argument("--list", action="store_true", help="print the targets, and what must hold of each")
    parser.add_argument("--seconds", type=int, default=60, help="of each target (60)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="feed this one input again")
    parser.add_argument("--keep", action="store_true", help="write tests/corpus anew, of what runs have found")
    parser.add_argument("--frames", type=int, metavar="N", help="read N damaged frames of all dialects together")
    parser.add_argument("--nightly", action="store_true", help=f"the same with {NIGHTLY:,} frames")
    parser.add_argument("--seed", default="1", help="draws those frames (1)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that read them")
    options = parser.parse_args(words)
    for name in options.targets:
        if name not in TARGETS:
            parser.error(f"there is no target '{name}'; there are {', '.join(TARGETS)}")
    for name in ("frames", "seconds", "workers"):
        if (number := getattr(options, name)) is not None and number < 1:
            parser.error(f"--{name} must be a number from 1")
    if options.input and not options.input.is_file():
        parser.error(f"--input: {options.input} is no file")
    return options


# by coverage


def guide(target: Target, seconds: int) -> bool:
    """Feed one target by coverage; return whether all inputs held."""
    try:
        import atheris  # noqa: F401  # is it there?
    except ImportError:
        print("atheris is not installed: it has wheels for Linux and Python up to 3.13 (pip install atheris)")
        return False
    folder = FOUND / target.name
    crashes = FOUND / "crashes"
    for one in (folder, crashes):
        one.mkdir(parents=True, exist_ok=True)
    for data in (*target.seeds(), *corpus(target.name)):
        (folder / name_of(data)).write_bytes(data)
    command = [
        *(sys.executable, "-m", "tests.fuzz.guided", target.name),
        f"-max_total_time={seconds}",
        f"-max_len={target.most_bytes}",
        f"-timeout={target.patience_s}",
        f"-rss_limit_mb={MEMORY_MB + (target.memory_bytes >> 20)}",
        f"-artifact_prefix={crashes / target.name}-",
        "-print_final_stats=1",
        "-verbosity=0",
        str(folder),
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    output = ended.stdout + ended.stderr
    lines = [line.removeprefix("stat::") for line in output.splitlines() if line.startswith("stat::")]
    stats = dict(line.split(":", 1) for line in lines)
    inputs = int(stats.get("number_of_executed_units", "0"))
    if ended.returncode == 0:
        print(
            f"{target.name}: OK, {inputs:,} inputs, {len(list(folder.iterdir())):,} kept in {folder.relative_to(ROOT)}"
        )
        return True
    print(f"{target.name}: does not hold\n{output[-4000:]}")
    return False


def _found(target: Target) -> Iterator[bytes]:
    folder = FOUND / target.name
    if folder.exists():
        for path in folder.iterdir():
            yield path.read_bytes()


# by number


def count_frames(frames: int, seed: str, workers: int) -> int:
    """Read damaged frames of all dialects in several processes, and print how many; return 1 when one fails."""
    from tests.fuzz.frames import DIALECTS

    begin_s = time.monotonic()
    each = share(frames)
    jobs = [
        (name, min(PORTION, each - first), f"{seed}.{first // PORTION}")
        for first in range(0, each, PORTION)
        for name in DIALECTS
    ]
    counted: Counter[str] = Counter()
    with ProcessPoolExecutor(workers) as pool:
        try:
            for number, found in enumerate(pool.map(read_many, *zip(*jobs, strict=True)), 1):
                counted += found
                if number % 50 == 0 or number == len(jobs):
                    print(f"{counted['frames']:,} frames, {time.monotonic() - begin_s:.0f} s", flush=True)
        except FrameFailed as exc:
            pool.shutdown(cancel_futures=True)
            print(f"{exc}\n  because of {exc.__cause__!r}")
            return 1
    print(", ".join(f"{number:,} {what}" for what, number in counted.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
