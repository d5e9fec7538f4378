"""The authorizer's desk client: a program of its own that only exchanges messages."""
