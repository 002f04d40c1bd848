"""Hook of hatchling: has mypyc compile the modules that every exchange passes through, and puts them into the wheel.

It is off unless the environment says ``HATCH_BUILD_HOOK_ENABLE_CUSTOM=true``. Which modules: ``modules`` of the hook in
pyproject.toml. Their source travels in the wheel too; Python imports what is compiled.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledWheel(BuildHookInterface[Any]):
    """Compiles, and says that the wheel is for one Python on one platform."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add what is compiled to a wheel; an editable install stays as it is."""
        if version == "editable":
            return
        self._place = tempfile.TemporaryDirectory()
        compiled = compile_modules(self.config["modules"], Path(self._place.name))
        build_data["force_include"] |= compiled
        build_data["infer_tag"] = True
        build_data["pure_python"] = False

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Clear up."""
        if version != "editable":
            self._place.cleanup()


def compile_modules(modules: list[str], place: Path) -> dict[str, str]:
    """Compile modules of the current directory; return files that came of it, each with its place in a wheel."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    paths = [f"{name.replace('.', '/')}.py" for name in modules]
    extensions = mypycify(paths, opt_level="3", debug_level="0", target_dir=str(place / "c"), group_name="acquirer")
    command = Distribution({"name": "acquirer", "ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp, command.parallel = str(place / "lib"), str(place / "temp"), True
    command.ensure_finalized()
    command.run()
    lib = place / "lib"
    return {str(path): str(path.relative_to(lib)) for path in lib.rglob("*") if path.is_file()}
