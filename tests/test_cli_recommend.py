"""`ovf recommend` and `ovf rules`: what they print, and how they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ovf_imaging import Caveat, Level, RuleKind, case_to_json
from ovf_imaging.cli import note
from ovf_imaging.cli.main import run
from tests import fakes

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ovf(capfd: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command and gives its exit code, what it said and what it complained of."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        code = run([str(a) for a in arguments])
        said = capfd.readouterr()
        return code, said.out, said.err

    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "case.json").write_text(case_to_json(fakes.mri_case()), encoding="utf-8")
    return tmp_path


def test_note_goes_arm_by_arm_and_tells_what_is_missing_by_the_name_that_a_context_takes() -> None:
    lines = list(note.lines(fakes.mri_case()))
    start = lines.index("CONSERVATIVE CARE")
    assert lines[start + 1 : start + 5] == [
        "Recommended · CON-02",
        "  Begin without intervention: short bed rest, analgesics, a drug against osteoporosis, exercise, a",
        "  brace.",
        "    Because: acuity: acute (finding: L1); ASIA grade: E (context)",
    ]
    assert "? t_score: What is the T-score?" in lines
    many = fakes.mri_case(missing=tuple(f"fact_{n}" for n in range(10)))
    assert list(note.lines(many))[-1] == "and 2 more questions, listed in case.json."


def test_note_begins_with_what_must_be_seen_and_ends_with_what_was_not_considered() -> None:
    stop = Caveat(code="advice-withheld", text="Unstable: 3 records withheld.", must_see=True)
    rest = Caveat(code="advice-incomplete", text="Not considered: 5 of 177 records.")
    lines = list(note.lines(fakes.mri_case(caveats=(rest, stop))))
    assert lines.index("! Unstable: 3 records withheld.") < lines.index("CONSERVATIVE CARE")
    assert lines.index("Not considered: 5 of 177 records.") > lines.index("GENERAL")


def test_note_sets_contradictions_side_by_side() -> None:
    """VA-16 (avoid) and an option against it: one heading, two sides, and neither names the other again."""
    avoid = next(r for r in fakes.ADVICE if r.rule == "VA-16")
    option = replace(avoid, rule="VA-02", kind=RuleKind.OPTION, text="Offer it.", against=("VA-16",))
    lines = list(note.lines(fakes.mri_case(recommendations=(avoid, option))))
    start = lines.index("Weighed against each other; the review leaves this open. On one side:")
    assert lines[start + 1] == "  Avoid · VA-16"
    other = lines.index("On the other side:")
    assert lines[other + 1 : other + 3] == ["  Option · VA-02", "    Offer it."]
    assert not any("Pulls the other way" in line for line in lines)


def test_a_folder_is_a_case_and_its_findings_stay_without_pixels(folder: Path, ovf: Command) -> None:
    code, out, err = ovf("recommend", folder, "--format", "json")
    assert (code, err) in ((0, ""), (3, ""))
    said = json.loads(out)
    found = fakes.mri_case().assessment.findings
    assert [(f["level"], f["height_loss"]) for f in said["findings"]] == [
        (Level(f.level).name, f.height_loss) for f in found
    ]
    assert {"because", "against", "source_strength"} <= set(said["recommendations"][0])


def test_explain_prints_the_tree_with_values(folder: Path, ovf: Command) -> None:
    _, out, _ = ovf("recommend", folder, "--explain", "PAIN-02")
    assert out.startswith("PAIN-02 ")
    assert "hypertension is true: yes (true; context: hypertension)" in out
    _, tree, _ = ovf("recommend", folder, "--explain", "PAIN-02", "--format", "json")
    assert json.loads(tree)["rule"] == "PAIN-02"
    assert json.loads(tree)["when"]["parts"]


def test_what_if_says_what_changes_and_that_it_overrides_an_image(folder: Path, ovf: Command) -> None:
    _, out, _ = ovf("recommend", folder, "--what-if", "cervical_level=yes", "--what-if", "pain_vas=3")
    lines = out.splitlines()
    assert lines[0].startswith("If cervical level were yes instead of ")
    assert "If pain (VAS) were 3 instead of 7 (context: pain_vas):" in lines
    assert "  ! Cervical level: the images say false, the context says true; the context was used." in lines
    assert "Avoid · GEN-07" in lines
    assert lines.index("THEN NO LONGER APPLIES") > lines.index("THEN APPLIES, WITH WHAT IT IS WEIGHED AGAINST")


def test_missing_ranks_with_questions(folder: Path, ovf: Command) -> None:
    _, out, _ = ovf("recommend", folder, "--missing", "--format", "json")
    ranked = json.loads(out)
    counts = [len(item["decides"]) for item in ranked]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 0
    _, text, _ = ovf("recommend", folder, "--missing")
    assert text.splitlines()[0] == f"1. {ranked[0]['question']}"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--what-if", "pain_va=8"), 'unknown field "pain_va"; did you mean "pain_vas"?'),
        (("--what-if", "pain_vas=80"), '"pain_vas" wanted a number from 0 to 10, got 80'),
        (("--what-if", "cleft=maybe"), '"cleft" wanted true or false, got "maybe"'),
        (("--what-if", "cleft"), 'wanted FACT=VALUE such as pain_vas=8, got "cleft"'),
        (("--what-if", "cleft=no", "--what-if", "cleft=yes"), '"cleft" is given twice; keep one'),
        (("--what-if", "painful_fracture=yes"), '"painful_fracture" follows from fracture_present, pain_vas'),
        (("--explain", "VA-99"), 'no rule "VA-99"'),
        (("--explain", "VA-15", "--missing"), "one of --explain, --what-if, --missing and --write at a time"),
    ],
)
def test_what_is_not_understood_is_refused(
    folder: Path, ovf: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    code, out, err = ovf("recommend", folder, *arguments)
    assert (code, out) == (2, "")
    assert complaint in err


def test_write_names_the_files_for_other_systems(folder: Path, ovf: Command) -> None:
    _, out, _ = ovf("recommend", folder, "--write", folder / "others")
    written = [line.removeprefix("Written: ") for line in out.splitlines() if line.startswith("Written: ")]
    assert written == [str(path) for path in map(Path, written) if path.is_file()] != []


def test_rules_are_listed_by_arm_and_shown_one_by_one(ovf: Command) -> None:
    _, out, _ = ovf("rules", "list", "--arm", "surgery")
    assert all(line.split()[1] == "surgery" for line in out.splitlines())
    _, shown, _ = ovf("rules", "show", "VA-15")
    assert shown.startswith("VA-15: Option, Vertebral augmentation (rules/augmentation.toml)\n")
    assert "- painful_fracture means fracture_present is true and not (pain_vas at most 0)." in shown
    assert "- Weighed against: VA-16" in shown
    for arguments, complaint in ((("list", "--arm", "x"), 'no arm "x"'), (("show", "VA-1x"), 'no rule "VA-1x"')):
        code, _, err = ovf("rules", *arguments)
        assert code == 2
        assert complaint in err


def test_rule_file_is_checked_as_a_whole(ovf: Command, tmp_path: Path) -> None:
    code, out, err = ovf("rules", "check", tmp_path / "absent.toml")
    assert (code, out) == (2, "")
    assert "absent.toml: not readable" in err
    file = tmp_path / "mine.toml"
    file.write_text(
        'version = "1"\narm = "surgery"\n[[rule]]\nid = "NEW-1"\nkind = "option"\nwhen = { always = true }\n'
        'text = "A text."\nsource = "A source"\nevidence_type = "cohort"\n',
        encoding="utf-8",
    )
    assert ovf("rules", "check", file) == (0, f"{file}: sound\n", "")
