"""What a terminal looks up while a form is filled: lists, a colleague's proof, a phone's proof.

One desk each, and one durable stream per desk and case: nothing is answered before it is recorded,
and a submission counts only what stands in these records.
"""

__all__: list[str] = []
