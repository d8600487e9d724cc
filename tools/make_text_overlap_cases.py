#!/usr/bin/env python3
"""Writes tests/golden/text_overlap.json: what sacrebleu and rouge-score say about made texts.

    python3 -m venv /tmp/overlap && /tmp/overlap/bin/pip install sacrebleu==2.5.1 rouge-score==0.1.2
    /tmp/overlap/bin/python tools/make_text_overlap_cases.py [--out tests/golden/text_overlap.json]

The figures are never edited by hand: a test that disagrees with them is wrong, or this script is. A case is a corpus of
pairs of texts. Its texts are words between single blanks, as src/eval/text_overlap.h takes texts apart, unless `raw` says
that they are sentences with capitals and punctuation.

    bleu4            sacrebleu's corpus BLEU divided by 100: smooth_method "none", no effective order; tokenize "none" on
                     words, tokenize "13a" with lowercase on raw sentences
    rouge1, rouge2   means over the pairs of rouge-score's F of n-grams that are counted as often as they stand there
    rouge1_distinct, rouge2_distinct
                     the same where each text's n-grams are counted once: rouge-score's rouge1 of the distinct n-grams
    rougeL           mean of rouge-score's F of the longest common subsequence
    rougeL_pairs     its precision and recall, pair by pair
"""

import argparse
import importlib.metadata
import json
import pathlib
import random

from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU

VERSIONS = {"sacrebleu": "2.5.1", "rouge-score": "0.1.2"}
SEED = 11

VOCABULARY = (
    "the a strap strings pedal sound is are and very solid great cheap works my guitar tuner case it's don't , . ! - "
    "nice bright holds tune feels looks of with for stage neck pick stand clip heavy light black café"
).split()

RAW_PAIRS = [
    ("The strings are great, and they're cheap.", "These strings are great and they're very cheap."),
    ("I love this pedal!", "I love how this pedal sounds!"),
    ("Works well with my guitar and stays in tune.", "It works well with my guitar, and it stays in tune."),
    ("A solid stand: it doesn't move (at all).", "A very solid stand: it doesn't move at all."),
    ("Why pay more? This one is fine.", "Why should I pay more? This one is as good."),
]


class Blanks:
    """rouge-score's tokenizer where texts are words already."""

    def tokenize(self, text):
        return text.split()


SCORER = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Blanks())


def distinct_ngrams(text, order):
    words = text.split()
    ngrams = ["_".join(words[i : i + order]) for i in range(len(words) - order + 1)]
    return " ".join(dict.fromkeys(ngrams))


def mean(values):
    return sum(values) / len(values)


def bleu4(predictions, references, raw):
    metric = BLEU(smooth_method="none", tokenize="13a" if raw else "none", lowercase=raw, effective_order=False)
    return metric.corpus_score(predictions, [references]).score / 100


def case(name, pairs, raw=False):
    predictions, references = ([pair[side] for pair in pairs] for side in (0, 1))
    figures = {"name": name, "raw": raw, "predictions": predictions, "references": references}
    figures["bleu4"] = bleu4(predictions, references, raw)
    if raw:
        return figures
    scores = [SCORER.score(reference, prediction) for prediction, reference in pairs]
    for kind in ("rouge1", "rouge2", "rougeL"):
        figures[kind] = mean([score[kind].fmeasure for score in scores])
    for order in (1, 2):
        figures[f"rouge{order}_distinct"] = mean(
            [
                SCORER.score(distinct_ngrams(reference, order), distinct_ngrams(prediction, order))["rouge1"].fmeasure
                for prediction, reference in pairs
            ]
        )
    figures["rougeL_pairs"] = [[score["rougeL"].precision, score["rougeL"].recall] for score in scores]
    return figures


def made_pairs(rng, count, repeats, equal_lengths=False):
    """References of 4 to 16 words; predictions keep most of their words, two of them often in the other order."""
    pairs = []
    for _ in range(count):
        length = rng.randint(4, 16)
        pool = rng.choices(VOCABULARY, k=length) if repeats else rng.sample(VOCABULARY, length)
        rest = VOCABULARY if repeats else [word for word in VOCABULARY if word not in pool]
        prediction = list(pool)
        for place in range(length):
            if rng.random() < 0.25:
                prediction[place] = rest[rng.randrange(len(rest))]
                if not repeats:
                    rest.remove(prediction[place])
        if rng.random() < 0.5:
            at = rng.randrange(length - 2)
            prediction[at], prediction[at + 2] = prediction[at + 2], prediction[at]
        if not equal_lengths:
            prediction = prediction[: rng.randint(1, length)]
        pairs.append((" ".join(prediction), " ".join(pool)))
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("tests/golden/text_overlap.json"))
    arguments = parser.parse_args()
    for package, version in VERSIONS.items():
        found = importlib.metadata.version(package)
        if found != version:
            parser.error(f"needs {package} {version}, found {found}")
    rng = random.Random(SEED)
    cases = [
        case("distinct_words", made_pairs(rng, 20, repeats=False)),
        case("repeated_words", made_pairs(rng, 20, repeats=True)),
        case("equal_lengths", made_pairs(rng, 12, repeats=True, equal_lengths=True)),
        case("one_word_again_and_again", [("the the the the the", "the cat sat on the mat , the black one")]),
        case("nothing_in_common", [("nice bright sound", "heavy black case for stage"), ("a", "the strap")]),
        case("no_four_words_in_common", [("the strap is solid and nice", "the strap feels solid and cheap")]),
        case("empty_texts", [("", "the strap is solid"), ("the strap is very solid", "the strap is very solid"), ("nice", "")]),
        case("sentences", RAW_PAIRS, raw=True),
    ]
    document = {"generator": "tools/make_text_overlap_cases.py", "versions": VERSIONS, "seed": SEED, "cases": cases}
    arguments.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
