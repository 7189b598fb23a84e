import pytest

from fer_edge.training.data.split_words import split_code


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "train Train TRAIN training Training train_set TrainingSet train-data train_images"),
        (0, "images_train traindata"),
        (1, "validation Validation valid val VAL val_set validation-set dev Dev eval evaluation"),
        (1, "PublicTest publictest public_test"),
        (2, "test Test testing Testing test-data TestSet testset PrivateTest private_test holdout"),
    ],
)
def test_the_words_of_the_field_are_known(code: int, words: str) -> None:
    assert {word: split_code(word) for word in words.split()} == dict.fromkeys(words.split(), code)


@pytest.mark.parametrize(
    "word", ["", "happy", "set", "images", "dataset", "tester", "retrain", "testify", "vale", "0"]
)
def test_other_words_name_no_part(word: str) -> None:
    assert split_code(word) is None
