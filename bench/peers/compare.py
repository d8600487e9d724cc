#!/usr/bin/env python3
"""Runs the peers and peapod by turns on the same inputs and writes a table: bench/peers/compare.py [--out FILE.md]

Needs Python 3.11 and a release build with the target peapod_side:

    cmake --preset release && cmake --build --preset release --target peapod_side
    python3 bench/peers/compare.py

Installs the peers of requirements.txt into build/peers/venv. Every tool gets all cores, and first a short trial of each
of its settings (the table names the best, which then runs): PyTorch f32 or bf16 autocast at several batch sizes;
transformers `generate` f32 or bf16, whole or in batches; CTranslate2 each compute type the processor has, one worker of
all threads or one for each thread, several batch sizes. Then three rounds, the tools by turns; medians and the range.

Training: T5 with whole-word embeddings, task prompts and shared prompts, dropout 0.1, a whole step (gradients, clipping,
AdamW), inputs of one length, so that padding costs the peers nothing. Weights and inputs are random: cost does not
depend on them.
Generation: one T5 of t5-small's sizes, saved once and loaded by all; 20 beams, 4 new tokens, no constraint. The best
beams of the first inputs, four at most, must agree between transformers and us in f32; how many agree in int8 is said.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build"
WORK = BUILD / "peers"
ROUNDS = 3
BEAMS, NEW_TOKENS = 20, 4
SIZES = {
    "mini": dict(vocab_size=2070, d_model=128, d_kv=32, d_ff=512, num_layers=3, num_heads=4),
    "t5-small": dict(vocab_size=32169, d_model=512, d_kv=64, d_ff=2048, num_layers=6, num_heads=8),
}


def enter_environment():
    """Runs this script again in a virtual environment that has the peers."""
    python = WORK / "venv" / "bin" / "python"
    requirements = (HERE / "requirements.txt").read_text()
    installed = WORK / "installed.txt"
    if not installed.exists() or installed.read_text() != requirements:
        venv.create(WORK / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        installed.write_text(requirements)
    if pathlib.Path(sys.prefix) != WORK / "venv":
        # A set core type can make NumPy's OpenBLAS, and what is built on it, run code for another processor.
        environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
        os.execve(python, [str(python), *sys.argv], environment)


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def ours(*arguments):
    program = BUILD / "release" / "peapod_side"
    if not program.exists():
        sys.exit(f"{program} is missing: build the target peapod_side of the release preset first")
    output = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def best_setting(settings, rate_of):
    """The setting with the highest rate in one round each; one that the peer refuses is left out."""
    rates = {}
    for setting in settings:
        try:
            rates[setting] = rate_of(setting)
        except (ValueError, RuntimeError) as error:
            print(f"  {setting}: {error}", file=sys.stderr)
            continue
        print(f"  {setting}: {rates[setting]:.1f}/s", file=sys.stderr)
    return max(rates, key=rates.get)


def by_turns(tools):
    """tools: name -> function that returns a rate. Rates of ROUNDS rounds."""
    rates = {name: [] for name in tools}
    for _ in range(ROUNDS):
        for name, rate_of in tools.items():
            rates[name].append(rate_of())
    return rates


def table(title, unit, settings, rates, us):
    lines = [f"### {title}", "", f"| tool | setting | {unit}, median (range) | peapod is |", "| --- | --- | --- | --- |"]
    mine = statistics.median(rates[us])
    for name, values in rates.items():
        middle = statistics.median(values)
        factor = "" if name == us else f"{mine / middle:.1f}x"
        lines.append(f"| {name} | {settings[name]} | {middle:.4g} ({min(values):.4g}-{max(values):.4g}) | {factor} |")
    return "\n".join(lines) + "\n"


# Training ------------------------------------------------------------------------------------------------------------


def torch_step(preset, tokens):
    """A function (batch size, bf16) -> seconds of one whole step."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = SIZES[preset]
    d, heads, prompts, length, key_dim, user_dim = sizes["d_model"], 4, 20, 3, 16, 64

    class Peapod(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.t5 = T5ForConditionalGeneration(T5Config(dropout_rate=0.1, decoder_start_token_id=0, **sizes))
            self.words = torch.nn.Embedding(128, d)
            self.task = torch.nn.Parameter(torch.randn(3, d))
            self.query = torch.nn.Linear(user_dim, heads * key_dim)
            self.keys = torch.nn.Parameter(torch.randn(heads, prompts, key_dim))
            self.prompts = torch.nn.Parameter(torch.randn(prompts, length, heads, d // heads))

        def forward(self, ids, words, users, labels):
            n = ids.shape[0]
            queries = self.query(users).view(n, heads, key_dim)
            mix = torch.softmax(torch.einsum("nhk,hmk->nhm", queries, self.keys) / key_dim**0.5, -1)
            personal = torch.einsum("nhm,mlhd->nlhd", mix, self.prompts).reshape(n, length, d)
            text = self.t5.shared(ids) + self.words(words)
            front = torch.cat([self.task.expand(n, -1, -1), personal, text], 1)
            return self.t5(inputs_embeds=front, labels=labels).loss

    torch.manual_seed(1)
    model = Peapod().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def step(batch, bf16):
        ids = torch.randint(3, sizes["vocab_size"], (batch, tokens))
        words = torch.arange(tokens).div(4, rounding_mode="floor").expand(batch, -1)
        users = torch.randn(batch, user_dim)
        labels = torch.randint(3, sizes["vocab_size"], (batch, 4))
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = model(ids, words, users, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return time.perf_counter() - start

    return step


def compare_training(preset, budget, tokens):
    """As many examples a step as the token budget holds; PyTorch may cut them into smaller batches."""
    print(f"training {preset}", file=sys.stderr)
    step = torch_step(preset, tokens)
    examples = budget // tokens

    def torch_rate(setting):
        batch, bf16 = setting
        step(batch, bf16)
        count = max(1, examples // batch)
        return count * batch / sum(step(batch, bf16) for _ in range(count))

    best = best_setting([(b, bf16) for b in (16, 64, examples) for bf16 in (False, True)], torch_rate)

    def our_rate(precision="auto"):
        run = ours("train", preset, examples, tokens, precision, 1)
        return run["examples"] / run["seconds"][0]

    rates = by_turns({"PyTorch": lambda: torch_rate(best), "peapod": our_rate})
    settings = {"PyTorch": f"batch {best[0]}, {'bf16 autocast' if best[1] else 'f32'}",
                "peapod": f"{examples} examples a step, --precision auto"}
    return table(f"Training `{preset}`, {tokens} input tokens, 4 target tokens", "examples/s", settings, rates, "peapod")


# Generation ----------------------------------------------------------------------------------------------------------


def saved_model():
    """A random T5 as a Hugging Face directory, and for CTranslate2."""
    import ctranslate2
    import torch
    from ctranslate2.converters.transformers import T5Loader
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(1)
    config = T5Config(decoder_start_token_id=0, **{**SIZES["t5-small"], "vocab_size": 32128})
    model = T5ForConditionalGeneration(config).eval()
    directory = WORK / "t5-small"
    model.save_pretrained(directory, safe_serialization=True)
    spec = T5Loader().get_model_spec(model)
    vocabulary = ["<pad>", "</s>", "<unk>"] + [f"t{i}" for i in range(3, config.vocab_size)]
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = "<pad>", "</s>", "<unk>"
    spec.config.decoder_start_token = "<pad>"
    spec.validate()
    spec.optimize(quantization="float32")
    (WORK / "ct2").mkdir(exist_ok=True)
    spec.save(str(WORK / "ct2"))
    return model, directory, vocabulary


def compare_generation(users, tokens):
    import ctranslate2
    import torch

    threads = os.cpu_count()
    model, directory, vocabulary = saved_model()
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(3, 32128, (users, tokens), generator=generator)
    inputs = WORK / "inputs.json"
    inputs.write_text(json.dumps(ids.tolist()))
    texts = [[vocabulary[i] for i in row] for row in ids.tolist()]
    models = {False: model, True: None}

    def transformers_run(setting, some=users):
        batch, bf16 = setting
        if bf16 and models[True] is None:
            models[True] = type(model).from_pretrained(directory, torch_dtype=torch.bfloat16).eval()
        best = []
        with torch.inference_mode():
            for first in range(0, some, batch):
                found = models[bf16].generate(ids[first : min(first + batch, some)], num_beams=BEAMS,
                                              max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS, do_sample=False)
                best += found[:, 1:].tolist()
        return best

    translators = {}

    def ct2_run(setting):
        kind, workers, batch = setting
        if (kind, workers) not in translators:
            translators.clear()
            translators[kind, workers] = ctranslate2.Translator(
                str(WORK / "ct2"), device="cpu", compute_type=kind, inter_threads=workers,
                intra_threads=threads // workers)
        translators[kind, workers].translate_batch(texts, beam_size=BEAMS, max_batch_size=batch,
                                                   min_decoding_length=NEW_TOKENS, max_decoding_length=NEW_TOKENS)

    def rate(run, *arguments):
        run(*arguments)
        return users / timed(lambda: run(*arguments))

    results = []
    print(f"generating for {users}", file=sys.stderr)
    batches = sorted({1, min(4, users), min(16, users), users})
    hf_best = best_setting([(b, bf16) for b in batches for bf16 in (False, True)], lambda s: rate(transformers_run, s))
    kinds = sorted(ctranslate2.get_supported_compute_types("cpu"))
    ct2_best = best_setting([(k, w, b) for k in kinds for w in sorted({1, threads}) for b in batches],
                            lambda s: rate(ct2_run, s))

    def our_rate(precision):
        run = ours("generate", directory, inputs, NEW_TOKENS, precision, 1)
        return users / run["seconds"][0]

    expected = transformers_run((min(4, users), False), some=min(4, users))
    agree = {}
    for precision in ("f32", "int8"):
        found = ours("generate", directory, inputs, NEW_TOKENS, precision, 1)["best"]
        agree[precision] = sum(a == b for a, b in zip(expected, found))
    if agree["f32"] < len(expected):
        sys.exit(f"only {agree['f32']} of {len(expected)} best beams agree with transformers in f32")
    print(f"  best beams as in transformers, int8: {agree['int8']} of {len(expected)}", file=sys.stderr)
    tools = {
        "transformers": lambda: rate(transformers_run, hf_best),
        "CTranslate2": lambda: rate(ct2_run, ct2_best),
        "peapod, f32": lambda: our_rate("f32"),
        "peapod": lambda: our_rate("int8"),
    }
    settings = {
        "transformers": f"batch {hf_best[0]}, {'bf16' if hf_best[1] else 'f32'}",
        "CTranslate2": f"{ct2_best[0]}, {ct2_best[1]} workers, batch {ct2_best[2]}",
        "peapod, f32": "--precision f32",
        "peapod": "--precision int8",
    }
    return table(f"`t5-small`, {users} inputs of {tokens} tokens at once, {BEAMS} beams, {NEW_TOKENS} tokens",
                 "users/s", settings, by_turns(tools), "peapod")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=WORK / "table.md")
    parser.add_argument("--only", default="", help="training-mini, training-t5-small, generation-64 or generation-1")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    enter_environment()
    import torch

    torch.set_num_threads(os.cpu_count())
    parts = {
        "training-mini": lambda: compare_training("mini", 8192, 41),
        "training-t5-small": lambda: compare_training("t5-small", 4096, 60),
        "generation-64": lambda: compare_generation(64, 60),
        "generation-1": lambda: compare_generation(1, 60),
    }
    if not any(arguments.only in name for name in parts):
        parser.error(f"--only: expected a part of {', '.join(parts)}")
    tables = [run() for name, run in parts.items() if arguments.only in name]
    arguments.out.write_text("\n".join(tables))
    print("\n".join(tables))


if __name__ == "__main__":
    main()
