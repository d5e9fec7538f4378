"""Every form that was ever filled, by its digest: what an old submission is read with.

A form is stored before the first case that filled it is filed, and never again; it stays for as
long as the office does, whatever the product asks later. In memory are all of them: a few for each
product and union.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from actors.ports import WallClock
from actors.store import READ_ROWS_MAX, Batch, Document, Store
from backoffice.shards import PROVINCE
from wire.codec import decode, encode
from wire.form import Form

COLLECTION: Final = "forms"
"""The documents, by the digest in hex."""

WHO: Final = "office"


def form_digest(form: Form) -> bytes:
    """BLAKE2b-256 of the form's encoding."""
    return hashlib.blake2b(encode(form), digest_size=32).digest()


class Forms:
    """The forms that are known.

    Args:
        forms: those to begin with.
    """

    def __init__(self, forms: Iterable[Form] = ()) -> None:
        self._known = {form_digest(form): form for form in forms}

    def __getitem__(self, digest: bytes) -> Form:
        """The form of that digest; of every case on file there is one."""
        return self._known[digest]

    async def load(self, store: Store) -> None:
        """Learn every form that is stored.

        Raises:
            StoreError: they cannot be read.
        """
        after, more = "", True
        while more:
            page = await store.documents(COLLECTION, after)
            self._known |= {bytes.fromhex(key): decode(Form, body) for key, body in page}
            after, more = page[-1][0] if page else "", len(page) == READ_ROWS_MAX

    async def keep(self, form: Form, store: Store, wall: WallClock) -> None:
        """Have the form stored, once; what is filed afterwards may name it.

        Raises:
            StoreError: it may not be stored.
        """
        digest = form_digest(form)
        if digest in self._known:
            return
        document = Document(COLLECTION, digest.hex(), encode(form))
        batch = Batch(WHO, wall.now_ms(), documents=(document,), shard=PROVINCE)
        await store.commit(batch)
        self._known[digest] = form


__all__ = ["COLLECTION", "Forms", "form_digest"]
