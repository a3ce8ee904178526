"""The run folder: plain files that a person can read and `jq` can query, written so that nothing is lost.

`lines` appends to and heals JSON-lines files, `codec` turns records into JSON and back, `folder` puts them
together: manifest, lock, what is finished, completions. Imports only `records` and `errors`.
"""

from stesim.store.folder import RunFolder, StageFolder

__all__ = ["RunFolder", "StageFolder"]
