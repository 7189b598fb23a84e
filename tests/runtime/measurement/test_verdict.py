import pytest

from fer_edge.runtime.measurement.report.verdict import headline, pareto, verdict
from tests.support.made_reports import FLOAT, INT8, make_model, make_report


def test_the_verdict_in_one_sentence():
    report = make_report(FLOAT, INT8, reference=0)
    assert verdict(report) == (
        "int8 ptq shows no measurable difference in accuracy (-0.10 points [-0.40, +0.20]), is "
        "3.4 times faster and 3.9 times smaller than float32 on this device."
    )


@pytest.mark.parametrize(
    ("change", "median_ms", "size_bytes", "said"),
    [
        ((0.01, 0.001, 0.02), 6.8, 3_900_000, "gains 1.00 point [+0.10, +2.00], is 2.0 times"),
        ((0.01, 0.001, 0.02), 6.8, 3_900_000, "2.0 times slower and as large as float32"),
        ((-0.01, -0.02, -0.001), 3.4, 7_800_000, "loses 1.00 point [-2.00, -0.10], is"),
        ((0.0, -0.01, 0.01), 3.4, 7_800_000, "keeps the accuracy [-1.00, +1.00], is as fast and"),
        ((0.0, -0.01, 0.01), 3.4, 7_800_000, "as fast and 2.0 times larger than float32"),
    ],
)
def test_the_verdict_says_what_is_worse_too(change, median_ms, size_bytes, said):
    model = make_model("int8 ptq", median_ms=median_ms, size_bytes=size_bytes, change=change)
    assert said in verdict(make_report(FLOAT, model, reference=0))


def test_the_verdict_of_one_model_alone():
    text = verdict(make_report(make_model("int8 ptq", name="tiny")))
    assert text == (
        "tiny: 1.00 ms (median, 1 thread), 60.00% accuracy on 70 validation faces, 1.00 MB "
        "on this device."
    )


def test_a_keras_reference_has_no_latency_to_compare_with():
    keras = make_model("float32 keras", median_ms=None)
    report = make_report(keras, INT8, reference=0)
    assert "(-0.10 points [-0.40, +0.20]) against float32 keras: " in verdict(report)
    assert "faster" not in verdict(report)
    assert headline(report).file is None
    both = make_report(keras, FLOAT, INT8, reference=0)
    assert verdict(both) == (
        "int8 ptq shows no measurable difference in accuracy (-0.10 points [-0.40, +0.20]) against "
        "float32 keras; it is 3.4 times faster and 3.9 times smaller than float32 on this device."
    )


def test_the_pareto_line_leaves_out_who_is_beaten():
    models = [
        make_model("a", median_ms=1.0, accuracy=0.5),
        make_model("b", median_ms=2.0, accuracy=0.4),
        make_model("c", median_ms=3.0, accuracy=0.7),
        make_model("d", median_ms=3.0, accuracy=0.6),
        make_model("e", median_ms=4.0, accuracy=0.7),
        make_model("f", median_ms=None, accuracy=0.9),
    ]
    assert pareto(make_report(*models)) == (0, 2)
