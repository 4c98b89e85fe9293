"""The report and the index in a headless browser: light, dark, on a phone, on paper, by keyboard, read aloud.

Titles and labels are hostile on purpose: whatever a study says is text, never markup.
"""

import base64
import re
import shutil

import numpy as np
import pytest
from matplotlib.colors import to_hex

import experiments
from experiments.analysis.findings import findings
from experiments.report import curves
from experiments.report.figures import draw_study
from experiments.report.index import write_index
from experiments.report.page import write_report
from experiments.report.palette import dark
from experiments.report.strip import STRIP
from experiments.run.runner import run
from experiments.run.store import job_file
from experiments.study.config import parse_study

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402  (only where there is selenium)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromedriver"), reason="needs chromium and chromedriver"),
]

FLAGS = ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-sync")
TITLE = """<script>document.title = "owned"</script> "quotes" & 'ümläute' λ"""
LABEL = """</template><img src="x" onerror="document.title='owned'"> $\\frac $6 & "é\""""
STUDY = f"""\
name: hostile
title: |-
  {TITLE}
description: </p><script>document.title = "owned"</script>
seed: 3
batch: 6
checkpoints: 20
replicates: 6
experiments:
  - name: a
    title: <b>bold</b> & 50 % $\\bad$
    horizon: 300
    environment: {{name: bernoulli, parameters: {{means: [0.2, 0.8]}}}}
    policies:
      - ucb1
      - name: ucb1
        parameters: {{exploration: 8}}
        label: |-
          {LABEL}
  - name: a-1
    horizon: 300
    environment: {{name: bernoulli, parameters: {{means: [0.3, 0.4]}}}}
    policies: [ucb1, kl_ucb, beta_thompson]
  - name: searched
    horizon: 300
    search: {{tuning: 3}}
    environment: {{name: bernoulli, parameters: {{means: [0.3, 0.6]}}}}
    policies:
      - {{name: ucb1, parameters: {{exploration: {{sweep: [0.5, 2, 8]}}}}}}
      - {{name: ucb_v, parameters: {{zeta: {{sweep: [0.3, 1.2]}}, c: {{sweep: [0.1, 1]}}}}}}
      - kl_ucb
  - name: horizons
    title: Regret <i>against</i> the horizon $\\bad$
    horizon: {{sweep: [100, 200, 400, 800]}}
    environment: {{name: bernoulli, parameters: {{means: [0.4, 0.6]}}}}
    policies: [ucb1, kl_ucb]
figures:
  - {{experiment: horizons, label: rounds}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished study, an unfinished and a damaged one, with reports and an index."""
    out = tmp_path_factory.mktemp("results")
    study = parse_study(STUDY)
    run(study, out / "hostile", jobs=1)
    found = findings(experiments.load(out / "hostile"))
    draw_study(found, out / "hostile/figures", ["png"])
    write_report(found, out / "hostile/report.html")
    shutil.copytree(out / "hostile", out / "unfinished ü")
    gone = next(
        c for c in found.results.manifest["jobs"] if c["experiment"] == "horizons-horizon=200" and c["policy"] == "ucb1"
    )
    job_file(out / "unfinished ü", gone["key"]).unlink()
    write_report(findings(experiments.load(out / "unfinished ü")), out / "unfinished ü/report.html")
    (out / "damaged").mkdir()
    (out / "damaged/manifest.json").write_text("{", encoding="utf-8")
    _, unreadable = write_index(out)
    assert len(unreadable) == 1
    return out


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}", "window-size=1100,900"):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield browser
    browser.quit()


@pytest.fixture
def show(browser, folder):
    """Open a page at some width, in light or dark; afterwards nothing must have gone wrong."""

    def show(name="hostile/report.html", width=1100, scheme="light"):
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.get((folder / name).as_uri())
        return browser

    yield show
    assert browser.get_log("browser") == []


