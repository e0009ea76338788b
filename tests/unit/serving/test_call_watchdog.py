"""The current call of the model is known and described."""

import pytest

from nbyard.serving.http.call_watchdog import CALL_VARIABLE, Calls


def test_a_call_is_known_while_it_lasts():
    calls, seen = Calls(0.001), []

    def predict(columns):
        while not calls.is_late:
            pass
        seen.append((calls.seconds, calls.current_call(), calls.description()))
        return columns

    assert calls.recording(predict)([[1, 2, 3]]) == [[1, 2, 3]]
    (seconds, told, words) = seen[0]
    assert seconds >= 0.001 and told["rows"] == 3 and told["since"].endswith("Z")
    assert "a call of 3 rows" in words and words.endswith(" UTC")
    assert (calls.seconds, calls.current_call(), calls.is_late) == (0.0, {}, False)
    assert calls.description() == words, "it may have come back while somebody reads"


def test_a_raising_call_has_ended():
    calls = Calls(1)

    def predict(_):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        calls.recording(predict)([[1]])
    assert calls.seconds == 0.0


def test_without_a_limit_no_call_is_late():
    calls = Calls(0)
    assert calls.recording(lambda _: [[calls.is_late]])([[1]]) == [[False]]


def test_late_calls_name_the_remedy():
    calls = Calls(60)
    calls.recording(lambda columns: columns)([[1]])
    assert "call of 1 row" in calls.words_of_late()
    assert "within 60 s: " in calls.words_of_late() and CALL_VARIABLE in calls.words_of_late()
    assert "than the 60 s" in calls.words_of_held()
    assert "after 180 s" in calls.words_of_held()
