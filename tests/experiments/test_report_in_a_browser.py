"""The report in a headless browser: curves come and go, tables are copied, nothing is wider than a phone."""

import shutil

import pytest

import experiments
from experiments.report import write_report
from experiments.runner import run

webdriver = pytest.importorskip("selenium.webdriver")
pytestmark = pytest.mark.skipif(not shutil.which("chromedriver"), reason="needs chromium and chromedriver")

FLAGS = ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking", "disable-sync")


@pytest.fixture
def page(small_study, tmp_path):
    run(small_study, tmp_path / "results", jobs=1)
    path = write_report(experiments.load(tmp_path / "results"), tmp_path / "report.html")
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"user-data-dir={tmp_path / 'profile'}", "window-size=400,900"):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    browser.get(path.as_uri())
    yield browser
    browser.quit()


@pytest.mark.slow
def test_in_a_browser(page):
    assert page.title == "A small study"
    shown = "return [...document.querySelectorAll('[id^=curve-two-0-]')].filter(e => e.style.display != 'none').length"
    assert page.execute_script(shown) == 3, "line, band and bound"
    box = page.find_element("css selector", "[data-curve='curve-two-0-']")
    box.click()
    assert page.execute_script(shown) == 0
    box.send_keys(" ")
    assert page.execute_script(shown) == 3
    for selector, text in (("[data-csv]", '"ucb1"'), ("[data-text]", r"\begin{tabular}")):
        page.execute_script("navigator.clipboard.writeText = () => Promise.reject()")
        page.find_element("css selector", selector).click()
        assert text in page.find_element("css selector", "output").text
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert page.get_log("browser") == []
