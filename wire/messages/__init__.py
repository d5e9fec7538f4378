"""Every message that crosses between programs, one module per conversation.

* `session`: signing in, the product list, the operator's view.
* `identity`: the online identity check.
* `images`: resumable transfer of photos, both ways.
* `case`: a case from submission to delivery, terminal ↔ office.
* `desk`: the authorization queue, desk ↔ office.

Replies are known from their requests. Who may send what is the office's (`peers.access`).
"""

__all__: tuple[str, ...] = ()
