"""Lessons: built from their sources, blank ones run, solved ones pass, every checker is tested.

The first half holds for every lesson in the repository; the second half tries the machinery itself
on a small lesson written into a temporary folder.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import minitensor as mt

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "lessons"
sys.path.append(str(LESSONS))

import build as builder  # noqa: E402
from checking import Exercise, Question, Session, Status, seal, todo  # noqa: E402
from checking.catalogue import Catalogue, Item, UnknownExerciseError  # noqa: E402
from checking.exercise import canonical  # noqa: E402
from checking.judge import answers, judge, probes_of  # noqa: E402

SOURCES = builder.sources()
ITEMS = [item for number in Catalogue().lessons() for item in Catalogue().lesson(number).values()]
BY_ID = {item.id: item for item in ITEMS}
EXERCISES = [item for item in ITEMS if isinstance(item, Exercise)]
QUESTIONS = [item for item in ITEMS if isinstance(item, Question)]
by_name = {"ids": lambda source: source.stem}
by_id = {"ids": lambda item: item.id}


@pytest.fixture(autouse=True)
def _no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINITENSOR_PROGRESS", os.devnull)


# What holds for every lesson ---------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES, **by_name)
def test_notebooks_are_what_their_source_makes(source: Path) -> None:
    assert builder.stale(source) == [], "run python lessons/build.py"


@pytest.mark.parametrize("source", SOURCES, **by_name)
def test_blank_notebook_runs_and_nothing_is_attempted(source: Path) -> None:
    statuses = run_and_read_statuses(builder.products(source)[0])
    assert statuses
    assert set(statuses) == {Status.NOT_ATTEMPTED.label}


@pytest.mark.parametrize("source", SOURCES, **by_name)
def test_solutions_reproduce_their_outputs_and_pass(source: Path) -> None:
    path = builder.products(source)[1]
    statuses = check_statuses(nbformat.read(path, as_version=4))
    assert statuses
    assert set(statuses) == {Status.PASSED.label}
    assert_nbval_reproduces(path)


@pytest.mark.parametrize("source", SOURCES, **by_name)
def test_no_solution_leaks_into_the_blank_notebook(source: Path) -> None:
    assert leaks(source) == []


@pytest.mark.parametrize("source", SOURCES, **by_name)
def test_every_exercise_is_checked_in_the_notebook(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    for exercise in Catalogue().lesson(source.name[:2]):
        assert f'check("{exercise}"' in text


def test_every_notebook_has_a_source() -> None:
    made = {path for source in SOURCES for path in builder.products(source)}
    assert {*LESSONS.glob("*.ipynb"), *LESSONS.glob("solutions/*.ipynb")} <= made


def test_the_picture_of_the_readme_is_what_would_be_drawn() -> None:
    import picture

    assert picture.main(["--check"]) == 0


@pytest.mark.parametrize("item", ITEMS, **by_id)
def test_the_solution_can_be_shown(item: Item) -> None:
    assert "solution" in repr(Session().solution(item.id)) or not isinstance(item, Exercise)
    assert Session().solution(item.id, now=True).blocks


@pytest.mark.parametrize("item", EXERCISES, **by_id)
def test_exercise_accepts_right_and_diagnoses_wrong_answers(item: Exercise) -> None:
    assert_exercise_is_sound(item, Session())


@pytest.mark.parametrize("item", QUESTIONS, **by_id)
def test_question_has_one_answer_and_a_message_for_each_other(item: Question) -> None:
    assert_question_is_sound(item, Session())


def assert_exercise_is_sound(item: Exercise, session: Session) -> None:
    """The five rules of a checker: right, blank, wrong in known ways, hard-coded, right again."""
    assert len(item.mutants) >= 3
    assert len(item.variants) >= 2
    assert len({mutant.says for mutant in item.mutants}) == len(item.mutants)
    for right in (item.reference, *item.variants):
        report = session.check(item.id, right)
        assert report.status is Status.PASSED, report
    for mutant in item.mutants:
        report = session.check(item.id, mutant.subject)
        assert report.status is Status.NOT_YET, f"accepted a mutant: {mutant.says}"
        assert mutant.says in repr(report), report
    for empty in (todo(item.id), lambda *_: todo(item.id), *filter(None, [item.starter])):
        if not callable(empty) or callable(item.reference):
            assert session.check(item.id, empty).status is Status.NOT_ATTEMPTED
    for constant in constants(item):
        assert session.check(item.id, constant).status is Status.NOT_YET


def constants(item: Exercise) -> Iterator[object]:
    """Answers that are right for one input only, and things that are no answer at all."""
    yield from ("nonsense", 12345.678, [], None, object())
    if item.run is None and item.probes is not None:
        for answer in answers(item, item.reference)[:3]:
            yield lambda *_, answer=answer: answer


def assert_question_is_sound(item: Question, session: Session) -> None:
    reports = {choice: session.check(item.id, choice) for choice in item.choices}
    right = [choice for choice, report in reports.items() if report.status is Status.PASSED]
    assert len(right) == 1
    assert all(choice == canonical(choice) for choice in item.choices)
    wrong = {seal(item.id, choice) for choice in item.choices if choice not in right}
    assert set(item.messages) == wrong, "one message for each wrong choice"
    assert session.check(item.id, ...).status is Status.NOT_ATTEMPTED
    assert session.check(item.id, "none of these").status is Status.NOT_YET


def run_and_read_statuses(path: Path) -> list[str]:
    """Run a notebook where it lies and give the status word of each check cell."""
    made = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in made.cells), "learners get no outputs"
    builder.execute(made, path.parent)
    return check_statuses(made)


def check_statuses(made: nbformat.NotebookNode) -> list[str]:
    """What the cells tagged `check` answered."""
    found = []
    for cell in made.cells:
        if "check" in cell.metadata.get("tags", []):
            texts = [out["data"]["text/plain"] for out in cell.outputs if "data" in out]
            labels = [text.split("  ")[0] for text in texts]
            found += [label for label in labels if not label.startswith(Status.INFO.label)]
    return found


def assert_nbval_reproduces(path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    command += ["-c", str(ROOT / "pyproject.toml"), "-o", "addopts=", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--rootdir={path.parent}", str(path)],
        env=builder.kernel_environment(),
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def leaks(source: Path) -> list[str]:
    """Lines of solutions that can be read anywhere in the learner's notebook."""
    shown = builder.notebook(source, solutions=False)
    visible = {squeezed(line) for cell in shown.cells for line in cell.source.splitlines()}
    raw = squeezed(json.dumps(nbformat.read(builder.products(source)[0], as_version=4)))
    return [line for line in solution_lines(source) if line not in visible and _quoted(line) in raw]


