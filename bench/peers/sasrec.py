#!/usr/bin/env python3
"""SASRec (Kang and McAuley, ICDM 2018) in PyTorch on a prepared directory: a strong sequential peer under our protocols.

    peapod prepare DATA/beauty --format pod --out beauty
    python3 bench/peers/sasrec.py beauty --minutes 60 --dropout 0.3 0.5 --weight-decay 0 0.1 --hidden 64 128 \\
        --json sasrec.json

Causal self-attention over the history, item embeddings tied with the output, cross-entropy with a softmax over the whole
catalogue at every position, or with --negatives over the target and so many items, drawn anew for each step. An epoch shows the training part of every user. After each epoch NDCG@10 is measured by full
ranking on the validation targets (of some users); training stops where it has not risen for --patience epochs or the
minutes are over, and the best weights count.

Each of --dropout, --weight-decay, --hidden takes several values: all combinations are trained, the minutes shared out
evenly, and the one that is best on validation is measured. A small grid that is worth its time:
--dropout 0.3 0.5, --weight-decay 0 0.1, --hidden 64 128. The test split is looked at once, by the winner.

The JSON has the keys of `peapod baseline`: sequential.full.* and topn.sampled99.* (with the stored negatives) of the
test split, the same of the validation split under "valid", what was tried under "tried", and the 0-based rank of every
evaluated user's test target under "ranks", in the order of the data set. With --like FILE, a measurement of the same
targets that `peapod baseline` or `evaluate` wrote, these are what `peapod compare` reads. Users with fewer than
three items are not evaluated; items of the history are not ranked; a target comes after items of equal score.

Runs in the virtual environment of compare.py, which is made where PyTorch is missing.
"""

import argparse
import itertools
import json
import math
import pathlib
import time

try:
    import numpy as np
    import torch
except ImportError:
    from compare import WORK, enter_environment

    WORK.mkdir(parents=True, exist_ok=True)
    enter_environment()

DEPTHS = {"sequential.full": [("hr", 5), ("ndcg", 5), ("hr", 10), ("ndcg", 10)],
          "topn.sampled99": [("hr", 1), ("hr", 5), ("ndcg", 5), ("hr", 10), ("ndcg", 10)]}
RANK_BATCH = 512  # users whose scores of the whole catalogue are in memory at once


# Data: docs/formats.md ------------------------------------------------------------------------------------------------


def read_table(path):
    """The rows of a table of the prepared directory."""
    data = path.read_bytes()
    if data[:8] != b"PEAPODTB":
        raise SystemExit(f"{path}: is not a table of a prepared directory")
    version, width = np.frombuffer(data, "<u4", 2, 8)
    num_rows, num_values = np.frombuffer(data, "<u8", 2, 16)
    if version != 1:
        raise SystemExit(f"{path}: has version {version}, expected 1")
    starts = np.frombuffer(data, "<u8", int(num_rows) + 1, 64).astype(np.int64)
    values = np.frombuffer(data, f"<u{width}", int(num_values), 64 + 8 * len(starts)).astype(np.int64)
    return [values[a:b] for a, b in zip(starts[:-1], starts[1:])]


class Data:
    """Items count from 1 here: 0 fills up."""

    def __init__(self, directory):
        manifest = json.loads((directory / "dataset.json").read_text())
        self.name, self.num_items = manifest["name"], manifest["num_items"]
        self.histories = [row + 1 for row in read_table(directory / "interactions.bin")]
        self.negatives = [row + 1 for row in read_table(directory / "negatives.bin")]
        self.evaluated = [user for user, history in enumerate(self.histories) if len(history) >= 3]

    def train_part(self, user):
        history = self.histories[user]
        return history[:-2] if len(history) >= 3 else history

    def case(self, user, split):
        """What is known before the target of `split`, and the target."""
        place = len(self.histories[user]) - (1 if split == "test" else 2)
        return self.histories[user][:place], self.histories[user][place]


def padded(rows, length):
    """[rows, at most length]: the latest items of each row from the left, zeros behind them."""
    width = min(length, max(len(row) for row in rows))
    out = np.zeros((len(rows), width), np.int64)
    for r, row in enumerate(rows):
        row = row[-width:]
        out[r, : len(row)] = row
    return torch.from_numpy(out)


# Model ----------------------------------------------------------------------------------------------------------------


def block(hidden, heads, dropout):
    return torch.nn.TransformerEncoderLayer(hidden, heads, 4 * hidden, dropout, "gelu", batch_first=True, norm_first=True)


