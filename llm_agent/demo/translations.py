"""Simple German, Dutch, Spanish and French questions, put into the English words that the demo model knows.

Word by word and on purpose small: a word that is not listed stays, and the question is then declined.
"""

from __future__ import annotations

import re

CURLY_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
NOTE = " (The demo model answers in English only.)"

GERMAN = {
    "kinder": "children", "wie viele": "how many", "wie viel prozent": "what percentage",
    "passagiere": "passengers", "personen": "passengers", "menschen": "people", "frauen": "women",
    "männer": "men", "überlebende": "survivors", "überlebten": "survived", "überlebt": "survived",
    "haben": "", "starben": "died", "gestorben": "died", "sind": "", "waren": "were", "gab es": "",
    "in queenstown an bord gegangen": "boarded at Queenstown",
    "in cherbourg an bord gegangen": "boarded at Cherbourg",
    "in southampton an bord gegangen": "boarded at Southampton", "stiegen in": "boarded at",
    "zugestiegen": "", " ein": "", "durchschnittliche": "average", "durchschnittlich": "average",
    "durchschnittsalter": "average age", "alter": "age", "mittlere": "average", "der": "the",
    "die": "the", "das": "the", "den": "the", "dem": "the", "von": "of", "in": "in",
    "ersten klasse": "first class", "zweiten klasse": "second class", "dritten klasse": "third class",
    "erste klasse": "first class", "zweite klasse": "second class", "dritte klasse": "third class",
    "1. klasse": "first class", "2. klasse": "second class", "3. klasse": "third class",
    "klasse": "class", "pro": "per", "nach": "by", "je": "per", "geschlecht": "sex",
    "was ist": "what is", "wie hoch ist": "what is", "wie hoch war": "what is", "was war": "what was",
    "überlebensrate": "survival rate", "fahrpreis": "fare", "wer": "who", "war": "was",
    "älteste passagier": "oldest passenger", "jüngste passagier": "youngest passenger",
    "wie alt": "how old", "an bord": "", "und": "and", "hafen": "port",
    "unbekanntes alter": "an unknown age", "mit": "with", "ohne": "without",
    "bekanntes alter": "known age", "median": "median",
}  # fmt: skip
DUTCH = {
    "kinderen": "children", "stapten in cherbourg op": "boarded at Cherbourg",
    "stapten op in": "boarded at", "stapten in queenstown op": "boarded at Queenstown",
    "stapten in southampton op": "boarded at Southampton", "hoeveel": "how many",
    "hoeveel procent": "what percentage", "welk percentage": "what percentage",
    "passagiers": "passengers", "mensen": "people", "personen": "passengers", "vrouwen": "women",
    "mannen": "men", "overlevenden": "survivors", "overleefden": "survived", "hebben": "",
    "overleefd": "survived", "stierven": "died", "waren": "were", "zijn": "", "er": "",
    "gestorven": "died", "in queenstown aan boord gegaan": "boarded at Queenstown", "aan boord": "",
    "het": "the", "'t": "the", "t": "the", "in cherbourg aan boord gegaan": "boarded at Cherbourg",
    "in southampton aan boord gegaan": "boarded at Southampton",
    "gingen in queenstown aan boord": "boarded at Queenstown",
    "gingen in cherbourg aan boord": "boarded at Cherbourg",
    "gingen in southampton aan boord": "boarded at Southampton", "de": "the", "een": "a", "van": "of",
    "in": "in", "per": "per", "eerste klas": "first class", "tweede klas": "second class",
    "derde klas": "third class", "1e klas": "first class", "2e klas": "second class",
    "3e klas": "third class", "klas": "class", "klasse": "class", "geslacht": "sex", "haven": "port",
    "wat is": "what is", "wat was": "what was", "gemiddelde": "average", "leeftijd": "age",
    "gemiddelde leeftijd": "average age", "wat kostte": "how much was",
    "duurste kaartje": "most expensive ticket", "duurste ticket": "most expensive ticket",
    "goedkoopste kaartje": "cheapest ticket", "goedkoopste ticket": "cheapest ticket", "wie": "who",
    "was": "was", "oudste passagier": "oldest passenger", "jongste passagier": "youngest passenger",
    "hoe oud": "how old", "en": "and", "overlevingskans": "survival rate",
    "overlevingspercentage": "survival rate", "onbekende leeftijd": "an unknown age", "met": "with",
}  # fmt: skip
SPANISH = {
    "niños": "children", "cuántos": "how many", "cuántas": "how many", "cuantos": "how many",
    "cuantas": "how many", "pasajeros": "passengers", "personas": "people", "mujeres": "women",
    "hombres": "men", "sobrevivieron": "survived", "murieron": "died", "había": "", "hay": "",
    "qué porcentaje de": "what percentage of", "que porcentaje de": "what percentage of", "de": "of",
    "los": "the", "las": "the", "el": "the", "la": "the", "en": "in", "primera clase": "first class",
    "segunda clase": "second class", "tercera clase": "third class", "clase": "class", "por": "by",
    "sexo": "sex", "puerto": "port", "edad": "age", "edad media": "average age",
    "edad promedio": "average age", "tarifa media": "average fare", "tarifa promedio": "average fare",
    "cuál es": "what is", "cuál era": "what was", "cuál fue": "what was", "embarcaron en": "boarded at",
    "tarifa": "fare", "quién era": "who was", "quién fue": "who was", "sobrevivientes": "survivors",
    "supervivientes": "survivors", "y": "and", "pasajero más viejo": "oldest passenger",
    "pasajero más joven": "youngest passenger", "a bordo": "", "eran": "were",
    "tasa de supervivencia": "survival rate", "subieron a bordo en": "boarded at",
    "edad desconocida": "an unknown age", "con": "with",
}  # fmt: skip
FRENCH = {
    "enfants": "children", "combien de": "how many", "combien d'": "how many ",
    "passagers": "passengers", "personnes": "people", "femmes": "women", "hommes": "men",
    "ont survécu": "survived", "survécu": "survived", "sont morts": "died", "sont mortes": "died",
    "survivants": "survivors", "quel pourcentage de": "what percentage of",
    "quel pourcentage des": "what percentage of", "des": "of", "de": "of", "du": "of", "les": "the",
    "le": "the", "la": "the", "l'": "the ", "en": "in", "première classe": "first class",
    "deuxième classe": "second class", "seconde classe": "second class",
    "troisième classe": "third class", "classe": "class", "par": "by", "sexe": "sex", "port": "port",
    "âge": "age", "âge moyen": "average age", "tarif moyen": "average fare",
    "prix moyen": "average fare", "quel est": "what is", "quel était": "what was",
    "ont embarqué à": "boarded at", "embarqué à": "boarded at", "sont montés à bord à": "boarded at",
    "qui était": "who was", "passager le plus âgé": "oldest passenger",
    "passager le plus jeune": "youngest passenger", "et": "and", "taux de survie": "survival rate",
    "à bord": "", "étaient": "were", "il y avait": "", "avait-il": "", "y avait-il": "",
    "âge inconnu": "an unknown age",
}  # fmt: skip

