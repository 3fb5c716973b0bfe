"""A table of one's own: dropped or chosen, good or broken; whatever it holds is shown as text."""

import numpy as np
import pytest
from playwright.sync_api import expect

import fallline as fl

from .hand import LONG, number

CARS = "wheels;max_speed;kind\n" + "".join(
    f"{4 if i % 2 else 2};{60 + 1.5 * i:.1f};{'car' if i % 2 else 'bike'}\n".replace(".", ",")
    for i in range(40)
)
EVIL = "<img src=x onerror=alert(1)>"

DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, {type: 'text/csv'}));
    const over = new DragEvent('dragover', {dataTransfer: data, bubbles: true, cancelable: true});
    document.body.dispatchEvent(over);
    const seen = !document.querySelector('.drop-cover').hidden;
    document.body.dispatchEvent(
        new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    return seen && over.defaultPrevented;
}"""


def test_a_dropped_table_is_learnt_by_the_column_of_choice(hand):
    text = "a,b,price\n" + "".join(f"{i},{i * i % 7},{3 * i + 1}\n" for i in range(50))
    assert hand.page.evaluate(DROP, ["prices.csv", text])
    target = hand.field("Predict")
    target.wait_for(timeout=LONG)
    expect(hand.page.locator(".own-table summary")).to_have_text("prices.csv: 50 rows, 3 columns")
    target.select_option("price")
    hand.field("b").uncheck()
    hand.button("Use this table").click()
    expect(hand.page.locator(".chip-data")).to_contain_text("predict price", timeout=LONG)
    hand.at_step(0)
    hand.page.locator("h1").click()
    hand.press("e")
    model = hand.model()
    assert model.network.n_inputs == 1
    said = model.predict({"a": np.arange(50.0)})
    score = np.corrcoef(np.ravel(said), 3 * np.arange(50) + 1)[0, 1]
    assert abs(score) > 0.9, "it was the price that it learnt"


def test_german_numbers_and_semicolons_are_understood(hand):
    hand.choose_file("Fahrzeuge.csv", CARS.encode("utf-8"))
    hand.field("Predict").wait_for(timeout=LONG)
    expect(hand.field("Predict")).to_have_value("kind", timeout=LONG)
    hand.button("Use this table").click()
    expect(hand.page.locator(".chip-data")).to_contain_text("kind", timeout=LONG)
    hand.open_more("Split, columns and scaling")
    scaling = hand.page.locator("dl.columns")
    expect(scaling).to_contain_text("max_speed")
    data = fl.rows_for(
        {"wheels": [4.0 if i % 2 else 2.0 for i in range(40)],
         "max_speed": [round(60 + 1.5 * i, 1) for i in range(40)],
         "kind": ["car" if i % 2 else "bike" for i in range(40)]},
        "kind", validation=0.2, test=0.2,
    )  # fmt: skip
    text = hand.page.locator(".split").inner_text()
    assert number(text) == data.train.n


def test_several_columns_are_predicted_by_one_network(hand):
    lines = [f"{i / 3:.3f},{i % 7},{3 * i + i % 7},{i % 7 / 2 - i}\n" for i in range(40)]
    hand.choose_file("two.csv", ("a,b,sum,less\n" + "".join(lines)).encode())
    hand.field("Predict").wait_for(timeout=LONG)
    hand.field("Predict").select_option("sum")
    also, source = (hand.page.locator(".own-table .checks").nth(i) for i in (0, 1))
    also.get_by_label("less", exact=True).check()
    expect(source.get_by_text("less", exact=True)).to_be_hidden()
    hand.button("Use this table").click()
    expect(hand.page.locator(".chip-data")).to_contain_text("predict sum and less", timeout=LONG)
    hand.page.get_by_role("tab", name="Against the truth").click()
    names = hand.page.locator(".net-plot-predictions .net-axis-name")
    expect(names.first).to_have_text("true sum", timeout=LONG)
    hand.field("Of which target").select_option("less")
    expect(names.first).to_have_text("true less", timeout=LONG)
    foot = hand.page.locator(".net-plot-predictions .net-foot")
    axis, below = (each.bounding_box() for each in (names.first, foot))
    assert axis["y"] + axis["height"] <= below["y"] + 1, "words lie over one another"
    hand.page.get_by_role("tab", name="Prediction", exact=True).click()
    legend = hand.page.locator(".net-plot-boundary .net-foot")
    expect(legend).to_contain_text("predicted less", timeout=LONG)
    assert hand.tab.violations() == []
    hand.page.get_by_role("tab", name="Hidden units").click()
    expect(hand.field("Of which target")).to_be_hidden()


def test_names_are_shown_as_text_only(hand):
    text = f'"{EVIL}",<b>x</b>,</script>\n' + "".join(
        f"{i},{i % 5},{'<i>yes</i>' if i % 3 else 'javascript:no'}\n" for i in range(30)
    )
    hand.choose_file(f"{EVIL}.csv", text.encode())
    hand.field("Predict").wait_for(timeout=LONG)
    hand.field("Predict").select_option("</script>")
    hand.button("Use this table").click()
    expect(hand.page.locator(".chip-data")).to_contain_text("predict </script>", timeout=LONG)
    hand.page.locator("h1").click()
    hand.press("e")
    expect(hand.counter("Epoch")).to_have_text("1", timeout=LONG)
    hand.element("input.0").hover()
    expect(hand.page.locator(".net-card-title")).to_have_text(EVIL, timeout=LONG)
    hand.page.get_by_role("tab", name="Confusion").click()
    expect(hand.page.locator(".net-confusion")).to_contain_text("<i>yes</i>", timeout=LONG)
    assert hand.page.locator("img[src=x], main b:has-text('x') > b, main i").count() == 0
    assert EVIL in hand.page.title() or "img" in hand.page.title()
    hand.page.get_by_role("tab", name="Python").click()
    compile("\n".join(hand.code()), "code.py", "exec")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("blank.csv", b"\n\n\n"),
        ("heads.csv", b"a,b,c\n"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_table_is_answered_by_a_sentence(hand, name, content):
    hand.tab.allowed.append("status of 400")
    hand.choose_file(name, content)
    toast = hand.page.locator(".toast.error").first
    toast.wait_for(timeout=LONG)
    said = toast.inner_text()
    assert len(said) > 20 and "Traceback" not in said and "/" not in said
    hand.page.locator("h1").click()
    hand.press("ArrowRight")
    hand.at_step(1)  # the studio goes on with what it had


def test_a_table_of_one_column_says_that_it_takes_two(hand):
    hand.choose_file("one.csv", b"a\n1\n2\n3\n4\n5\n6\n7\n8\n")
    hand.button("Use this table").click()
    assert "column" in hand.notice("at least one column")


def test_too_large_a_table_is_not_even_sent(hand):
    page = hand.page
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(33 << 20)], 'large.csv'));
            document.body.dispatchEvent(
                new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        }"""
    )
    assert "command line" in hand.notice("large.csv has")
    assert not any("upload" in url for url in hand.tab.requests)


def test_a_long_table_is_taken_whole(hand):
    rows = np.random.default_rng(0).normal(size=(20_000, 4))
    lines = "\n".join(",".join(f"{value:.4f}" for value in row) for row in rows)
    hand.choose_file("long.csv", f"a,b,c,d\n{lines}\n".encode())
    expect(hand.page.locator(".own-table summary")).to_contain_text("20,000 rows", timeout=LONG)
    hand.field("Predict").select_option("d")
    hand.button("Use this table").click()
    expect(hand.page.locator(".chip-data")).to_contain_text("predict d", timeout=LONG)
    expect(hand.page.locator(".split")).to_contain_text("12,800 rows to learn from")
