"""Two kinds of contract that import-linter lacks; `.importlinter` says where they hold.

Its own `protected` contract stops when a listed module does not exist or a library is not imported
yet; a door is allowed to be still shut.
"""

from __future__ import annotations

from typing import ClassVar

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class _LinesContract(Contract):
    """A contract that is broken by single imports, each shown with file and line."""

    def forbidden(self, graph: ImportGraph) -> set[tuple[str, str]]:
        """The (importer, imported) pairs that are there and must not be."""
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken = [
            f"{importer}:{detail['line_number']}: {detail['line_contents']}"
            for importer, imported in sorted(self.forbidden(graph))
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line, bold=False)


class DoorsContract(_LinesContract):
    """A library is imported only by the modules named for it: `library: module package **.cli`."""

    type_name: ClassVar[str] = "doors"
    doors = fields.ListField(subfield=fields.StringField())

    def forbidden(self, graph: ImportGraph) -> set[tuple[str, str]]:
        found = set()
        for line in self.doors:  # type: ignore[attr-defined] # a field is a list on an instance
            library, _, modules = str(line).partition(":")
            if library in graph.modules:
                for importer in graph.find_modules_that_directly_import(library):
                    if not any(_is_within(importer, module) for module in modules.split()):
                        found.add((importer, library))
        return found


class SealedContract(_LinesContract):
    """A package and the rest of its parent package do not import each other."""

    type_name: ClassVar[str] = "sealed"
    packages = fields.ListField(subfield=fields.StringField())

    def forbidden(self, graph: ImportGraph) -> set[tuple[str, str]]:
        found = set()
        for package in map(str, self.packages):  # type: ignore[call-overload] # as above
            parent = package.rpartition(".")[0]
            for importer in graph.find_descendants(parent) if parent in graph.modules else ():
                for imported in graph.find_modules_directly_imported_by(importer):
                    if _is_within(imported, parent) and (
                        _is_within(importer, package) != _is_within(imported, package)
                    ):
                        found.add((importer, imported))
        return found


def _is_within(module: str, place: str) -> bool:
    """Whether a module is `place` or below it; `**.name` is any module of that name."""
    if place.startswith("**."):
        return module.endswith(place.removeprefix("**"))
    return module == place or module.startswith(f"{place}.")