LANGUAGES = {
    r"\bwie (?:viele?|alt|hoch)\b|\bwer war\b|\bwas (?:ist|war) (?:der|die|das)\b|überleb": GERMAN,
    r"\bhoeveel\b|\bwat (?:is|was|kostte)\b|\bwie was de\b|\bwelk\b|\bhoe oud\b": DUTCH,
    r"\bcu[aá]nt[oa]s\b|\bcuál\b|\bqu[eé] porcentaje\b|\bquién\b": SPANISH,
    r"\bcombien\b|\bquel(?:le)? (?:est|était|pourcentage|âge)\b|\bqui était\b": FRENCH,
}


def to_english(question: str) -> tuple[str, str]:
    """The question in English words, and a note for the answer; an English question as it is, and no note.

    >>> to_english("Wie viele Frauen überlebten?")[0]
    'how many women survived?'
    """
    for marks, words in LANGUAGES.items():
        if re.search(marks, question, re.IGNORECASE):
            return translated(question.replace(CURLY_APOSTROPHE, "'"), words), NOTE
    return question, ""


def translated(question: str, words: dict[str, str]) -> str:
    """Every listed phrase replaced in one pass, the longest first; the rest marked as not translated."""
    longest_first = sorted(words, key=len, reverse=True)
    listed = "|".join(
        re.escape(word.strip()) + ("" if word.endswith("'") else r"(?!\w)") for word in longest_first
    )
    pattern = re.compile(rf"(?<!\w)(?:({listed})|([\w'-]+))", re.IGNORECASE)

    def english(match: re.Match[str]) -> str:
        if match.group(1):
            return words.get(match.group(1).lower(), words.get(f" {match.group(1).lower()}", ""))
        kept = match.group(2)
        is_name = kept.lower() in ("cherbourg", "queenstown", "southampton") or kept.isdigit()
        return kept if is_name else f"~{kept}"

    return re.sub(r"\s+", " ", pattern.sub(english, question)).strip(" ¿")