PAGES = ("hostile/report.html", "unfinished ü/report.html", "index.html")
SHOWN = """return [...document.querySelectorAll(`#${arguments[0]} ~ .experiment g[data-curve="${arguments[1]}"]`)]
           .filter(e => e.style.display != "none").map(e => +e.dataset.piece)"""
LINE, BAND = 0, 1


def press(browser, key):
    """A real key, for whatever has the focus."""
    codes = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27, "End": 35, "Home": 36} | {
        f"Arrow{way}": 37 + i for i, way in enumerate(("Left", "Up", "Right", "Down"))
    }
    event = {"key": key, "code": {" ": "Space"}.get(key, key), "windowsVirtualKeyCode": codes[key]}
    text = {"Enter": "\r", " ": " "}.get(key)
    browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", **event, **({"text": text} if text else {})})
    browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyUp", **event})


@pytest.mark.parametrize("name", PAGES)
def test_what_a_study_says_is_text(show, name):
    page = show(name)
    assert page.title == (TITLE if name != "index.html" else "Studies")
    assert TITLE in page.find_element("css selector", "body").text
    assert page.execute_script("return document.querySelectorAll('body b, body i, [onerror]').length") == 0
    assert page.execute_script("return document.scripts.length") == (name != "index.html")
    assert "<b>bold</b> & 50 % $" in page.page_source.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def test_markup_that_slipped_through_would_not_run(show, folder, browser):
    page = folder / "hostile/slipped.html"
    text = (folder / "hostile/report.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</main>", "<script>document.title = 'owned'</script></main>"), encoding="utf-8")
    browser.get(page.as_uri())
    assert browser.title != "owned"
    assert "Content Security Policy" in browser.get_log("browser")[0]["message"]


def test_curves_come_and_go_in_their_own_experiment_alone(show):
    page = show()
    every = page.execute_script(SHOWN, "a", 1)
    assert {LINE, BAND, curves.LABEL, STRIP} <= set(every)
    box = page.find_element("css selector", "#a ~ .experiment [data-toggle='1']")
    box.click()
    assert page.execute_script(SHOWN, "a", 1) == []
    assert {LINE, BAND, curves.LABEL, STRIP} <= set(page.execute_script(SHOWN, "a", 0))
    assert {LINE, BAND, curves.LABEL, STRIP} <= set(page.execute_script(SHOWN, "a-1", 0))
    box.send_keys(" ")
    assert page.execute_script(SHOWN, "a", 1) == every


def test_curves_of_a_sweep_come_and_go_apart_from_those_of_its_experiments(show):
    page = show()
    every = page.execute_script(SHOWN, "horizons", 1)
    assert set(page.execute_script(SHOWN, "horizons", 0)) >= {LINE, BAND}
    page.find_element("css selector", "#horizons ~ .experiment [data-toggle='0']").click()
    assert page.execute_script(SHOWN, "horizons", 0) == []
    assert page.execute_script(SHOWN, "horizons", 1) == every != []
    page.find_element("css selector", "#horizons ~ details summary").click()
    inside = "return document.querySelector(\"[id='horizons-horizon=100']\").closest('details')"
    assert page.execute_script(f"{inside}.querySelector('g[data-curve=\"0\"]').style.display") != "none"


def test_tables_are_copied(show, folder):
    results = experiments.load(folder / "hostile")
    from experiments.report.tables import csv_text, latex

    page = show()
    said = page.find_element("css selector", "#a ~ .experiment [role=status]")
    for kind, text in (
        ("csv", csv_text(results.experiments["a"], 0.95)),
        ("latex", latex(results.experiments["a"], 0.95)),
    ):
        button = page.find_element("css selector", f"[data-copy='{kind}:a']")
        page.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
        button.click()
        assert said.text == "Copied."
        assert page.execute_script("return window.copied").splitlines() == text.splitlines()
        page.execute_script("navigator.clipboard.writeText = () => Promise.reject()")
        button.click()
        assert "the text is selected" in said.text
        selected = "const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd)"
        assert page.execute_script(selected).splitlines() == text.splitlines()
    assert LABEL in page.find_element("css selector", "#a ~ .experiment tbody").text


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(show, name):
    page = show(name, width=390)
    assert page.execute_script("return document.documentElement.scrollWidth") == 390
    page.execute_script("for (const part of document.querySelectorAll('details')) part.open = true")
    assert page.execute_script("return document.documentElement.scrollWidth") == 390
    small = """return [...document.querySelectorAll("body *")].filter(e => e.closest("svg") == null
               && e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 12).map(e => e.tagName)"""
    assert page.execute_script(small) == []


