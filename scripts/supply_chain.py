"""What this project is made of: hashes, licences, a list of materials, known vulnerabilities."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
SBOM: Final = ROOT / "sbom.cdx.json"

RUN_TIME_EXTRAS: Final = ("http", "pdf", "escpos")
"""Beside what is always installed: what a host of many users needs."""

ALLOWED: Final = frozenset(
    (
        *("MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0", "ZPL-2.1"),
        *("0BSD", "HPND", "Unlicense"),
    )
)
"""Licences that ask for no more than their text and their names."""

SPELLINGS: Final[Mapping[str, str]] = {
    "mit license": "MIT",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "apache software license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}
"""What packages write that is older than SPDX."""

AUDIT_S: Final = 300
"""How long advisories are asked for: where they cannot be had it takes a minute."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """One requirement of a lock."""

    name: str
    version: str
    hashes: tuple[str, ...]  # SHA-256, hex: of each file that it may come as


def read_lock(path: Path) -> list[Pinned]:
    """Return the requirements of a lock; one without a version or a hash has none."""
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", path.read_text(encoding="utf-8")):
        head = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?(?:==([^\s;\\]+))?", block)
        if head is not None:
            found.append(Pinned(head[1].lower(), head[2] or "", tuple(re.findall(r"sha256:([0-9a-f]{64})", block))))
    return found


def installed(name: str) -> Distribution | None:
    """Return an installed package; None: it is for other systems."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def closure(extras: Iterable[str]) -> set[str]:
    """Return the names of all that is installed with this project and some of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = list(project["dependencies"])
    for extra in extras:
        waiting += project["optional-dependencies"][extra]
    found: set[str] = set()
    while waiting:
        text = waiting.pop()
        name = re.match(r"[A-Za-z0-9_.-]+", text)
        if name is None or (key := name[0].lower().replace("_", "-")) in found:
            continue
        found.add(key)
        package = installed(key)
        waiting += [one for one in (package.requires or [] if package else []) if "extra ==" not in one]
    return found


# hashes


def unpinned(lock: Path) -> Iterator[str]:
    """Yield a sentence for each requirement that anything could be installed as."""
    for one in read_lock(lock):
        if not one.version or not one.hashes:
            yield f"{lock.name}: {one.name} is not pinned to a version and its hashes"


def changed_files(pinned: Iterable[Pinned]) -> Iterator[str]:
    """Yield a sentence for each installed package that is another version than locked, or whose files were changed."""
    for one in pinned:
        package = installed(one.name)
        if package is None:
            continue
        if package.version != one.version:
            yield f"{one.name} {package.version} is installed, and {one.version} is locked"
        for file in package.files or ():
            path = Path(str(file.locate()))
            if file.hash is None or ".." in file.parts or not path.is_file():
                continue  # commands are written by who installs, for the place where they are
            digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                yield f"{one.name}: {file} is not as it was when it was installed"


# licences


def licence_of(name: str, stated: Mapping[str, str]) -> str:
    """Return under what a package is, in SPDX; "" where nothing says so."""
    if name in stated:
        return stated[name]
    package = installed(name)
    if package is None:
        return ""
    metadata: Any = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier") or () if "License ::" in text]
    for text in (*classifiers, metadata.get("License") or ""):
        spelled = str(SPELLINGS.get(text.strip().lower(), text.strip()))
        if spelled in ALLOWED or re.match("(MPL|L?GPL|AGPL|GNU)", spelled):
            return spelled
    return ""


def is_allowed(expression: str) -> bool:
    """Return whether a licence may be that of anything: of alternatives one, of several all.

    >>> is_allowed("MIT OR GPL-2.0-only"), is_allowed("MIT AND GPL-2.0-only")
    (True, False)
    """
    return any(all(part.strip("() ") in ALLOWED for part in one.split(" AND ")) for one in expression.split(" OR "))


def refused_licences(names: Iterable[str], run_time: set[str], table: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield a sentence for each package whose licence is not known, or may not be where the package is."""
    for name in names:
        found = licence_of(name, table["stated"])
        if not found:
            yield f"{name}: nothing says under which licence it is; write it into scripts/licences.toml"
        elif not is_allowed(found) and name in run_time:
            yield f"{name}: {found}, and it is installed with the program"
        elif not is_allowed(found) and name not in table["reasons"]:
            yield f"{name}: {found}; say in scripts/licences.toml why that is right where it is used"


# list of materials


