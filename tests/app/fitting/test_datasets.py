"""Data sets on disk: what a folder or a CSV says is what the samples carry, and no test picture slips out."""

import csv
from collections import Counter

import pytest

from dinoscope.fitting.datasets import copies_of_tests, held_out, read

COLUMNS = ("id", "file", "label", "group", "fold", "official")


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def write(path, columns, *rows):
    """A table, and an empty file for each picture that it lists beside itself, or in the folder named like it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if "file" in columns:
        home = path.parent.parent / path.stem if path.parent.name == "splits" else path.parent
        touch(home, *(row[list(columns).index("file")] for row in rows))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def tree(folder, people=0, **counts):
    """A class-per-folder tree, or with `people` a labels.csv in which so many people share the pictures."""
    names = [(f"{label}/{label}_{i:03}.png", label, i) for label, n in counts.items() for i in range(n)]
    touch(folder, *(name for name, _, _ in names))
    if people:
        rows = [(name, label, f"{label}-person-{i % people}") for name, label, i in names]
        write(folder / "labels.csv", ("file", "label", "patient"), *rows)
    return folder


def by_fold(samples):
    return {s.id: s.fold for s in samples}


def test_a_pictures_folder_names_its_class(tmp_path):
    touch(tmp_path, "benign/a.png", "malignant/b.JPG", "malignant/c.dcm", "benign/notes.txt", "masks/a.png")
    found = {s.id: (s.label, s.path, s.official) for s in read(tree(tmp_path, benign=8, malignant=8))}
    assert found["benign/a.png"] == ("benign", tmp_path / "benign" / "a.png", "all")
    assert found["malignant/b.JPG"] == ("malignant", tmp_path / "malignant" / "b.JPG", "all")
    assert found["malignant/c.dcm"][0] == "malignant"
    assert len(found) == 8 + 8 + 3


def test_pictures_of_one_name_in_two_classes_are_two_cases(tmp_path):
    touch(tmp_path, *(f"{label}/{i}.png" for label in ("ill", "well") for i in range(10)))
    samples = read(tmp_path)
    assert len({s.id for s in samples}) == 20
    assert len({s.group for s in samples}) == 20
    assert {s.label for s in samples if s.path.name == "3.png"} == {"ill", "well"}


def test_labels_csv_gives_ids_labels_groups_folds_and_the_official_split(tmp_path):
    rows = [("x1", "p/1.png", "cat", "g1", 3, "train"), ("x0", "p/0.png", "dog", "g0", 0, "test")]
    write(tmp_path / "labels.csv", COLUMNS, *rows)
    first, second = read(tmp_path)
    assert (first.id, first.label, first.group, first.fold, first.official) == ("x0", "dog", "g0", 0, "test")
    assert (second.id, second.path, second.fold) == ("x1", tmp_path / "p" / "1.png", 3)


def test_labels_csv_needs_no_more_than_files_and_labels(tmp_path):
    rows = [(f"{i}.png", "odd" if i % 2 else "even") for i in range(20)]
    write(tmp_path / "labels.csv", ("file", "label"), *rows)
    samples = read(tmp_path)
    assert {s.id: s.label for s in samples} == dict(rows)
    assert Counter(s.fold for s in samples) == dict.fromkeys(range(5), 4)


def test_labels_csv_without_a_column_of_labels_says_which_columns_there_are(tmp_path):
    write(tmp_path / "labels.csv", ("file", "class"), ("1.png", "cat"))
    with pytest.raises(ValueError, match=r"labels\.csv has the columns file, class; it needs file and label"):
        read(tmp_path)


@pytest.mark.parametrize("given", ["splits/pets.csv", "splits"])
def test_a_split_file_outranks_folders_and_labels(tmp_path, given):
    folder = tree(tmp_path / "pets", people=2, cat=5, dog=5)
    rows = [(f"id{i}", f"cat/cat_{i:03}.png", "tiger", i, i, "all") for i in range(5)]
    write(tmp_path / "splits" / "pets.csv", COLUMNS, *rows)
    samples = read(folder, tmp_path / given)
    assert by_fold(samples) == {f"id{i}": i for i in range(5)}
    assert {s.label for s in samples} == {"tiger"}


def test_a_misspelt_split_file_is_refused_rather_than_replaced_by_drawn_folds(tmp_path):
    folder = tree(tmp_path / "pets", cat=5, dog=5)
    with pytest.raises(FileNotFoundError, match=r"splitz\.csv does not exist; give a CSV with the columns id, file"):
        read(folder, tmp_path / "splitz.csv")


def test_drawn_folds_keep_people_whole(tmp_path):
    samples = read(tree(tmp_path, people=10, cat=60, dog=60))
    assert len({s.group for s in samples}) == 20
    assert len({(s.group, s.fold) for s in samples}) == 20
    assert {s.fold for s in samples} == {0, 1, 2, 3, 4}


def test_drawn_folds_hold_each_class_in_its_share(tmp_path):
    samples = read(tree(tmp_path, rare=20, common=200))
    counts = Counter((s.fold, s.label) for s in samples)
    assert counts == {(fold, label): n for fold in range(5) for label, n in (("rare", 4), ("common", 40))}


def test_drawn_folds_are_the_same_on_every_run_wherever_the_folder_lies(tmp_path):
    first = by_fold(read(tree(tmp_path / "a", people=7, cat=40, dog=30)))
    assert by_fold(read(tmp_path / "a")) == first
    assert by_fold(read(tree(tmp_path / "b", people=7, cat=40, dog=30))) == first


def test_drawn_folds_do_not_depend_on_the_order_of_the_rows(tmp_path):
    first = by_fold(read(tree(tmp_path, people=7, cat=40, dog=30)))
    header, *rows = (tmp_path / "labels.csv").read_text().splitlines(keepends=True)
    (tmp_path / "labels.csv").write_text(header + "".join(reversed(rows)))
    assert by_fold(read(tmp_path)) == first


def test_sources_become_addresses_that_a_browser_can_open(tmp_path):
    folder = tree(tmp_path, cat=5, dog=5)
    row = ("cat/cat_001.png", "owner/pets", "0a1b2c", "all/big cats/#1 (2) 50%.png")
    write(folder / "sources.csv", ("id", "repo", "commit", "path"), row)
    urls = {s.id: s.url for s in read(folder)}
    wanted = "https://raw.githubusercontent.com/owner/pets/0a1b2c/all/big%20cats/%231%20%282%29%2050%25.png"
    assert urls["cat/cat_001.png"] == wanted
    assert urls["cat/cat_002.png"] == ""


def test_metadata_is_joined_by_id_and_empty_cells_are_left_out(tmp_path):
    folder = tree(tmp_path, cat=5, dog=5)
    write(folder / "metadata.csv", ("id", "age", "sex"), ("cat/cat_001.png", "61", ""), ("dog/dog_002.png", "", "F"))
    metadata = {s.id: s.metadata for s in read(folder)}
    assert metadata["cat/cat_001.png"] == {"age": "61"}
    assert metadata["dog/dog_002.png"] == {"sex": "F"}
    assert metadata["cat/cat_000.png"] == {}


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere is not a folder; give a folder with one sub-folder a class"):
        read(tmp_path / "nowhere")


def test_a_folder_without_pictures_says_which_kinds_it_looked_for(tmp_path):
    touch(tmp_path, "cat/readme.txt")
    with pytest.raises(FileNotFoundError, match=r"no pictures under .*; looked for \.bmp, \.dcm"):
        read(tmp_path)


@pytest.fixture
def three_sets(tmp_path):
    """Sets one, two and three with split files, and pictures that stand in several of them."""
    ids = {"one": "abcd", "two": "pqrs", "three": "xyz"}
    folds = {"a": (0, "all"), "b": (2, "test"), "r": (0, "train")}
    for name, letters in ids.items():
        touch(tmp_path / name, *(f"all/{letter}.png" for letter in letters))
        rows = [(i, f"all/{i}.png", "k", i, *folds.get(i, (3, "train"))) for i in letters]
        write(tmp_path / "splits" / f"{name}.csv", COLUMNS, *rows)
    copies = [
        ("one", "a", "two", "p"),
        ("three", "x", "one", "b"),
        ("two", "p", "three", "y"),
        ("one", "d", "two", "s"),
    ]
    write(tmp_path / "splits" / "cross_set_copies.csv", ("set_a", "id_a", "set_b", "id_b"), *copies)
    return tmp_path


def test_held_out_are_fold_0_the_official_tests_and_their_copies_in_other_sets(three_sets):
    found = held_out([three_sets / name for name in ("one", "two", "three")], three_sets / "splits")
    assert {("one", "a"), ("two", "r")} <= found, "fold 0"
    assert ("one", "b") in found, "the official test split"
    assert {("two", "p"), ("three", "x")} <= found, "copies in either direction"
    assert ("three", "y") in found, "a copy of a copy"
    assert len(found) == 6


def test_without_copies_only_the_sets_own_tests_are_held_out(three_sets):
    (three_sets / "splits" / "cross_set_copies.csv").unlink()
    found = held_out([three_sets / name for name in ("one", "two", "three")], three_sets / "splits")
    assert found == {("one", "a"), ("one", "b"), ("two", "r")}


def test_a_photograph_that_another_set_tests_on_is_named(tmp_path):
    for name, folds in (("left", (0, 2, 3)), ("right", (2, 0, 3))):
        rows = [(f"{name}{i}", f"{name}{i}.png", "k", "", fold, "all") for i, fold in enumerate(folds)]
        write(tmp_path / "splits" / f"{name}.csv", COLUMNS, *rows)
    pairs = [("left", f"left{i}", "right", f"right{i}") for i in range(3)]
    write(tmp_path / "splits" / "cross_set_copies.csv", ("set_a", "id_a", "set_b", "id_b"), *pairs)
    assert copies_of_tests(tmp_path / "left", tmp_path / "splits") == {"left1"}
    assert copies_of_tests(tmp_path / "right", tmp_path / "splits") == {"right0"}
    assert copies_of_tests(tmp_path / "other", tmp_path / "splits") == set()
    assert copies_of_tests(tmp_path / "left", None) == set()
