"""The agent's tests: no model, no network, the same result each time."""

import json

import pytest
from agent import answer
from smolagents import ChatMessage, MessageRole, Model


class FunctionModel(Model):
    """smolagents' view of a function from messages to text."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def generate(self, messages, stop_sequences=None, **options):
        return ChatMessage(role=MessageRole.ASSISTANT, content=self.function(messages, stop=stop_sequences))


def call(tool: str, **arguments: object) -> str:
    """What a model writes to call a tool."""
    return json.dumps({"name": tool, "arguments": arguments})


def test_it_looks_up_the_currency_before_it_converts(mock_apis, scripted_model):
    script = scripted_model(
        [
            call("look_up_country", name="Japan"),
            call("convert_money", amount=200, source="EUR", target="JPY"),
            call("final_answer", answer="About 37,000 yen."),
        ]
    )
    assert answer("How much is 200 euros in Japan?", FunctionModel(script)) == "About 37,000 yen."
    mock_apis.assert_order("get_country", "convert_currency")
    mock_apis.assert_called("convert_currency", {"amount": 200, "from": "EUR", "to": "JPY"}, times=1)
    assert not mock_apis.calls.failed
    assert '"code":"JPY"' in script.prompts[1]  # the model was shown what the first call returned


def test_a_busy_api_is_asked_again(mock_apis, scripted_model):
    mock_apis.fail("429", "convert_currency")
    script = scripted_model(
        [
            call("convert_money", amount=1, source="EUR", target="USD"),
            call("final_answer", answer="1.12 dollars."),
        ]
    )
    answer("What is a euro in dollars?", FunctionModel(script))
    assert [reply.status for reply in mock_apis.calls] == [429, 200]
    assert "Too many requests" not in script.prompts[-1]


@pytest.mark.mock_apis(faults="500:1")
def test_a_broken_api_is_told_to_the_model(mock_apis, scripted_model):
    script = scripted_model([call("look_up_country", name="Peru"), call("final_answer", answer="I cannot find out.")])
    assert answer("What is the capital of Peru?", FunctionModel(script)) == "I cannot find out."
    assert "Error 500" in script.prompts[-1]
    mock_apis.assert_called("get_country", {"name": "Peru"}, times=1)


def test_a_wrong_call_gets_the_reason(mock_apis, scripted_model):
    script = scripted_model(
        [
            call("forecast_weather", city="Paris", days=99),
            call("forecast_weather", city="Paris", days=2),
            call("final_answer", answer="Thunderstorms."),
        ]
    )
    answer("Will it rain in Paris?", FunctionModel(script))
    assert [reply.status for reply in mock_apis.calls.to("forecast_weather")] == [400, 200]
    assert "days" in mock_apis.calls[0].reply
    assert mock_apis.calls[0].reply.strip("{}") in script.prompts[1]
