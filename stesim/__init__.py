"""stesim: a local language model learns to use tools by simulated trial and error (arXiv 2403.04746).

Imports go one way: `records`, `errors` and `files` know nothing of the rest; `parsing`, `grammar`, `store`, `prompts`
and `models` know those; `toolbox` is the only door to `mocktools`; `memory`, `react` and `explore` are the method;
`finetune` trains; `evaluate`, `rehearse` and `report` count; `cli` puts everything together. A test walks the imports
and holds this true.
"""

__version__ = "0.1.0"
