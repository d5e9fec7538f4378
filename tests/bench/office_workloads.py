"""stub"""

from tests.bench.source import Source

SOURCES: dict[str, Source] = {}
