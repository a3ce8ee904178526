"""Fine-tuning a GGUF model on a run's demonstrations: a LoRA adapter that llama.cpp plays (paper: section 4).

Demonstrations become rows (`rows`, `drills`), rows become the tokens that llama.cpp would ask with; the model's weights
are brought to full precision once (`base`), an adapter is trained on them (`training`), written as GGUF (`adapter`)
and held against llama.cpp's own figures (`verify`); `merge` puts it into a copy of the model. Torch and its relatives
are imported by `heavy` alone, when they are needed.

Not covered: training of all weights, several processes, models that are not text decoders.
"""
