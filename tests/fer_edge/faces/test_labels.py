import pytest

from fer_edge.faces.labels import FER2013, FERPLUS_CLASSES, standard_name


@pytest.mark.parametrize(
    ("standard", "others"),
    [
        ("angry", "angry Angry ANGER anger 0_angry 4-Anger"),
        ("disgust", "disgust disgusted Disgusted"),
        ("fear", "fear fearful afraid scared Fearful"),
        ("happy", "happy happiness joy Happiness 3.happy"),
        ("sad", "sad sadness Sadness"),
        ("surprise", "surprise surprised suprise Surprised"),
        ("neutral", "neutral neutrality Neutral"),
    ],
)
def test_the_fields_names_of_the_seven_classes_are_known(standard: str, others: str) -> None:
    assert {standard_name(name) for name in others.split()} == {standard}


@pytest.mark.parametrize("name", ["contempt", "tired", "Happy hour", "0", "not_sad", "", "Müde"])
def test_other_classes_keep_their_names(name: str) -> None:
    assert standard_name(name) == name


def test_ferplus_names_are_fer2013s_but_for_contempt() -> None:
    assert {*map(standard_name, FERPLUS_CLASSES)} == {*FER2013, "contempt"}
