"""OpenAPI documents (3.0 and 3.1, JSON or YAML) as toolset folders that answer offline.

    from mocktools.openapi import import_document
    print(import_document(Path("petstore.yaml"), Path("petstore")).skipped)

Modules, each importing only those before it: `yamlfile`, `document` (read, look up), `wording`, `shapes` (schemas),
`inputs` (arguments), `answers`, `servers`, `cleaned` (without secrets), `operations` (entries), `folder` (written). Not
covered: Swagger 2.0, documents in several files, bodies that are not JSON.
"""

from mocktools.openapi.folder import Imported, import_document

__all__ = ["Imported", "import_document"]
