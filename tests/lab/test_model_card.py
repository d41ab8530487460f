"""Model card: what was measured later is put in its place, and put anew as often as it is measured."""

from dinoscope_lab.pretrain import card


def test_measurements_are_renewed_and_the_rest_stays(tmp_path):
    path = tmp_path / "MODEL_CARD.md"
    path.write_text(f"Above.\n{card.BEGIN}\nnothing yet\n{card.END}\nBelow.\n")
    card.add_measured(tmp_path, "| a |", "First.")
    card.add_measured(tmp_path, "| b |", "Second.")
    text = path.read_text()
    assert text.startswith("Above.\n")
    assert text.endswith("\nBelow.\n")
    assert "| b |" in text
    assert "Second." in text
    assert "| a |" not in text
    assert "nothing yet" not in text


def test_a_card_without_the_place_is_left_alone(tmp_path):
    card.add_measured(tmp_path, "| a |", "Measured.")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "MODEL_CARD.md").write_text("Somebody else's card.")
    card.add_measured(tmp_path, "| a |", "Measured.")
    assert (tmp_path / "MODEL_CARD.md").read_text() == "Somebody else's card."
