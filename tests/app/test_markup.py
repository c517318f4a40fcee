import io
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from pypdf import PdfReader

import markup
from ovf_imaging import Case, Caveat, Context, Finding, Level, Measurement, Panel, RuleKind, pdf, words
from tests import fakes

EVIL = "<script>alert(1)</script>"


def test_fractured_level_has_a_card_and_the_others_a_line() -> None:
    case = fakes.mri_case()
    text = markup.findings(case)
    assert text.count("<section") == 1
    assert "<h4>L1</h4>" in text
    assert "No fracture found at T12, L2, L3, L4 and L5." in text
    assert "Cannot tell whether fractured: T11." in text


def test_case_without_a_grade_is_not_called_normal() -> None:
    unknown = tuple(Finding(level=level, height_loss=None) for level in (Level.T12, Level.L1))
    case = fakes.mri_case()
    case = replace(case, assessment=replace(case.assessment, findings=unknown))
    assert "none could be assessed for fracture" in markup.summary(case)
    assert "Cannot tell whether fractured: T12 and L1." in markup.findings(case)
    assert "No fracture" not in markup.summary(case) + markup.findings(case)


def test_caveat_names_its_level_once() -> None:
    plain = Caveat(code="a", text="The mask is cut.", levels=(Level.L1,))
    named = Caveat(code="b", text="L1: the mask is cut.", levels=(Level.L1,))
    assert markup.caveat_list((plain,)).count("L1") == 1
    assert markup.caveat_list((named,)).count("L1") == 1


def test_what_is_not_known_is_written_as_such() -> None:
    assert "Cannot tell: OF class, cleft, stability." in markup.findings(fakes.mri_case())
    assert "cannot tell" in markup.angles(fakes.mri_case())


def test_table_has_a_row_a_level_and_a_value_with_its_interval() -> None:
    case = fakes.mri_case()
    text = markup.measurements(case, 0)
    assert text.count('<th scope="row">') == len({m.levels for m in case.measurements})
    assert "Anterior height<small>mm</small>" in text


def test_table_says_whose_millimetres_and_which_bodies_are_cut() -> None:
    text = markup.measurements(fakes.film_case(), 0)
    assert "Anterior height<small>mm at detector</small>" in text
    assert '<th scope="row">T11†</th>' in text


def test_value_that_could_not_be_measured_says_why() -> None:
    why = Caveat(code="scale-unknown", text="No millimetres in the file.")
    level = (Level.L1, Level.L1)
    case = fakes.mri_case(
        measurements=(Measurement(levels=level, quantity="depth", value=None, unit="mm", caveats=(why,)),)
    )
    text = markup.measurements(case, 0)
    assert "cannot tell" in text
    assert 'title="No millimetres in the file."' in text


def test_measurements_of_another_image_are_not_mixed_in() -> None:
    assert "Nothing could be measured" in markup.measurements(fakes.mri_case(), 1)


def test_recommendations_are_grouped_by_arm_with_what_they_rest_on() -> None:
    text = markup.recommendations(fakes.mri_case())
    places = [text.index(f">{words.arm_title(arm)} <") for arm in ("conservative", "augmentation", "general")]
    assert places == sorted(places)
    for word in ("Recommended", "Avoid", "Caution", "Option", "Information", "Because", "Pulls the other way"):
        assert word in text


def test_each_kind_has_a_word_and_a_tone() -> None:
    assert set(markup.TONES) == set(RuleKind)
    assert len({words.label("kinds", kind) for kind in RuleKind}) == len(RuleKind)


@pytest.mark.parametrize(
    "make", [fakes.mri_case, fakes.film_case, fakes.normal_case, fakes.empty_case, fakes.long_case]
)
def test_screen_and_report_say_the_same(make: Callable[[], Case]) -> None:
    case = make()
    report = letters(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf(case))).pages))
    findings = [f for f in case.assessment.findings if words.is_told(f)]
    said = [
        words.summary(case),
        *words.closing(case),
        *(words.quantity_name(a.quantity) for a in case.assessment.angles),
    ]
    said += [text for f in findings for text in (words.headline(f), *words.sentences(f), words.unknowns(f))]
    said += [words.caveat_text(c) for c in case.all_caveats()]
    said += [
        words.because(reason)
        for r in case.recommendations
        for reason in r.because
        if r.kind is not RuleKind.INFORMATION
    ]
    said += [words.label("kinds", r.kind) for r in case.recommendations if r.kind is not RuleKind.INFORMATION]
    parts = (
        markup.summary(case),
        markup.findings(case),
        markup.angles(case),
        markup.recommendations(case),
        markup.caveat_list(case.all_caveats()),
    )
    screen = letters(unescape(re.sub("<[^>]+>", " ", " ".join(parts))))
    for text in said:
        assert letters(text) in report, text
        assert letters(text) in screen, text


def letters(text: str) -> str:
    """Return a text without its white space, which lines and markup break differently."""
    return "".join(text.split())


def test_caveats_that_must_be_seen_come_first() -> None:
    caveats = (Caveat(code="a", text="Later."), Caveat(code="b", text="First.", must_see=True, levels=(Level.L1,)))
    text = markup.caveat_list(caveats)
    assert text.index("First.") < text.index("Later.")


def test_nothing_in_a_case_becomes_markup() -> None:
    case = fakes.mri_case()
    caveat = Caveat(code=EVIL, text=EVIL)
    case = replace(
        case,
        caveats=(caveat,),
        missing=(EVIL,),
        context=Context(values={EVIL: EVIL}),
        recommendations=tuple(replace(r, text=EVIL, arm=EVIL, controversy=EVIL) for r in case.recommendations),
        measurements=tuple(replace(m, quantity=EVIL, caveats=(caveat,)) for m in case.measurements),
        assessment=replace(
            case.assessment,
            findings=tuple(replace(f, acuity=EVIL, caveats=(caveat,)) for f in case.assessment.findings),
        ),
    )
    parts = [
        markup.caveat_list(case.all_caveats()),
        markup.findings(case),
        markup.angles(case),
        markup.measurements(case, 0),
        markup.recommendations(case),
        markup.missing(case),
        markup.provenance(case),
        markup.context(case),
    ]
    assert not any("<script" in part for part in parts)


def test_provenance_names_the_rule_set() -> None:
    assert f">0.1.0, sha256 {'ef' * 32}<" in markup.provenance(fakes.mri_case())


def test_empty_case_says_what_is_absent() -> None:
    case = fakes.empty_case()
    assert "No vertebra could be read in this study." in markup.summary(case)
    parts = (markup.angles(case), markup.measurements(case, 0), markup.recommendations(case), markup.missing(case))
    assert all("ovf-mute" in part for part in parts)


def test_contradictions_stand_in_one_frame_and_others_apart() -> None:
    """VA-02 (an option) is against VA-16 (avoid): one frame with both, the first side's card before the other's."""
    avoid = next(r for r in fakes.ADVICE if r.rule == "VA-16")
    option = replace(avoid, rule="VA-02", kind=RuleKind.OPTION, text="Offer it.", against=("VA-16",))
    panel = Panel(id="X", title="A guideline", status=EVIL, source="A source", says=("Something else.",))
    text = markup.recommendations(fakes.mri_case(recommendations=(avoid, option), others=(panel,)))
    frame, _, rest = text.partition('<div class="ovf-balance">')[2].partition("</div>")
    assert frame.index("VA-16") < frame.index("On the other side:") < frame.index("Offer it.")
    assert "Pulls the other way" not in frame
    assert rest.index("What others say") < rest.index("Something else.")
    assert EVIL not in text