def _quoted(line: str) -> str:
    return json.dumps(line)[1:-1]


def solution_lines(source: Path) -> list[str]:
    """Every telling line inside a solution, blanks squeezed."""
    import jupytext

    found = []
    for cell in jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells:
        lines = [line for region in builder.regions(cell.source) for line in region.solution]
        if builder.SOLUTION_ONLY in cell.metadata.get("tags", []):
            lines += cell.source.splitlines()
        found += [squeezed(line) for line in lines if len(squeezed(line)) >= 12]
    return found


def squeezed(text: str) -> str:
    return "".join(text.split())


# The machinery, tried on a small lesson ----------------------------------------------------------

CHECKS = '''
"""Exercises of a lesson that exists only in this test."""

import numpy as np

from checking import Exercise, Mutant, Question, seal


def column_mean(x):
    """Mean over the rows."""
    return x.sum(axis=0) / x.shape[0]


def probes(rng):
    for rows, columns in [(3, 2), (2, 2), (4, 1), (5, 3)]:
        yield (rng.normal(size=(rows, columns)),)


def variant_loop(x):
    return np.array([sum(row[i] for row in x) / len(x) for i in range(x.shape[1])])


def negated(x):
    return -column_mean(x)


EXERCISES = (
    Question(
        id="99.1",
        title="What is the shape of the mean over the rows of a (3, 2) matrix?",
        choices={"a": "(2,)", "b": "(3,)", "c": "()"},
        answer=seal("99.1", "a"),
        messages={
            seal("99.1", "b"): "That is the mean over the columns.",
            seal("99.1", "c"): "That is the mean over everything.",
        },
        right="Axis 0 disappears.",
        hints=("Which axis disappears?",),
    ),
    Exercise(
        id="99.2",
        title="mean over the rows",
        reference=column_mean,
        probes=probes,
        mutants=(
            Mutant(lambda x: x.mean(axis=1), "Axis 1 runs along a row; you want axis 0."),
            Mutant(lambda x: x.sum(axis=0), "This is the sum. Divide by the number of rows."),
            Mutant(lambda x: x.mean(), "All axes were averaged. Name the axis."),
        ),
        hints=("Which axis?", "return x.____(axis=____)\\n# sum or mean?", "x.mean(axis=1) is ..."),
        variants=(variant_loop, lambda x: np.mean(x, 0)),
    ),
    Exercise(
        id="99.3",
        title="adjoints of a * b at a = 2, b = 3",
        reference={"a": 3.0, "b": 2.0},
        mutants=(
            Mutant({"a": 2.0, "b": 3.0}, "The two are exchanged."),
            Mutant({"a": 6.0, "b": 6.0}, "That is the value, not the slope."),
            Mutant({"a": 0.0, "b": 0.0}, "Both inputs matter."),
        ),
        hints=("What happens to a * b when a grows a little?", "b = ...", "For c * d ..."),
        variants=({"b": 2, "a": 3}, {"a": np.float32(3), "b": np.array(2.0)}),
    ),
    Exercise(
        id="99.4",
        title="repair the sign",
        reference=column_mean,
        probes=probes,
        starter=negated,
        mutants=(
            Mutant(abs, "The absolute value has no sign at all."),
            Mutant(lambda x: x.sum(axis=0), "Divide by the number of rows."),
            Mutant(lambda x: x[7], "There are not that many rows."),
        ),
        hints=("1", "2", "3"),
        variants=(variant_loop, lambda x: x.mean(0)),
    ),
)
'''

