"""Titles and labels: hidden characters are refused at their place, all others stand as they are."""

import pytest

import regretlab as rl
from experiments.study.config import ConfigError, parse_study, study_of
from experiments.study.texts import HIDDEN, visible

PLACES = {
    "title": "title",
    "experiments[0].title": "experiments.0.title",
    "experiments[0].policies[0].label": "experiments.0.policies.0.label",
    "experiments[0].environment.label": "experiments.0.environment.label",
    "figures[0].title": "figures.0.title",
    "figures[0].label": "figures.0.label",
    "description": "description",
}
HOSTILE = [
    "\x00",
    "a\x07b",
    "a\x1b[31mb",
    "\x7f",
    "\x85",
    "\u202eb",
    "a\u2066b",
    "\u2028",
    "\ud800",
    "\ufeff",
    "\uffff",
]
GOOD = ["=1+1", "$x", "日本語", "a\\b_{c}", "<b>", "👩‍🔬", "नमस्ते", "می‌خواهم", "naïve", " ", "e\u0301", "\ufffd"]


def study(places=(), text=""):
    data = {
        "name": "s",
        "seed": 1,
        "experiments": [
            {
                "name": "e",
                "horizon": 5,
                "replicates": 1,
                "environment": {"name": "bernoulli", "parameters": {"means": [0.1, 0.9]}},
                "policies": [{"name": "ucb1"}],
            }
        ],
        "figures": [{"experiment": "e"}],
    }
    for place in places:
        *above, last = (int(step) if step.isdecimal() else step for step in PLACES[place].split("."))
        node = data
        for step in above:
            node = node[step]
        node[last] = text
    return data


@pytest.mark.parametrize("text", HOSTILE)
def test_hidden_characters_are_refused_with_their_place(text):
    with pytest.raises(ConfigError) as caught:
        study_of(study(PLACES, text))
    told = {mistake.path: mistake.text for mistake in caught.value.mistakes}
    assert list(told) == list(dict.fromkeys(told))
    assert set(told) == set(PLACES)
    for what in told.values():
        assert repr(text) in what
        assert f"U+{ord(HIDDEN.search(text)[0]):04X}" in what or text == "\ud800"
        assert not HIDDEN.search(what), "the message itself hides nothing"


def test_line_breaks_are_refused_in_titles_and_stand_in_descriptions():
    assert study_of(study(["description"], "a\n\nb\n")).description == "a\n\nb\n"
    assert study_of(study(["title"], "of a block\n")).title == "of a block"
    text = "name: s\nseed: 1\ntitle: |\n  two\n  lines\nexperiments: []"
    with pytest.raises(ConfigError, match=r"<text>:3:1: title: must be one line .*: leave out character 4, U\+000A\n"):
        parse_study(text)


@pytest.mark.parametrize("text", GOOD)
def test_all_other_characters_stand(text):
    made = study_of(study(PLACES, text))
    assert made.title == made.description == made.experiments[0].title == made.figures[0].title == text
    assert made.experiments[0].policies[0].label == visible(text) == text


def test_hidden_characters_among_swept_values_are_shown_by_their_number():
    data = study()
    data["experiments"][0]["policies"][0]["parameters"] = {"exploration": {"sweep": [2.0, "\x07"]}}
    with pytest.raises(ConfigError, match=r"at exploration=\\u0007: "):
        study_of(data)


def test_labels_from_python():
    environment = rl.BernoulliArms([0.1, 0.9], horizon=5)
    with pytest.raises(
        ValueError, match=r"^labels of policies: must be one line .*, got 'a\\x07': leave out character 2, U\+0007"
    ):
        rl.compare({"a\x07": rl.UCB1(), "b": rl.Uniform()}, environment, replicates=1)