class SasRec(torch.nn.Module):
    def __init__(self, num_items, hidden, layers, heads, length, dropout):
        super().__init__()
        self.items = torch.nn.Embedding(num_items + 1, hidden, padding_idx=0)
        self.places = torch.nn.Embedding(length, hidden)
        self.dropout = torch.nn.Dropout(dropout)
        self.blocks = torch.nn.ModuleList(block(hidden, heads, dropout) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(hidden)
        for table in (self.items, self.places):
            torch.nn.init.normal_(table.weight, std=0.02)

    def forward(self, items):
        """[batch, len] -> states [batch, len, hidden]. What fills up stands last, where causal attention never sees it."""
        width = items.shape[1]
        mask = torch.triu(torch.full((width, width), -math.inf), diagonal=1)
        state = self.dropout(self.items(items) + self.places(torch.arange(width)))
        for layer in self.blocks:
            state = layer(state, src_mask=mask, is_causal=True)
        return self.norm(state)

    def scores(self, states):
        """[n, hidden] -> [n, num_items + 1]; column 0 is no item."""
        return states @ self.items.weight.T


# Evaluation -----------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def ranks_of(model, data, users, split, length):
    """0-based ranks of the users' targets under both protocols."""
    model.eval()
    full, sampled = [], []
    for first in range(0, len(users), RANK_BATCH):
        some = users[first : first + RANK_BATCH]
        cases = [data.case(user, split) for user in some]
        inputs = padded([history for history, _ in cases], length)
        last = (inputs > 0).sum(1) - 1
        scores = model.scores(model(inputs)[torch.arange(len(some)), last]).numpy()
        for row, user, (history, target) in zip(scores, some, cases):
            mine = row[target]
            # Not `>=`: a score that is no number must come last.
            sampled.append(int((~(row[data.negatives[user]] < mine)).sum()))
            row[0] = -math.inf
            row[history] = -math.inf
            # A target that the user had before is excluded with the history, and never found.
            full.append(data.num_items if target in history else int((~(row < mine)).sum()) - 1)
    return {"sequential.full": np.array(full), "topn.sampled99": np.array(sampled)}


def metrics_of(ranks):
    figures = {}
    for protocol, rows in DEPTHS.items():
        for name, depth in rows:
            gain = 1.0 / np.log2(ranks[protocol] + 2.0) if name == "ndcg" else np.ones(len(ranks[protocol]))
            figures[f"{protocol}.{name}@{depth}"] = float(np.where(ranks[protocol] < depth, gain, 0.0).mean())
    return figures


# Training -------------------------------------------------------------------------------------------------------------


def batches(data, users, batch, random):
    """Every user once; users of like lengths together, so that little is filled up."""
    order = random.permutation(users)
    chunks = []
    for first in range(0, len(order), 64 * batch):
        chunk = sorted(order[first : first + 64 * batch], key=lambda user: len(data.train_part(user)))
        chunks += [chunk[i : i + batch] for i in range(0, len(chunk), batch)]
    for place in random.permutation(len(chunks)):
        yield chunks[place]


def loss_of(model, states, targets, negatives):
    """Mean cross-entropy of the targets among the whole catalogue, or beside `negatives` items where that is above 0."""
    if negatives == 0:
        scores = model.scores(states)
        scores[:, 0] = -math.inf
        return torch.nn.functional.cross_entropy(scores, targets)
    drawn = torch.randint(1, model.items.num_embeddings, (negatives,))
    others = states @ model.items(drawn).T
    others = others.masked_fill(drawn[None, :] == targets[:, None], -math.inf)  # a target is no negative of itself
    scores = torch.cat([(states * model.items(targets)).sum(1, keepdim=True), others], 1)
    return torch.nn.functional.cross_entropy(scores, torch.zeros_like(targets))


def train(data, options, setting, seconds):
    """The best weights within the time, their validation NDCG@10 and how long that took."""
    dropout, decay, hidden = setting
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    model = SasRec(data.num_items, hidden, options.layers, options.heads, options.length, dropout)
    optimizer = torch.optim.AdamW(model.parameters(), options.learning_rate, betas=(0.9, 0.98), weight_decay=decay)
    users = [user for user in range(len(data.histories)) if len(data.train_part(user)) >= 2]
    watched = random.permutation(data.evaluated)[: options.validation_users].tolist()
    best = {"ndcg@10": -1.0, "epoch": 0, "weights": None}
    start, epoch = time.monotonic(), 0
    while time.monotonic() - start < seconds and epoch - best["epoch"] < options.patience:
        epoch += 1
        model.train()
        total = count = 0
        for some in batches(data, users, options.batch, random):
            rows = padded([data.train_part(user) for user in some], options.length + 1)
            inputs, targets = rows[:, :-1], rows[:, 1:]
            shown = targets > 0
            loss = loss_of(model, model(inputs)[shown], targets[shown], options.negatives)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total, count = total + loss.item() * int(shown.sum()), count + int(shown.sum())
            if time.monotonic() - start >= seconds:
                break
        reached = metrics_of(ranks_of(model, data, watched, "valid", options.length))["sequential.full.ndcg@10"]
        if reached > best["ndcg@10"]:
            weights = {name: value.clone() for name, value in model.state_dict().items()}
            best = {"ndcg@10": reached, "epoch": epoch, "weights": weights}
        print(f"dropout {dropout:g}, weight decay {decay:g}, hidden {hidden}: epoch {epoch}, loss {total / count:.3f}, "
              f"validation NDCG@10 {reached:.4f}, {time.monotonic() - start:.0f} s", flush=True)
    model.load_state_dict(best["weights"])
    tried = {"dropout": dropout, "weight_decay": decay, "hidden": hidden, "ndcg@10": best["ndcg@10"],
             "best_epoch": best["epoch"], "epochs": epoch, "seconds": round(time.monotonic() - start, 1)}
    return model, tried


def rank_record(like, num_users, ranks):
    """The member "ranks" as `peapod compare` reads it (docs/formats.md): ranks from 1, null beyond the tenth."""
    record = json.loads(like.read_text())["ranks"]
    if record["num_users"] != num_users or record["split"] != "test":
        raise SystemExit(f"{like}: is of {record['num_users']} users of the {record['split']} split, expected {num_users} of test")
    kept = {key: record[key] for key in ("dataset", "data_hash", "split", "num_users", "users_hash")}
    return kept | {protocol: [rank + 1 if rank < 10 else None for rank in values] for protocol, values in ranks.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, help="directory that `peapod prepare` wrote")
    parser.add_argument("--json", type=pathlib.Path, help="file for figures and ranks")
    parser.add_argument("--like", type=pathlib.Path, help="measurement of peapod's of the same data, to compare with")
    parser.add_argument("--minutes", type=float, default=60, help="of training, for all combinations together [60]")
    parser.add_argument("--dropout", type=float, nargs="+", default=[0.5], help="[0.5]")
    parser.add_argument("--weight-decay", type=float, nargs="+", default=[0.0], help="of AdamW [0]")
    parser.add_argument("--hidden", type=int, nargs="+", default=[64], help="size of states and embeddings [64]")
    parser.add_argument("--layers", type=int, default=2, help="[2]")
    parser.add_argument("--heads", type=int, default=2, help="[2]")
    parser.add_argument("--length", type=int, default=50, help="latest items of a history that are shown [50]")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="[0.001]")
    parser.add_argument("--batch", type=int, default=128, help="users a step [128]")
    parser.add_argument("--negatives", type=int, default=0, help="of a sampled softmax; 0: the whole catalogue [0]")
    parser.add_argument("--patience", type=int, default=10, help="epochs without a better validation [10]")
    parser.add_argument("--validation-users", type=int, default=6000, help="looked at after each epoch [6000]")
    parser.add_argument("--threads", type=int, help="[all]")
    parser.add_argument("--seed", type=int, default=1, help="[1]")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    data = Data(options.data)
    settings = list(itertools.product(options.dropout, options.weight_decay, options.hidden))
    best, all_tried = None, []
    for setting in settings:
        model, tried = train(data, options, setting, 60 * options.minutes / len(settings))
        all_tried.append(tried)
        if best is None or tried["ndcg@10"] > best[1]["ndcg@10"]:
            best = (model, tried)
    model, chosen = best
    ranks = ranks_of(model, data, data.evaluated, "test", options.length)
    figures = metrics_of(ranks)
    valid = metrics_of(ranks_of(model, data, data.evaluated, "valid", options.length))
    print(f"sasrec on {data.name}, test split, {len(data.evaluated)} users; chosen: {chosen}")
    for protocol, rows in DEPTHS.items():
        print(f"{protocol:18}" + "   ".join(f"{n}@{d} {figures[f'{protocol}.{n}@{d}']:.4f}" for n, d in rows))
    if options.json:
        record = {protocol: values.tolist() for protocol, values in ranks.items()}
        if options.like:
            record = rank_record(options.like, len(data.evaluated), record)
        used = {name: getattr(options, name) for name in ("layers", "heads", "length", "learning_rate", "batch", "negatives", "patience")}
        options.json.write_text(json.dumps({
            "baseline": "sasrec", "data": data.name, "split": "test", "num_users": len(data.evaluated),
            "seed": options.seed, "settings": {**used, **chosen}, **figures, "valid": valid, "tried": all_tried,
            "ranks": record}) + "\n")


if __name__ == "__main__":
    main()
