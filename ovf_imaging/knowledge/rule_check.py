"""Check one rule file as a whole: every error at once, where loading stops at the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import Place, nearest
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, parse_table
from ovf_imaging.knowledge.rules import FILE_KEYS, VOCABULARY, Vocabulary, parse_rule, read_vocabulary, rule_book


def check_rules(path: Path) -> tuple[KnowledgeError, ...]:
    """Return every error of a rule file against the vocabulary, the facts and the other rules of the package.

    Each names file, entry and the fix. A file named as one of the book's topics is checked as its replacement.
    """
    try:
        table = parse_table(path)
    except KnowledgeError as error:
        return (error,)
    words = read_vocabulary(KNOWLEDGE_DIR / "rules" / VOCABULARY, rule_book().facts)
    raw = table.get("rule")
    entries = [entry for entry in raw if isinstance(entry, dict)] if isinstance(raw, list) else []
    shared = {"arm": table.get("arm"), "source_strength": "ungraded"}
    found = [*_of_file(table, path), *_of_ids(entries, path)]
    for entry in entries:
        found += _of_entry({**shared, **entry}, path, words)
    return tuple({str(error): error for error in found}.values())


def _of_file(table: Mapping[str, Any], path: Path) -> Iterator[KnowledgeError]:
    place = Place(file=path.name, entry="the file")
    if not isinstance(table.get("version"), str):
        yield place.error(f'"version" wanted as a text, got {table.get("version")!r}')
    for key in sorted(set(table) - FILE_KEYS):
        yield place.error(f'unknown key "{key}"{nearest(key, FILE_KEYS)}')
    if not table.get("rule"):
        yield place.error("no [[rule]]; add one")


def _of_entry(entry: Entry, path: Path, words: Vocabulary) -> Iterator[KnowledgeError]:
    """Yield what is wrong with each key of an entry, tried in a rule that is sound otherwise, then with the whole."""
    sound: dict[str, Any] = {key: choices[0] for key, choices in words.choices.items()}
    sound |= {"id": entry.get("id", "without an id"), "kind": "recommend", "when": {"always": True}}
    sound |= {"text": "A text.", "source": "A source.", "ask": "A question?"}
    mended = dict(entry)
    for key in (*entry, *sorted(sound.keys() - entry.keys() - {"ask"})):
        tried = {**sound, key: entry[key]} if key in entry else {k: v for k, v in sound.items() if k != key}
        for error in _problems(tried, path, words):
            yield error
            mended.pop(key, None)
            mended |= {key: sound[key]} if key in sound else {}
    for key in ("when", "ask_when"):
        for leaf in _leaves(entry.get(key)):
            yield from _problems({**sound, key: leaf}, path, words)
    yield from _problems(mended, path, words)


def _problems(entry: Entry, path: Path, words: Vocabulary) -> Iterator[KnowledgeError]:
    try:
        parse_rule(entry, path, (), words)
    except KnowledgeError as error:
        yield error


def _leaves(raw: Any) -> Iterator[Any]:
    """Yield the parts of a raw condition that test a fact."""
    if isinstance(raw, list):
        for part in raw:
            yield from _leaves(part)
    elif isinstance(raw, dict):
        if "fact" in raw:
            yield raw
        else:
            yield from _leaves(list(raw.values()))


def _of_ids(entries: Sequence[Entry], path: Path) -> Iterator[KnowledgeError]:
    """Yield ids given twice, and those in `against` that name no rule."""
    seen = {rule.id: f"{rule.topic}.toml" for rule in rule_book().rules if rule.topic != path.stem}
    known = {*seen, *(str(entry.get("id")) for entry in entries)}
    for entry in entries:
        name = str(entry.get("id"))
        place = Place(file=path.name, entry=name)
        if name in seen:
            yield place.error(f"duplicate id, already in {seen[name]}; give one of them another id")
        seen[name] = path.name
        against = entry.get("against", [])
        for other in against if isinstance(against, list) else []:
            if other not in known:
                yield place.error(f'"against" names unknown rule "{other}"{nearest(str(other), known)}')
