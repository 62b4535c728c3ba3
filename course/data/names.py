"""Surnames by language, from Faker's locale lists."""

from __future__ import annotations

import importlib
import unicodedata

from .fetch import changed, package_folder, sha256
from .parts import Part, Parts, hash_order, part_of
from .sources import source

NAME = "surnames"
LOCALES = {
    "Croatian": ("hr_HR",),
    "Dutch": ("nl_NL",),
    "English": ("en_US", "en_GB"),
    "Estonian": ("et_EE",),
    "Finnish": ("fi_FI",),
    "French": ("fr_FR", "fr_CA"),
    "German": ("de_DE", "de_AT"),
    "Irish": ("ga_IE",),
    "Italian": ("it_IT",),
    "Slovak": ("sk_SK",),
    "Spanish": ("es_ES", "es_MX"),
}


def _pairs() -> list[tuple[str, str]]:
    """(surname, language), each surname once; surnames of two languages are left out."""
    record = source(NAME)
    package_folder(record)
    languages: dict[str, set[str]] = {}
    for language, locales in LOCALES.items():
        for locale in locales:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
            for name in provider.last_names:
                name = unicodedata.normalize("NFC", name.strip())
                if name.replace("-", "").replace("'", "").replace(" ", "").isalpha():
                    languages.setdefault(name, set()).add(language)
    pairs = sorted((name, *found) for name, found in languages.items() if len(found) == 1)
    if sha256("\n".join("\t".join(pair) for pair in pairs).encode()) != record.sha256:
        raise changed(record)
    return pairs


def _divided() -> dict[str, list[tuple[str, str]]]:
    pairs = _pairs()
    keys = [name.lower() for name, _ in pairs]
    parts: dict[str, list] = {"train": [], "valid": [], "test": []}
    for index in hash_order(NAME, keys):
        parts[part_of(NAME, keys[index], valid=0.1, test=0.1)].append(pairs[index])
    return parts


def surnames() -> Parts:
    """Surnames (``inputs``) and their language (``targets``; held out in the test part).

    Eleven languages in the Latin script. A surname listed for two languages is left out, so each
    occurs once.
    """
    parts = _divided()
    return Parts(
        train=Part(*map(list, zip(*parts["train"], strict=True))),
        valid=Part(*map(list, zip(*parts["valid"], strict=True))),
        test=Part([name for name, _ in parts["test"]], None),
        source=source(NAME),
    )


def answers() -> list[str]:
    return [language for _, language in _divided()["test"]]
