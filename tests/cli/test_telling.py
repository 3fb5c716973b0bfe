"""What is told of a training: quantiles, errors of margins, the sentence on simple models."""

import pytest

QUICK = ["--epochs", "30", "--l2", "0.01"]
QUANTILES = ["--loss", "quantile(levels=[0.1, 0.9])", *QUICK]


def told(ended):
    assert ended.code == 0, ended.err
    return " ".join(ended.out.split())


def test_quantiles_are_judged_by_pinball_and_coverage(fall, folder):
    text = told(fall("train", "houses.csv", "-t", "price", *QUANTILES))
    assert "of the level 0.1 alone: judge quantiles by pinball and coverage" in text
    assert "coverage_0.9 share of rows at or" in text
    assert "the training quantiles (" in text and "linear model" not in text
    quiet = fall("train", "houses.csv", "-t", "price", *QUANTILES, "--quiet").out
    assert "(training quantiles: pinball " in quiet
    json = fall("train", "houses.csv", "-t", "price", *QUANTILES, "--json").json
    assert json["not_better_than"] in ([], ["training quantiles"])
    better = json["scores"]["test"]["pinball"] < json["baselines"]["training quantiles"]["pinball"]
    assert (json["not_better_than"] == []) == better
    assert "alone: judge quantiles by pinball" in told(
        fall("evaluate", "houses.fall", "houses.csv")
    )
    assert "pinball_0.9" in told(fall("info", "houses.fall"))


def test_quantiles_over_folds(fall, folder):
    text = told(fall("train", "houses.csv", "-t", "price", *QUANTILES, "--folds", "2"))
    assert "fold rows epochs λ pinball coverage_0.1 coverage_0.9" in text
    assert "the training quantiles (" in text


@pytest.mark.parametrize("loss", ["max(1 - y*yhat, 0)", "hinge"])
def test_an_error_of_margins_learns_classes_and_tells_their_codes(fall, folder, loss):
    """With 0 and 1 for y, the rows of the first class would teach nothing."""
    ended = fall("train", "cars.csv", "-t", "kind", "--loss", loss, *QUICK)
    text = told(ended)
    assert "1 identity" in text and "The network (accuracy " in text
    own = "in the error 'max(1 - y*yhat, 0)', y is -1 for 'bike', 1 for 'car'"
    assert (own in text) == (loss != "hinge")
    longer = [*QUICK, "--learning-rate", 0.01, "--epochs", 200]
    json = fall("train", "cars.csv", "-t", "kind", "--loss", loss, *longer, "--json").json
    assert json["scores"]["test"]["accuracy"] >= 0.9


def test_the_codes_of_other_errors_of_classes_are_told(fall, folder):
    loss = "-y*log(yhat + 1e-7) - (1 - y)*log(1 - yhat + 1e-7)"
    text = told(fall("train", "cars.csv", "-t", "kind", "--loss", loss, *QUICK))
    assert "y is 0 for 'bike', 1 for 'car'" in text and "1 logistic" in text