def bill_of_materials(pinned: Iterable[Pinned], run_time: set[str], stated: Mapping[str, str]) -> str:
    """Return what the locks install as a CycloneDX 1.6 document."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    from acquirer import __version__

    licences, bom = LicenseFactory(), Bom()
    bom.metadata.component = Component(
        name="acquirer",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="acquirer",
        licenses=[licences.make_from_string("Apache-2.0")],
    )
    parts = []
    for one in pinned:
        licence = licence_of(one.name, stated)
        # A lock does not say which of its files was installed: all hashes are those of one version.
        parts.append(
            Component(
                name=one.name,
                version=one.version,
                bom_ref=f"{one.name}=={one.version}",
                purl=PackageURL("pypi", None, one.name, one.version),
                scope=ComponentScope.REQUIRED if one.name in run_time else ComponentScope.EXCLUDED,
                licenses=[licences.make_from_string(licence)] if licence else [],
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one.hashes],
            )
        )
        bom.components.add(parts[-1])
    bom.register_dependency(bom.metadata.component, [part for part in parts if part.name in run_time])
    return JsonV1Dot6(bom).output_as_string(indent=2)


def schema_problems(document: str) -> list[str]:
    """Return where a list of materials is not as CycloneDX 1.6 says; the schemas are those of its own library."""
    import cyclonedx.schema
    import jsonschema_rs

    folder = Path(cyclonedx.schema.__file__).parent / "_res"

    def schema(address: str) -> Any:
        return json.loads((folder / address.rpartition("/")[2]).read_text(encoding="utf-8"))

    validator = jsonschema_rs.validator_for(schema("bom-1.6.SNAPSHOT.schema.json"), retriever=schema)
    errors = validator.iter_errors(json.loads(document))
    return [f"{'/'.join(map(str, one.instance_path))}: {one.message[:200]}" for one in errors]


# advisories


def vulnerabilities(lock: Path) -> tuple[list[str], list[str]]:
    """Return known vulnerabilities of a lock, and what keeps them from being known."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=AUDIT_S, check=False)
    except subprocess.TimeoutExpired:
        return [], [f"advisories did not come within {AUDIT_S} s"]
    return audited(lock.name, done.stdout, done.stderr)


def audited(lock: str, output: str, errors: str) -> tuple[list[str], list[str]]:
    """Return what an audit found, and what it did not look at: it calls both no vulnerability."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        last = errors.strip().splitlines()[-1:] or ["no answer"]
        return [], [f"{lock}: advisories cannot be had here ({last[0][:160]})"]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    found = []
    for one in packages:
        for advisory in one.get("vulns", ()):
            fixed = ", ".join(advisory.get("fix_versions", ())) or "no version"
            found.append(f"{lock}: {one['name']} {one['version']}: {advisory['id']}, fixed in {fixed}")
    unknown = (
        [f"{lock}: {len(skipped)} of {len(packages)} packages were not looked at, as {skipped[0]}"] if skipped else []
    )
    return found, unknown


def main() -> int:
    """Print what is so and what is not; return 1 where something has to be done."""
    parser = argparse.ArgumentParser(prog="scripts/supply-chain", description=__doc__)
    parser.add_argument(
        "--sbom", type=Path, default=SBOM, metavar="FILE", help="where the list of materials is written"
    )
    parser.add_argument("--offline", action="store_true", help="ask for no advisories")
    parser.add_argument("--licences", action="store_true", help="print the licence of every package")
    options = parser.parse_args()
    locks = [ROOT / "requirements.lock", ROOT / "requirements-test.lock"]
    table = tomllib.loads((ROOT / "scripts" / "licences.toml").read_text(encoding="utf-8"))
    pinned = read_lock(locks[1])
    run_time = closure(RUN_TIME_EXTRAS)
    problems = [sentence for lock in locks for sentence in unpinned(lock)]
    problems += changed_files(pinned)
    problems += refused_licences([one.name for one in pinned], run_time, table)
    document = bill_of_materials(pinned, run_time, table["stated"])
    problems += [f"{options.sbom.name}: {sentence}" for sentence in schema_problems(document)]
    options.sbom.write_text(document + "\n", encoding="utf-8")
    unknown: list[str] = ["advisories were not asked for"] if options.offline else []
    for lock in () if options.offline else locks:
        found, missing = vulnerabilities(lock)
        problems += found
        unknown += missing
    if options.licences:
        for one in pinned:
            where = "run time" if one.name in run_time else table["reasons"].get(one.name, "tests and tools")
            print(f"{one.name:28} {licence_of(one.name, table['stated']):24} {where}")
    there = [one for one in pinned if installed(one.name) is not None]
    print(f"{len(pinned)} packages are locked with hashes, {len(there)} are installed, {len(run_time)} at run time")
    print(f"{options.sbom}: a list of materials, CycloneDX 1.6")
    for sentence in unknown:
        print(f"not known: {sentence}")
    for sentence in problems:
        print(f"problem: {sentence}", file=sys.stderr)
    print(f"{len(problems)} problems found" if problems else "OK")
    return int(bool(problems))


if __name__ == "__main__":
    raise SystemExit(main())