@pytest.mark.parametrize(
    ("name", "scheme"),
    [(PAGES[0], "light"), (PAGES[0], "dark"), (PAGES[1], "light"), *((PAGES[2], s) for s in ("light", "dark"))],
)
def test_no_accessibility_rule_is_broken(show, name, scheme):
    axe = pytest.importorskip("axe_core_python.selenium")
    page = show(name, width=390 if scheme == "light" else 1100, scheme=scheme)
    page.execute_script("for (const part of document.querySelectorAll('details')) part.open = true")
    found = axe.Axe().run(page, {"exclude": [["svg"]]})  # drawn paths: their text is that of role=img around them
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found["violations"]] == []
    passed = {rule["id"] for rule in found["passes"]}
    assert passed >= {"color-contrast", "document-title", "heading-order", "region", "landmark-one-main"}
    if name != "index.html":
        assert passed >= {"role-img-alt", "label", "table-duplicate-name"}
        assert scheme == "dark" or "scrollable-region-focusable" in passed


def test_pictures_say_what_they_show(show, folder):
    page = show()
    texts = [p.get_attribute("aria-label") for p in page.find_elements("css selector", "[role=img]")]
    assert len(texts) == 10
    experiment = experiments.load(folder / "hostile").experiments["a-1"]
    best = min(experiment.series, key=lambda label: experiment.regret(label)[:, -1].mean())
    (text,) = [t for t in texts if " in a-1." in t]
    assert f"lowest for {best} (" in text
    assert re.search(r"Bounds: .*\d holds?", text)
    assert any("At 100 (rounds): lowest" in t and "At 800: lowest" in t for t in texts)
    (bare, *_) = show("index.html").find_elements("css selector", "[role=img]")
    assert "lowest regret for" in bare.get_attribute("aria-label")
    assert [svg.text for svg in bare.find_elements("css selector", "svg")] == [""] * 4, "curves without a word"


