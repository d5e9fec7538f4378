"""The banking products: every module here publishes one as `PRODUCT`, named like its file.

A new product is one new file; `backoffice.catalogue.products` finds and validates it at start.
"""

__all__: list[str] = []
