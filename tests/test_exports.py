"""What a package offers is written down in its `__all__`, and is really there."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.kit.sources import Source, product_sources

PACKAGES = [source for source in product_sources() if source.path.name == "__init__.py"]


def exported(source: Source) -> list[str] | None:
    """The names in a module's `__all__`, in its own order; None when it has none."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                assert node.value is not None
                names: list[str] = ast.literal_eval(node.value)
                return names
    return None


def bound(source: Source) -> set[str]:
    """Every name that a module binds at its top level."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("package", PACKAGES, ids=lambda source: source.name)
def test_a_package_says_what_it_offers(package: Source) -> None:
    """Whoever reads `__init__.py` knows the package's public names, and each can be imported."""
    names = exported(package)
    assert names is not None, f"{package.name}:1: no __all__"

    module = importlib.import_module(package.name.removesuffix("/__init__.py").replace("/", "."))

    missing = [name for name in names if not hasattr(module, name)]
    assert missing == [], f"{package.name}:1: __all__ names what is not there"
    assert len(names) == len(set(names)), f"{package.name}:1: a name twice"


def test_a_module_exports_only_what_it_has() -> None:
    """The same for every module that has an `__all__`."""
    complaints = [
        f"{source.name}:1: __all__ names {sorted(missing)}"
        for source in product_sources()
        if (missing := set(exported(source) or ()) - bound(source))
    ]

    assert complaints == []
