"""Documents, vectors and history in Elasticsearch, for many users and several machines.

Only the core of Elasticsearch is used: no scripts, no plugins, nothing that needs a licence. See `layout` for the
indices, `log` for why a commit cannot tear, `view` for when a write is seen, `search` for how scores come about.
"""

from .store import ElasticsearchStore

__all__ = ["ElasticsearchStore"]
