"""Reports: figures over what a run's folder holds.

`summary` counts what an exploration did; `recorded` reads manifests, `trained` what a fine-tuning came to and
`evaluations` results, `paired` compares these, `study` puts all that is known of a run together, `paper` holds the
paper's figures, `markdown` escapes, and `table` writes the report. Each imports only those before it.
"""