SOURCE = """\
# %% [markdown]
# # A lesson

# %% tags=["setup"]
import numpy as np
from checking import carry, check, hint, predict, solution, todo

# %% tags=["predict"] ex="99.1"
### BEGIN SOLUTION
guess = "a"
### END SOLUTION
predict("99.1", guess)

# %% tags=["check"]
check("99.1")

# %% tags=["exercise"] ex="99.2"
def mean_of_rows(x):
    ### BEGIN SOLUTION
    total = x.sum(axis=0)
    return total / len(x)
    ### END SOLUTION


# %% tags=["check"]
check("99.2", mean_of_rows)

# %%
mean = carry("99.2")
mean(np.eye(2))

# %% tags=["exercise"] ex="99.3"
### BEGIN SOLUTION
adjoints = {"a": 3.0, "b": 2.0}
### LEARNER
# adjoints = {"a": ..., "b": ...}
### END SOLUTION

# %% tags=["check"]
check("99.3", adjoints)

# %% tags=["exercise"] ex="99.4"
def repaired(x):
    ### BEGIN SOLUTION
    return +x.mean(axis=0)
    ### LEARNER
    # return -x.mean(axis=0)
    ### END SOLUTION


# %% tags=["check"]
check("99.4", repaired)

# %% [markdown] tags=["solution"]
# This explanation is for teachers only.
"""


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of a small lesson, built and run once."""
    root = tmp_path_factory.mktemp("course") / "lessons"
    shutil.copytree(LESSONS / "checking", root / "checking")
    (root / "checks").mkdir()
    (root / "checks" / "lesson_99.py").write_text(CHECKS, encoding="utf-8")
    (root / "src").mkdir()
    source = root / "src" / "99_demo.py"
    source.write_text(SOURCE, encoding="utf-8")
    assert builder.main(["--root", str(root)]) == 0
    return source


@pytest.fixture
def session(lesson: Path, tmp_path: Path) -> Session:
    return Session(lesson.parent.parent, log=tmp_path / "progress.jsonl")


def test_small_lesson_satisfies_every_rule(lesson: Path) -> None:
    test_notebooks_are_what_their_source_makes(lesson)
    test_blank_notebook_runs_and_nothing_is_attempted(lesson)
    test_solutions_reproduce_their_outputs_and_pass(lesson)
    test_no_solution_leaks_into_the_blank_notebook(lesson)


def test_small_lesson_has_sound_checkers(session: Session) -> None:
    for item in session.catalogue.lesson("99").values():
        if isinstance(item, Exercise):
            assert_exercise_is_sound(item, session)
        else:
            assert_question_is_sound(item, session)


def test_carry_gives_the_learners_object_only_when_it_passed(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    def own(x):
        return x.mean(axis=0)

    reference = session.catalogue["99.2"].reference
    assert session.carry("99.2") is reference
    assert "running on the reference column_mean" in capsys.readouterr().out
    session.check("99.2", own)
    assert session.carry("99.2") is own
    assert "running on YOUR column_mean" in capsys.readouterr().out
    session.check("99.2", lambda x: x)
    assert session.carry("99.2") is reference


def test_failure_shows_shapes_then_smallest_example_then_misconception(session: Session) -> None:
    text = repr(session.check("99.2", lambda x: x.mean(axis=1)))
    assert text.startswith("✗ Not yet  99.2 mean over the rows\nExpected shape (1,), got shape")
    assert "column_mean(x) with\n    x = [[" in text
    assert text.index("expected  [") < text.index("got       [") < text.index("Axis 1 runs along")
    assert text.endswith('Next step: hint("99.2")')
    assert "def " not in text


def test_judge_never_raises_on_what_learners_bring(session: Session) -> None:
    class Hostile:
        def __repr__(self):
            raise RuntimeError("no repr")

        def __eq__(self, other):
            raise RuntimeError("no eq")

        __hash__ = None

        def __array__(self, *_, **__):
            raise RuntimeError("no array")

    def explodes(x):
        raise ValueError("<img src=x onerror=alert(1)>")

    assert session.check("99.2", lambda x: Hostile()).status is Status.NOT_YET
    assert session.check("99.3", {"a": Hostile(), "b": Hostile()}).status is Status.NOT_YET
    report = session.check("99.2", explodes)
    assert "ValueError: <img" in repr(report)
    assert "<img" not in report.html()
    result_not_function = repr(session.check("99.2", 3.0))
    assert "Write its name without parentheses" in result_not_function
    assert "Entry 'b' is missing" in repr(session.check("99.3", {"a": 3.0}))


def test_an_exception_is_an_answer_only_where_the_exercise_is_about_raising() -> None:
    def reference(x):
        raise ValueError("there is no root")

    def typo(x):
        raise UnicodeError("a ValueError too, but out of a slip")

    made = {"mutants": (), "hints": ("", "", ""), "variants": (), "probes": lambda rng: [(1.0,)]}
    plain = Exercise(id="99.9", title="root", reference=reference, **made)
    about = Exercise(id="99.9", title="root", reference=reference, raises=True, **made)
    assert not judge(plain, typo).passed
    assert not judge(plain, reference).passed
    assert judge(about, typo).passed
    assert not judge(about, lambda x: 1.0).passed


def test_a_wrong_value_does_not_give_the_right_one_away(session: Session) -> None:
    text = repr(session.check("99.3", {"a": 3.0, "b": -77.0}))
    assert "'b' is not right yet" in text
    assert "You gave -77." in text
    assert "expected" not in text
    text = repr(session.check("99.3", {"a": 3.0, "b": "a"}))
    assert "'b' is text: write a number or a formula, without quotes" in text
    text = repr(session.check("99.3", {"a": 3.01, "b": 2.0}))
    assert "'a' is nearly right: give more digits" in text


@pytest.mark.parametrize(("order", "words", "diagnosis"), [
    ("cehdaf", "line a cannot come right after line d", "so the loss comes first"),
    ("cehdag", "line a cannot come right after line d", "so the loss comes first"),
    ("ceahdf", "name 'y' is not defined", "forward first, then loss"),
    ("echadf", "line e begins with blanks", "`for` begins"),
    ("chedaf", "no block with so few blanks is open", "Look at the blanks"),
    ("cehadc", "line c ends in a colon", None),
    ("cehadfh", "line h cannot come right after line f", None),
    ("cehafd", "name 'gradient' is not defined", "the gradient comes first"),
    ("cehad", "Your answer is not right yet", "never makes a step"),
])  # fmt: skip
def test_lines_in_a_wrong_order_are_diagnosed_in_words(
    order: str, words: str, diagnosis: str | None
) -> None:
    text = repr(Session().check("12.2", list(order)))
    assert words.casefold() in text.casefold()
    assert diagnosis is None or diagnosis in text
    assert "IndentationError" not in text


def test_a_forgotten_return_is_named(session: Session) -> None:
    assert "Is a return missing" in repr(session.check("99.2", lambda x: None))


def test_messages_are_not_glued_together() -> None:
    glued = []
    for path in sorted((LESSONS / "checks").glob("*.py")):
        tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
            if token.type not in (tokenize.NL, tokenize.COMMENT)
        ]
        for a, b in itertools.pairwise(tokens):
            if a.type == b.type == tokenize.STRING and not re.search(r"(\s|\\n)[\"']$", a.string):
                glued.append(f"{path.name}:{a.start[0]}: {a.string}")
    assert not glued


def test_learner_cannot_change_the_inputs_of_the_reference(session: Session) -> None:
    def spoils(x):
        mean = x.mean(axis=0)
        x[...] = 0
        return mean

    assert session.check("99.2", spoils).status is Status.PASSED
    assert session.check("99.2", lambda x: spoils(x) + 1).status is Status.NOT_YET


def test_first_prediction_is_locked_and_logged_as_a_seal(session: Session) -> None:
    assert session.check("99.1").status is Status.NOT_ATTEMPTED
    assert session.predict("99.1", todo("99.1")).status is Status.NOT_ATTEMPTED
    assert session.predict("99.1", "d").status is Status.NOT_YET
    assert "locked: b)" in repr(session.predict("99.1", "B"))
    assert "The first prediction counts" in repr(session.predict("99.1", "a"))
    assert "mean over the columns" in repr(session.check("99.1"))
    path = session._log_path
    assert path is not None
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["event"] for entry in entries] == ["predict", "predict", "check"]
    assert entries[0]["seal"] == seal("99.1", "b")
    assert "answer" not in entries[0]


def test_hints_come_one_by_one_and_the_solution_after_two_tries(session: Session) -> None:
    assert "Which axis?" in repr(session.hint("99.2"))
    assert "x.____" in repr(session.hint("99.2"))
    assert "x.mean(axis=1) is" in repr(session.hint("99.2"))
    assert "hint 3 of 3" in repr(session.hint("99.2"))
    assert "hint 1 of 3" in repr(session.hint("99.2", 1))
    assert "Try twice first" in repr(session.solution("99.2"))
    session.check("99.2", lambda x: x)
    session.check("99.2", lambda x: x)
    assert "return x.sum(axis=0) / x.shape[0]" in repr(session.solution("99.2"))
    assert "Axis 0 disappears" in repr(session.solution("99.1", now=True))


def test_wrong_use_is_answered_with_what_to_do(session: Session) -> None:
    with pytest.raises(UnknownExerciseError, match=r'no exercise "99\.22".*Did you mean "99\.2"'):
        session.check("99.22", None)
    with pytest.raises(UnknownExerciseError, match="no lesson 98; there are 99"):
        session.hint("98.1")
    with pytest.raises(TypeError, match="needs the object to check"):
        session.check("99.2")
    with pytest.raises(TypeError, match="use check"):
        session.predict("99.2", 1)
    with pytest.raises(TypeError, match="no object to carry"):
        session.carry("99.1")


def test_the_number_of_a_lesson_may_lack_its_zero() -> None:
    with pytest.raises(UnknownExerciseError, match=r'no lesson 8; .*Did you mean "08\.5"'):
        Catalogue()["8.5"]


def test_a_table_of_answers_is_a_dict() -> None:
    verdict = judge(BY_ID["08.8"], ["miss", "hit"])  # type: ignore[arg-type]
    assert verdict.failure is not None
    assert verdict.failure.reason == "expected a dict with an entry for each, got a list"


@pytest.mark.parametrize("exercise", ["08.5", "08.6", "08.7", "08.11"])
def test_a_card_returns_two_things(exercise: str) -> None:
    item = BY_ID[exercise]
    assert isinstance(item, Exercise)
    verdict = judge(item, lambda given: item.reference(given)[0])
    assert str(verdict.misconception).startswith("A card returns two things")


def test_noise_may_have_a_shape() -> None:
    def card_3(n: int) -> tuple:
        noisy = mt.function(lambda x: x + mt.random.normal([1]))
        return [noisy(mt.constant(0.0)) for _ in range(n)], noisy

    item = BY_ID["08.7"]
    assert isinstance(item, Exercise)
    assert judge(item, card_3).passed


def test_a_full_disk_or_read_only_home_stops_nobody(lesson: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    session = Session(lesson.parent.parent, log=blocked / "progress.jsonl")
    assert session.check("99.3", {"a": 3, "b": 2}).status is Status.PASSED


def test_probes_are_the_same_on_each_run(session: Session) -> None:
    item = session.catalogue["99.2"]
    assert isinstance(item, Exercise)
    assert repr(probes_of(item)) == repr(probes_of(item))


def test_an_edit_of_the_source_or_a_product_is_noticed(lesson: Path, tmp_path: Path) -> None:
    root = tmp_path / "lessons"
    shutil.copytree(lesson.parent.parent, root)
    source = root / "src" / lesson.name
    assert builder.stale(source) == []
    learner, solved = builder.products(source)
    before = learner.read_text(encoding="utf-8")
    learner.write_text(before.replace("A lesson", "A lessen"), encoding="utf-8")
    assert builder.stale(source) == [learner]
    learner.write_text(before, encoding="utf-8")
    source.write_text(SOURCE.replace("len(x)", "x.shape[0]"), encoding="utf-8")
    assert builder.stale(source) == [solved], "the learner's notebook does not depend on it"
    assert builder.main(["--check", "--root", str(root)]) == 1


def test_cell_ids_stay_when_other_cells_come_and_go(lesson: Path, tmp_path: Path) -> None:
    longer = tmp_path / "99_demo.py"
    longer.write_text("# %% [markdown]\n# New first cell.\n\n" + SOURCE, encoding="utf-8")
    old = [cell.id for cell in builder.notebook(lesson, solutions=False).cells]
    new = [cell.id for cell in builder.notebook(longer, solutions=False).cells]
    assert new[1:] == old
    assert len(set(new)) == len(new)


def test_blank_notebook_holds_placeholders_and_repairs(lesson: Path) -> None:
    text = "\n".join(cell.source for cell in builder.notebook(lesson, solutions=False).cells)
    assert 'guess = todo("99.1")' in text
    assert '    return todo("99.2")' in text
    assert 'adjoints = {"a": ..., "b": ...}' in text
    assert "    return -x.mean(axis=0)" in text
    assert "SOLUTION" not in text
    assert "teachers only" not in text
    solved = "\n".join(cell.source for cell in builder.notebook(lesson, solutions=True).cells)
    assert "SOLUTION" not in solved
    assert "LEARNER" not in solved
    assert "return +x.mean(axis=0)" in solved


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("### BEGIN SOLUTION\nx = 1", "without"),
        ("### END SOLUTION", "wrong place"),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", 'needs ex="NN.n"'),
    ],
)
def test_a_broken_source_is_named(tmp_path: Path, cell: str, words: str) -> None:
    source = tmp_path / "97_broken.py"
    source.write_text(f"# %%\n{cell}\n", encoding="utf-8")
    with pytest.raises(builder.LessonSourceError, match=r"97_broken\.py, cell 0: .*" + words):
        builder.notebook(source, solutions=False)


def test_a_leak_is_found(lesson: Path, tmp_path: Path) -> None:
    root = tmp_path / "lessons"
    shutil.copytree(lesson.parent.parent, root)
    source = root / "src" / lesson.name
    learner = builder.products(source)[0]
    made = nbformat.read(learner, as_version=4)
    made.metadata["note"] = "total = x.sum(axis=0)"
    learner.write_text(builder.text_of(made), encoding="utf-8")
    assert leaks(source) == ["total=x.sum(axis=0)"]


def test_seal_is_printed_for_authors(capsys: pytest.CaptureFixture[str]) -> None:
    assert builder.main(["--seal", "04.2", "B "]) == 0
    assert capsys.readouterr().out.strip() == seal("04.2", "b")
