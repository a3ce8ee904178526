"""Record what live APIs answer: each call is made once, and the exchange kept as a fixture.

    stesim tools record mytools/ --tool get_pet --args '{"petId": 1}'
    python -c "from mocktools.recording import Recorder; print(Recorder('mytools/').tools)"

Modules, each importing only those before it: `hidden` (credentials, and how they are kept out of fixtures), `line` (a
bound on the time and the bytes of a request), `live` (the only module of this project that opens connections), `kept`
(an answer as a fixture has it), `calls` (what is asked), `recorder`. Not covered: answers that are not text,
credentials that must be fetched first (OAuth), cookies of a server.
"""

from mocktools.recording.live import Limits, Unreachable
from mocktools.recording.recorder import Kind, Options, Outcome, Recorder, Step

__all__ = ["Kind", "Limits", "Options", "Outcome", "Recorder", "Step", "Unreachable"]
