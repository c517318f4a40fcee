from dataclasses import replace

import markup
from ovf_imaging import Caveat, Context, Finding, Level, Measurement, RuleKind
from tests import fakes

EVIL = "<script>alert(1)</script>"


def test_fractured_level_has_a_card_and_the_others_a_line() -> None:
    case = fakes.mri_case()
    text = markup.findings(case)
    assert text.count("<section") == 1
    assert "<h4>L1</h4>" in text
    normal = ", ".join(Level(f.level).name for f in case.assessment.findings if f.grade == 0)
    unknown = ", ".join(Level(f.level).name for f in case.assessment.findings if f.grade is None)
    assert f"<b>No deformity:</b> {normal}." in text
    assert f"<b>Cannot tell:</b> {unknown}." in text


def test_case_without_a_grade_is_not_called_normal() -> None:
    unknown = tuple(Finding(level=level, height_loss=None) for level in (Level.T12, Level.L1))
    case = fakes.mri_case()
    text = markup.findings(replace(case, assessment=replace(case.assessment, findings=unknown)))
    assert "No level could be graded." in text
    assert "No deformity" not in text


def test_caveat_names_its_level_once() -> None:
    plain = Caveat(code="a", text="The mask is cut.", levels=(Level.L1,))
    named = Caveat(code="b", text="L1: the mask is cut.", levels=(Level.L1,))
    assert markup.caveat_list((plain,)).count("L1") == 1
    assert markup.caveat_list((named,)).count("L1") == 1


def test_what_is_not_known_is_written_as_such() -> None:
    assert markup.findings(fakes.mri_case()).count("cannot tell") >= 2


def test_table_has_a_row_a_level_and_a_value_with_its_interval() -> None:
    case = fakes.mri_case()
    text = markup.measurements(case, 0)
    assert text.count('<th scope="row">') == len({m.levels for m in case.measurements})
    assert "Anterior height<small>mm</small>" in text


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
    assert text.index("General") < text.index("Conservative") < text.index("Augmentation")
    for word in ("Recommended", "Avoid", "Caution", "Option", "Information", "Because", "Against", "Would decide more"):
        assert word in text


def test_each_kind_has_a_word() -> None:
    assert set(markup.KINDS) == set(RuleKind)


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


def test_empty_case_says_what_is_absent() -> None:
    case = fakes.empty_case()
    parts = (markup.findings(case), markup.angles(case), markup.measurements(case, 0), markup.recommendations(case))
    assert all("ovf-mute" in part for part in parts)
