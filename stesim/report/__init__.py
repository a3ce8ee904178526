"""Reports: figures over what a run's folder holds.

`summary` counts what an exploration did; `recorded` reads manifests and `evaluations` results, `paired` compares these,
`study` puts all that is known of a run together, `markdown` escapes, and `table` writes the report. Each imports only
those before it.
"""
