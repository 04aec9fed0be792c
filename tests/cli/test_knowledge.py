"""``datus knowledge`` from the command line: builds, versions, going back."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from datus.cli.main import main
from datus.knowledge.versions import Versions
from tests.knowledge.conftest import BUSES, HUTS, REFERENCES, TERMS, configure, write

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATUS_HOME", str(tmp_path / "home"))
    write(tmp_path / "huts.sqlite", HUTS)
    write(tmp_path / "buses.sqlite", BUSES)
    (tmp_path / "terms.yml").write_text(TERMS, encoding="utf-8")
    (tmp_path / "reference.csv").write_text(REFERENCES, encoding="utf-8")
    (tmp_path / "notes").mkdir()
    configure(tmp_path)
    # Vectors are tested with search; without them a build is quick.
    with (tmp_path / "agent.yml").open("a") as file:
        file.write("  knowledge: {embeddings: {type: none}}\n")
    return tmp_path


@pytest.fixture
def versions(folder: Path) -> Versions:
    return Versions(folder / "home" / "knowledge", "alps")


@pytest.fixture
def knowledge(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``datus knowledge`` for the namespace; gives exit code, standard output and standard error."""

    def run(command: str, *options: str, namespace: str = "alps") -> tuple[int, str, str]:
        config = str(folder / "agent.yml")
        arguments = ["knowledge", command, "--namespace", namespace, "--config", config, *options]
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_a_build_shows_what_it_read_and_answers_from_it(knowledge: Run, versions: Versions) -> None:
    code, out, err = knowledge("build")
    assert (code, err) == (0, "")
    for part in ("2 databases", "4 tables", "2 keys", "8 values", "2 reference SQL", "2 terms"):
        assert part in out
    assert f"Questions are answered from version {versions.current()} now." in out
    assert re.search(r"search index .*\d+/\d+", out)  # the last state of the progress bar
    code, out, _ = knowledge("build", "--update", "incremental")
    assert (code, "Nothing has changed" in out) == (0, True)
    assert len(versions.all()) == 1
    assert knowledge("build", "--update", "overwrite")[0] == 0
    assert len(versions.all()) == 2


def test_a_check_builds_nothing(knowledge: Run, folder: Path, versions: Versions) -> None:
    knowledge("build")
    write(folder / "huts.sqlite", "CREATE TABLE [lake] (id INTEGER)")
    with (folder / "reference.csv").open("a") as file:
        file.writelines(f"Bad [red]{n}[/red],DELETE FROM stay,huts,\n" for n in range(22))
    code, out, _ = knowledge("build", "--update", "check")
    assert code == 0
    assert "changed: huts: table lake is new" in out
    assert out.count("left out: ") == 21
    assert "reference.csv:4: " in out
    assert "left out: 2 more" in out
    assert "Nothing was built" in out
    assert len(versions.all()) == 1


def test_only_some_components(knowledge: Run, folder: Path) -> None:
    knowledge("build")
    write(folder / "huts.sqlite", "CREATE TABLE lake (id INTEGER)")
    (folder / "terms.yml").write_text("terms: []")
    code, out, _ = knowledge("build", "--components", " terms , documents")
    assert code == 0
    assert "changed: terms: 0 new, 2 gone" in out
    assert "lake" not in out


def test_versions_and_going_back(knowledge: Run, versions: Versions) -> None:
    code, out, _ = knowledge("versions")
    assert (code, "datus knowledge build --namespace alps" in out) == (0, True)
    for _ in range(2):
        knowledge("build", "--update", "overwrite")
    second, first = (each.name for each in versions.all())
    rows = [line.split() for line in knowledge("versions")[1].splitlines() if "000" in line]
    assert [(row[0], row[-1]) for row in rows] == [(second, "yes"), (first, rows[1][-1])]
    assert rows[1][-1] != "yes"
    assert knowledge("rollback")[:2] == (0, f"alps is answered from {first} now.\n")
    assert versions.current() == first
    code, _, err = knowledge("rollback")
    assert (code, "no older version" in err) == (1, True)
    assert knowledge("rollback", "--to", second)[0] == 0
    assert versions.current() == second


def test_a_version_that_is_gone_can_be_gone_back_from(knowledge: Run, versions: Versions) -> None:
    for _ in range(2):
        knowledge("build", "--update", "overwrite")
    second, first = (each.name for each in versions.all())
    versions.path(second).unlink()
    assert knowledge("versions")[0] == 0
    assert knowledge("rollback")[0] == 0
    assert versions.current() == first


def test_a_second_build_meanwhile_is_refused(knowledge: Run, versions: Versions) -> None:
    with versions.building():
        code, _, err = knowledge("build")
    assert code == 1
    assert "Another process builds the knowledge of 'alps' now" in err


@pytest.mark.parametrize(
    ("command", "options", "namespace", "code", "part"),
    [
        ("build", [], "alpes", 2, "did you mean 'alps'?"),
        ("versions", [], "../alps", 2, "There is no namespace '../alps'"),
        ("rollback", ["--to", "0009-000000000000"], "alps", 1, "There is no version"),
        ("rollback", ["--to", "../../etc/passwd"], "alps", 1, "There is no version"),
        ("rollback", [], "alps", 1, "no older version"),
        ("build", ["--components", "term"], "alps", 2, "'terms'"),
        ("build", ["--components", " , "], "alps", 2, "at least one of schema"),
        ("build", ["--update", "all"], "alps", 2, "--update"),
    ],
)
def test_wrong_use_is_told(
    knowledge: Run, command: str, options: list[str], namespace: str, code: int, part: str
) -> None:
    found, _, err = knowledge(command, *options, namespace=namespace)
    assert found == code
    assert part in err


def test_a_file_that_cannot_be_used_is_named(
    knowledge: Run, folder: Path, versions: Versions
) -> None:
    knowledge("build")
    (folder / "terms.yml").write_text("terms: [{word: a}]")
    code, _, err = knowledge("build")
    assert code == 2
    assert "terms.yml: terms.1.meaning" in err
    assert "Traceback" not in err
    assert len(versions.all()) == 1


def test_a_folder_that_cannot_be_written_is_named(knowledge: Run, folder: Path) -> None:
    (folder / "home" / "knowledge" / "alps" / ".lock").mkdir(parents=True)
    code, _, err = knowledge("build")
    assert code == 1
    assert "agent.knowledge.path" in err


def test_the_program_itself(folder: Path, versions: Versions) -> None:
    program = "from datus.cli.main import main; main()"
    command = [sys.executable, "-c", program, "knowledge", "build", "--namespace", "alps"]
    made = subprocess.run(
        [*command, "--config", str(folder / "agent.yml")], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    assert str(versions.current()) in made.stdout