@pytest.mark.parametrize("name", PAGES)
def test_every_control_is_reached_and_used_by_keyboard(show, name):
    page = show(name)
    everything = page.execute_script(
        "return [...document.querySelectorAll('a[href], button, input, summary, [tabindex=\"0\"]')]"
        ".filter(e => e.checkVisibility()).length"
    )
    here = "const e = document.activeElement; return [e.tagName, [...document.querySelectorAll('*')].indexOf(e)]"
    seen = []
    for _ in range(everything + 5):
        press(page, "Tab")
        tag, position = page.execute_script(here)
        if tag == "BODY":
            break
        seen.append(position)
        outline = page.execute_script("return getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px", (tag, outline)
    assert seen == sorted(set(seen)), "in the order of the page, each once"
    assert len(seen) == everything
    page = show(name)
    press(page, "Tab")
    assert page.execute_script("return document.activeElement.className") == "skip"
    assert page.execute_script("return document.activeElement.getBoundingClientRect().left >= 0")
    press(page, "Enter")
    assert page.execute_script("return document.activeElement.tagName") == "MAIN"


def test_keys_work_the_controls(show):
    page = show()
    focus = "document.querySelector(arguments[0]).focus()"
    page.execute_script(focus, "#a ~ .experiment [data-toggle='0']")
    press(page, " ")
    assert page.execute_script(SHOWN, "a", 0) == []
    page.execute_script(focus, "#a ~ .experiment summary")
    press(page, "Enter")
    assert page.execute_script("return document.querySelector('#a ~ .experiment details').open")
    page.execute_script("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.execute_script(focus, "[data-copy='csv:a']")
    press(page, "Enter")
    assert page.execute_script("return window.copied").startswith("policy,")


def test_on_paper(show, tmp_path):
    pypdf = pytest.importorskip("pypdf")
    page = show(scheme="dark")
    paper = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
    (tmp_path / "report.pdf").write_bytes(base64.b64decode(page.execute_cdp_cmd("Page.printToPDF", paper)["data"]))
    assert page.execute_script("return document.querySelectorAll('details[open]').length") == 0, "closed again"
    text = "\n".join(p.extract_text() for p in pypdf.PdfReader(tmp_path / "report.pdf").pages)
    for there in ("Metrics at the horizon", "expected reward", "guaranteed p", '"means": [', '"seed": 3', "Auer"):
        assert there in " ".join(text.split()), there
    assert "Copy as CSV" not in text
    assert "Skip to" not in text
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 688, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.execute_script("for (const part of document.querySelectorAll('details')) part.open = true")
    cut = """return [...document.querySelectorAll('table, svg, pre')]
             .filter(e => e.getBoundingClientRect().right > 688.5).length"""
    assert page.execute_script(cut) == 0, "18.2 cm, the width of A4 without its margins"
    assert page.execute_script("return getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    assert page.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_link_to_a_closed_part_opens_it(show):
    page = show()
    link = page.find_element("css selector", "nav a[href*='horizon=400']")
    assert link.text.endswith("horizon=400")
    assert not link.text.startswith("Regret")
    link.click()
    opened = [d.get_attribute("open") for d in page.find_elements("css selector", "section > details")]
    assert [o == "true" for o in opened] == [False, False, True, False]


def test_figures_have_colours_of_their_own_on_dark_paper(show):
    """Chosen ones, not filtered ones: each line that of its light one, letters and axes in ink."""
    styles = """const s = document.querySelector("#a ~ .experiment .picture svg"), of = e => getComputedStyle(e);
        return [of(s).filter, of(s).fill, of(s.querySelector("path")).fill, of(document.body).color,
                of(document.body).backgroundColor,
                ...[0, 1].map(i => of(s.querySelector(`[data-curve="${i}"][data-piece="0"] path`)).stroke)]"""
    light, dark_ones = (show(scheme=scheme).execute_script(styles) for scheme in ("light", "dark"))
    for none, letters, paper, ink, page, *_ in (light, dark_ones):
        assert (none, letters, paper) == ("none", ink, page)
    for before, after in zip(light[5:], dark_ones[5:], strict=True):
        assert to_hex(of_css(after)) == dark(to_hex(of_css(before))) != to_hex(of_css(before))
    assert light[5] != light[6]


def test_numbers_on_a_map_keep_their_colours(show):
    inks = """return [...document.querySelectorAll("[data-fixed]")].map(e => {
        const inner = e.querySelector("[style*=fill]") ?? e; return getComputedStyle(inner).fill })"""
    light, dark_ones = (show(scheme=scheme).execute_script(inks) for scheme in ("light", "dark"))
    assert len(light) == 4, "a number a cell"
    assert dark_ones == [ink if ink == "rgb(255, 255, 255)" else "rgb(0, 0, 0)" for ink in light]
    assert set(dark_ones) <= {"rgb(0, 0, 0)", "rgb(255, 255, 255)"}


def of_css(colour):
    return [int(part) / 255.0 for part in re.findall(r"\d+", colour)]


READ = """const f = document.querySelector(`#${arguments[0]} ~ .experiment figure`), tip = f.querySelector(".tip");
          return [f.querySelector("legend").textContent, tip.hidden ? "" : tip.innerText,
                  Object.fromEntries(Array.from(f.querySelectorAll("output"), e => [e.dataset.read, e.textContent]))]"""
PLACE = """const o = document.querySelector(`#${arguments[0]} ~ .experiment .over`);
           o.scrollIntoView({block: "center"}); const r = o.getBoundingClientRect();
           return [r.left + arguments[1] * r.width, r.top + arguments[2] * r.height]"""


def settled(page, name):
    """The chart is drawn once its size is known."""
    WebDriverWait(page, 10).until(lambda page: page.execute_script(
        "return !!document.querySelector(`#${arguments[0]} ~ .experiment .u-over`)", name
    ))  # fmt: skip
    return page


def point(page, name, x, y, kind="mouseMoved", **more):
    x, y = page.execute_script(PLACE, name, x, y)
    page.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})


def values_at(folder, name, place):
    """What a page must say of each policy at a checkpoint: mean and band of the whole curve."""
    result = experiments.load(folder / "hostile").experiments[name]
    band = {label: result.band(label, 0.95) for label in result.series}
    return {
        str(i): " ".join(f"{v[place]:.4g}" for v in (b.mean, b.all_low, b.all_high))
        for i, b in enumerate(band.values())
    }


def numbers(said):
    """The numbers of ``123 [110, 130]``, NaN where there is no band."""
    return {policy: re.sub(r"[],[]", "", text) for policy, text in said.items()}


def test_values_are_read_with_the_pointer(show, folder):
    page = settled(show(), "a-1")
    legend, tip, said = page.execute_script(READ, "a-1")
    assert (legend, tip) == ("At round 300", ""), "of the horizon, as in the table"
    assert numbers(said) == values_at(folder, "a-1", -1)
    cells = [td.text for td in page.find_elements("css selector", "#a-1 ~ .experiment tbody tr td:nth-child(2)")[:3]]
    assert sorted(cells) == sorted(text.split()[0] for text in said.values()), "table and figure show the same"
    point(page, "a-1", 0.5, 0.01)
    legend, tip, said = page.execute_script(READ, "a-1")
    times = experiments.load(folder / "hostile").experiments["a-1"].times
    (place,) = np.flatnonzero(times == int(legend.removeprefix("At round ")))
    assert abs(times[place] / times[-1] - 0.5) < 0.1, "half way on a linear axis"
    assert numbers(said) == values_at(folder, "a-1", place)
    highest = max(said, key=lambda policy: float(said[policy].split()[0]))
    label = ("ucb1", "kl_ucb", "beta_thompson")[int(highest)]
    assert tip == f"round {times[place]}\n{label}: {said[highest]}", "of the curve that is nearest"
    x, y = page.execute_script(PLACE, "a-1", -0.3, -0.3)
    page.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": max(x, 1), "y": max(y, 1)})
    assert page.execute_script(READ, "a-1")[:2] == ["At round 300", ""], "afterwards those of the horizon again"


def test_values_are_read_with_the_keys(show):
    page = settled(show(), "a-1")
    over = "document.querySelector('#a-1 ~ .experiment .over')"
    page.execute_script("document.querySelector('#a-1 ~ .experiment .over').focus({focusVisible: true})")
    spoken = f"return {over}.getAttribute('aria-valuetext')"
    assert page.execute_script(spoken).startswith("round 300, ")
    lowest = page.execute_script(spoken)
    press(page, "ArrowUp")
    second = page.execute_script(spoken)
    values = [float(re.search(r": ([0-9.]+)", text)[1]) for text in (lowest, second)]
    assert values[0] < values[1]
    press(page, "ArrowLeft")
    before = page.execute_script(spoken)
    assert before.startswith("round ")
    assert not before.startswith("round 300")
    assert before.partition(", ")[2].partition(":")[0] == second.partition(", ")[2].partition(":")[0], "the same curve"
    press(page, "Home")
    first = page.execute_script(f"return +{over}.getAttribute('aria-valuenow')")
    press(page, "ArrowLeft")
    assert first == page.execute_script(f"return +{over}.getAttribute('aria-valuenow')") == 0
    press(page, "End")
    assert page.execute_script(spoken) == second
    press(page, "Escape")
    assert page.execute_script(READ, "a-1")[1] == ""


def test_values_are_read_with_a_finger_on_a_phone(show):
    page = settled(show(width=390), "a-1")
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    legends = []
    for x in (0.3, 0.8):
        left, top = page.execute_script(PLACE, "a-1", x, 0.5)
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": left, "y": top}]})
        moved = [{"x": left + 3, "y": top}]
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": moved})
        page.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        legend, tip, _ = page.execute_script(READ, "a-1")
        assert tip
        legends.append(int(legend.removeprefix("At round ")))
        inside = """const r = document.querySelector("#a-1 ~ .experiment .tip").getBoundingClientRect();
                    return r.left >= 0 && r.right <= innerWidth"""
        assert page.execute_script(inside)
    assert legends[0] < legends[1] < 300
    page.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_values_over_a_swept_parameter_are_read_too(show, folder):
    page = settled(show(), "horizons")
    point(page, "horizons", 0.36, 0.1)
    legend, _, said = page.execute_script(READ, "horizons")
    assert legend == "At rounds 200"
    final = experiments.load(folder / "hostile").experiments["horizons-horizon=200"].final("ucb1", 0.95)
    assert numbers(said)["0"] == f"{final.value:.4g} {final.low:.4g} {final.high:.4g}"
    row = page.find_elements("css selector", "#horizons ~ .experiment tbody tr")[1].text
    assert row.startswith(f"200 {said['0']} {said['1']}")


def test_a_curve_that_is_hidden_is_not_read(show):
    page = settled(show(), "a-1")
    point(page, "a-1", 0.5, 0.01)
    label = page.execute_script(READ, "a-1")[1].split("\n")[1].partition(":")[0]
    boxes = page.find_elements("css selector", "#a-1 ~ .experiment .curves label")
    next(box for box in boxes if box.text.startswith(label)).click()
    point(page, "a-1", 0.51, 0.01)
    assert page.execute_script(READ, "a-1")[1].split("\n")[1].partition(":")[0] != label


def test_without_scripts_the_page_is_whole(show, browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page = show()
        assert all(p.is_displayed() for p in page.find_elements("css selector", "section > .experiment .picture svg"))
        assert not any(p.is_displayed() for p in page.find_elements("css selector", ".curves"))
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_fragments_are_unique(show):
    page = show()
    twice = (
        "const n = [...document.querySelectorAll('[id]')].map(e => e.id); return n.filter((x, i) => n.indexOf(x) != i)"
    )
    assert page.execute_script(twice) == []
    loose = """return [...document.querySelectorAll("use, [clip-path], a[href^='#']")]
               .map(e => e.getAttribute("href") || e.getAttribute("xlink:href")
                         || e.getAttribute("clip-path").slice(4, -1))
               .filter(h => h && !document.getElementById(decodeURIComponent(h.slice(1))))"""
    assert page.execute_script(loose) == []


def test_the_index_leads_to_the_reports(show, folder):
    page = show("index.html")
    assert "1 folders that cannot be read" in page.find_element("css selector", ".verdict").text
    assert "damaged: manifest.json is damaged" in page.find_element("css selector", "header").text
    assert (
        "1 missing: horizons-horizon=200: ucb1, replicates 0..5: no result"
        in page.find_elements("css selector", "article")[1].text
    )
    links = [a.get_attribute("href") for a in page.find_elements("css selector", "article h2 a")]
    assert links == [(folder / name / "report.html").as_uri() for name in ("hostile", "unfinished ü")]
    page.get(links[1])
    assert "1 result is missing" in page.find_element("css selector", ".verdict").text
