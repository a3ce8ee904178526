"""Reports: figures over a run's records. `summary` counts what an exploration did."""
