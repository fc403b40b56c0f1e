"""The client and the session index."""

from .moss_client import MossClient
from .session_index import SessionIndex

__all__ = ["MossClient", "SessionIndex"]
