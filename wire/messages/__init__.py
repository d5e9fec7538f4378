"""Every message that crosses between programs, one module per conversation.

* `session`: signing in, the product list, the operator's view.
* `identity`: the online identity check.
* `images`: resumable transfer of photos, both ways.
* `case`: a case from submission to delivery, terminal ↔ office.
* `desk`: the authorization queue, desk ↔ office.

`UPWARD` is everything that an office accepts from a peer, `DOWNWARD` everything that it sends
unasked; replies are known from their requests. The role × message matrix is the office's
(`backoffice.access`).
"""
