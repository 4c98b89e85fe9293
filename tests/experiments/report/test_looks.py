"""How figures look: settings of the user, and the keys of a figure in a study and in ``result.plot``."""

import matplotlib as mpl
import pytest

from experiments.report.style import style
from experiments.study.appearance import Appearance, Font


def test_what_the_user_has_not_set_is_ours_and_sizes_follow_the_font():
    def set_here(look=None, **given):
        with mpl.rc_context(given), style(look):
            return {key: mpl.rcParams[key] for key in ("font.size", "axes.labelsize", "xtick.labelsize", "axes.grid")}

    ours = set_here()
    assert list(ours.values()) == [8.0, 8.0, 7.0, True]
    assert list(set_here(**{"font.size": 16.0}).values()) == [16.0, 16.0, 14.0, True]
    assert list(set_here(**{"axes.labelsize": 5.0}).values()) == [8.0, 5.0, 7.0, True]
    assert list(set_here(Appearance(font=Font(size=12), grid=False)).values()) == [12.0, 12.0, 10.5, False]
    assert list(set_here(Appearance(style="ggplot")).values()) == [10.0, "large", 8.75, True]
    assert list(set_here(Appearance(style="seaborn-v0_8-white")).values()) == [8.0, 8.0, 7.0, False]


def test_a_font_or_a_style_that_is_not_here_is_told():
    with style(Appearance(font=Font(family=["No Such Font", "DejaVu Serif"]))):
        assert mpl.rcParams["font.family"] == ["DejaVu Serif"]
    what = r"no font 'DejaVu Serf' is installed here \(did you mean 'DejaVu Serif'\?\): text is in sans-serif"
    with pytest.warns(UserWarning, match=what), style(Appearance(font=Font(family=["DejaVu Serf"]))):
        assert mpl.rcParams["font.family"] == ["sans-serif"]
    before = dict(mpl.rcParams)
    what = "style: no style of matplotlib and no file is called 'ggplut'"
    with pytest.raises(ValueError, match=what), style(Appearance(style="ggplut")):
        pass
    assert dict(mpl.rcParams) == before


def test_a_style_may_be_a_file(tmp_path):
    (tmp_path / "paper.mplstyle").write_text("axes.facecolor: beige\nfont.size: 6\n")
    with style(Appearance(style=str(tmp_path / "paper.mplstyle"))):
        assert mpl.rcParams["axes.facecolor"] == "beige"
        assert mpl.rcParams["xtick.labelsize"] == pytest.approx(5.25)
