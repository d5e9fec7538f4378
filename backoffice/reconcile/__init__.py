"""End-of-day reconciliation: what the cases say, what the partners say, and where they disagree."""

from backoffice.reconcile.book import Difference, Reconciliation, What, reconcile, reconcile_folder
from backoffice.reconcile.words import render_reconciliation

__all__ = [
    "Difference",
    "Reconciliation",
    "What",
    "reconcile",
    "reconcile_folder",
    "render_reconciliation",
]
