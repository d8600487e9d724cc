#!/usr/bin/env python3
"""Writes examples/sample and examples/tables: the log of a small shop that does not exist.

500 users, 200 items, reviews as lines of JSON in the form of the Amazon 2018 data set. Every name, rating and sentence
is made by this program; the structure in it is what a recommender should find:

- a user cares for one to three departments and mostly buys there;
- the next item follows from the last one: an accessory of the same line, or the next version of the same product;
- some items are bought far more often than others;
- a review speaks of a feature that its item is good or bad at, seen from the user's own use and in the user's words.

Usage: tools/make_sample.py [EXAMPLES]        (the same files on every machine; needs Python 3.8 or later, nothing else)
"""
import csv
import datetime
import json
import pathlib
import random
import sys

SEED = 20240706
NUM_USERS = 500
MIN_PER_USER, MAX_PER_USER = 5, 16
MIN_PER_ITEM = 5
FIRST_DAY = 1514764800  # 2018-01-01, seconds
DAY = 86400

# department: (two lines with their brands, products in the order in which people add them, each with its features)
DEPARTMENTS = {
    "Camping": ({"alpine": "Northpeak", "meadow": "Fairfield"}, {
        "tent": ["fabric", "zipper", "poles", "ventilation"], "groundsheet": ["coating", "eyelets", "size", "folding"],
        "lantern": ["battery", "brightness", "handle", "hook"], "mat": ["padding", "valve", "insulation", "surface"],
        "table": ["legs", "top", "height", "hinges"]}),
    "Camp kitchen": ({"ember": "Kettlewell", "brook": "Panward"}, {
        "stove": ["flame", "burner", "ignition", "gas use"], "pot": ["lid", "handles", "base", "volume"],
        "kettle": ["spout", "whistle", "grip", "boiling time"], "cutlery": ["blade", "fork", "case", "weight"],
        "spicebox": ["seal", "compartments", "lid", "labels"]}),
    "Hiking": ({"ridge": "Steinweg", "valley": "Footloose"}, {
        "boots": ["sole", "laces", "leather", "heel"], "socks": ["wool", "cuffs", "toes", "cushioning"],
        "gaiters": ["straps", "fit", "fabric", "buckles"], "walkingpoles": ["grips", "tips", "locks", "length"],
        "backpack": ["straps", "pockets", "hip belt", "rain cover"]}),
    "Climbing": ({"granite": "Holdfast", "summit": "Belaymore"}, {
        "harness": ["leg loops", "buckles", "gear loops", "padding"], "rope": ["sheath", "handling", "length", "knots"],
        "carabiner": ["gate", "spring", "shape", "finish"], "helmet": ["straps", "shell", "vents", "adjustment"],
        "chalkbag": ["closure", "lining", "belt", "brush loop"]}),
    "Cycling": ({"metro": "Spokeshaw", "tourer": "Longmile"}, {
        "bikelight": ["beam", "mount", "battery", "switch"], "bikelock": ["key", "shackle", "bracket", "cylinder"],
        "pannier": ["hooks", "seams", "roll top", "reflector"], "pump": ["gauge", "hose", "valve head", "stroke"],
        "saddle": ["shape", "rails", "cover", "padding"]}),
    "Running": ({"dash": "Quickstep", "trail": "Fernway"}, {
        "shoes": ["cushioning", "heel", "mesh", "tread"], "shirt": ["cut", "seams", "fabric", "colour"],
        "watch": ["display", "battery", "strap", "pulse sensor"], "runbelt": ["pocket", "clip", "elastic", "fit"],
        "bottle": ["cap", "grip", "mouthpiece", "volume"]}),
    "Paddling": ({"fjord": "Wavecrest", "lagoon": "Stillwater"}, {
        "paddle": ["blade", "shaft", "grip", "weight"], "drybag": ["closure", "strap", "seams", "colour"],
        "vest": ["foam", "straps", "pockets", "zipper"], "spraydeck": ["edge", "tunnel", "grab loop", "fabric"],
        "bilgepump": ["handle", "float", "flow", "tube"]}),
    "Photography": ({"lumen": "Clearview", "shutter": "Oldgate"}, {
        "camera": ["viewfinder", "autofocus", "menu", "battery"],
        "lens": ["sharpness", "focus ring", "aperture", "cap"],
        "tripod": ["legs", "ball head", "feet", "clamps"], "camerastrap": ["buckles", "padding", "length", "leather"],
        "filter": ["coating", "thread", "frame", "glass"]}),
    "Garden": ({"rosewood": "Greenthumb", "orchard": "Applegarth"}, {
        "spade": ["blade", "handle", "edge", "balance"], "shears": ["spring", "blades", "grips", "catch"],
        "gloves": ["fingertips", "cuffs", "lining", "fit"], "hose": ["nozzle", "couplings", "length", "reel"],
        "planter": ["drainage", "glaze", "rim", "saucer"]}),
    "Coffee": ({"dawn": "Beanhouse", "harbour": "Roastery Nine"}, {
        "grinder": ["burrs", "crank", "dial", "hopper"], "brewer": ["carafe", "filter basket", "spout", "lid"],
        "scale": ["timer", "display", "precision", "buttons"], "cup": ["glaze", "handle", "rim", "size"],
        "coffeetin": ["seal", "valve", "lid", "window"]}),
}
VERSIONS = [1, 2]

NAMES = ("ada ben cleo dan eva finn gina hugo iris jan kira leo mia noah olga paul quinn rosa sam tina uwe vera will "
         "xenia yara zeno anna bela carl dora emil fay gus hana igor jule kai lena max nora").split()
DISPLAY = {"walkingpoles": "walking poles", "camerastrap": "camera strap", "coffeetin": "coffee tin",
           "spicebox": "spice box", "bikelight": "bike light", "bikelock": "bike lock", "runbelt": "running belt",
           "drybag": "dry bag", "bilgepump": "bilge pump", "chalkbag": "chalk bag"}
PAIRS = {"boots", "socks", "gaiters", "walkingpoles", "shoes", "shears", "gloves"}
USES = {
    "Camping": ["long weekends", "family trips", "winter nights", "festivals"],
    "Camp kitchen": ["quick dinners", "feeding four people", "cooking at altitude", "breakfast outdoors"],
    "Hiking": ["multi-day walks", "muddy paths", "steep descents", "my daily walk"],
    "Climbing": ["the climbing hall", "long routes", "training with beginners", "limestone crags"],
    "Cycling": ["my commute", "touring with luggage", "rainy days", "night rides"],
    "Running": ["marathon training", "early mornings", "forest tracks", "short sprints"],
    "Paddling": ["calm lakes", "white water", "sea crossings", "paddling with the kids"],
    "Photography": ["portraits", "night skies", "street scenes", "travelling light"],
    "Garden": ["clay soil", "a small balcony", "raised beds", "old fruit trees"],
    "Coffee": ["strong espresso", "slow mornings", "the office", "coffee on the road"],
}
GOOD = ["great", "excellent", "perfect", "solid", "good", "lovely", "handy", "sturdy", "reliable", "beautiful",
        "comfortable", "clever", "impressive", "wonderful"]
BAD = ["poor", "weak", "flimsy", "disappointing", "bad", "awkward", "cheap", "useless"]
# {thing} is "tent" or "pair of boots", {is_} agrees with the feature, {feels} too.
PRAISE = ["The {feature} {is_} {good} for {use}.", "I love the {feature}, {good} for {use}.",
          "For {use} the {feature} of this {thing} {is_} {good}.", "The {feature} {is_} {good} and worth the price.",
          "This {thing} has {good} {feature}, just right for {use}.",
          "The {feature} {feels} {good}, even after months of use.",
          "What I like best for {use}: {good} {feature}.", "Very happy with the {good} {feature}.",
          "My old {thing} was fine but the {feature} here {is_} {good}.",
          "Thanks to the {good} {feature} this {thing} is made for {use}."]
BLAME = ["The {feature} {is_} {bad} for {use}.", "Sadly the {feature} {feels} {bad}.",
         "I expected more, the {feature} {is_} {bad}.", "Such {bad} {feature} on a new {thing}.",
         "Not made for {use}, the {feature} {is_} {bad}."]
ASIDE = ["Arrived on time.", "Bought it in spring.", "A gift from my sister.", "My second one.",
         "We will see how it ages.", "Took it along last week.", "The parcel was small.", "Ordered again."]
SUMMARIES = {5: ["Five stars", "Love it", "Exactly right"], 4: ["Good", "Does its job", "Happy with it"],
             3: ["It is fine", "Mixed feelings"], 2: ["Not for me", "Disappointed"]}


def make_items():
    items = {}
    for department, (lines, products) in DEPARTMENTS.items():
        for place, (product, features) in enumerate(products.items()):
            for line, brand in lines.items():
                for version in VERSIONS:
                    strengths = random.sample(features, 3)
                    items[f"{product}-{line}-{version}"] = {
                        "department": department, "product": product, "place": place, "line": line, "brand": brand,
                        "version": version, "good_at": strengths[:2], "bad_at": strengths[2],
                    }
    # Popularity: a Zipf-like weight by a random rank.
    ranked = list(items)
    random.shuffle(ranked)
    for rank, code in enumerate(ranked):
        items[code]["weight"] = 1 / (rank + 4) ** 0.8
    return items


def make_users():
    departments = list(DEPARTMENTS)
    users = {}
    while len(users) < NUM_USERS:
        name = f"u_{random.choice(NAMES)}{random.randint(1, 99)}"
        if name in users:
            continue
        interests = random.sample(departments, random.choices([1, 2, 3], [3, 4, 3])[0])
        users[name] = {
            "interests": interests,
            "uses": {department: random.sample(USES[department], 2) for department in departments},
            "words": random.sample(GOOD, 4),
            "strict": random.random() < 0.25,
        }
    return users


def followers(items, last):
    """What tends to be bought after `last`, with weights: the next product of its line and the newer version of it."""
    found = {}
    for code, item in items.items():
        same_line = item["line"] == last["line"]
        if same_line and item["version"] == last["version"] and item["place"] == last["place"] + 1:
            found[code] = 0.65
        elif same_line and item["product"] == last["product"] and item["version"] > last["version"]:
            found[code] = 0.35
    return found


def next_item(items, user, history):
    taken = set(history)
    if history and random.random() < 0.6:
        found = {code: weight for code, weight in followers(items, items[history[-1]]).items() if code not in taken}
        if found:
            return random.choices(list(found), list(found.values()))[0]
    anywhere = random.random() < 0.1
    pool = [code for code in items
            if code not in taken and (anywhere or items[code]["department"] in user["interests"])]
    return random.choices(pool, [items[code]["weight"] for code in pool])[0] if pool else None


def make_histories(items, users):
    histories = {}
    for name, user in users.items():
        length = min(MAX_PER_USER, MIN_PER_USER + int(random.expovariate(1 / 3.2)))
        history = []
        for _ in range(length):
            code = next_item(items, user, history)
            if code is not None:
                history.append(code)
        histories[name] = history
    # Rare items: a few more users who care for the department buy them at some time.
    for code, item in items.items():
        missing = MIN_PER_ITEM - sum(code in history for history in histories.values())
        if missing <= 0:
            continue
        buyers = [name for name, user in users.items()
                  if item["department"] in user["interests"] and code not in histories[name]]
        for name in random.sample(buyers, missing):
            histories[name].insert(random.randint(0, len(histories[name])), code)
    return histories


def display(product):
    return DISPLAY.get(product, product)


def is_plural(feature):
    return feature == "feet" or (feature.endswith("s") and not feature.endswith("ss"))


def make_review(item, user):
    liked = random.random() < (0.72 if user["strict"] else 0.92)
    rating = random.choices([5, 4], [2, 1])[0] if liked else random.choices([3, 2], [2, 1])[0]
    feature = random.choice(item["good_at"]) if liked else item["bad_at"]
    plural = is_plural(feature)
    words = {
        "thing": ("pair of " if item["product"] in PAIRS else "") + display(item["product"]),
        "use": random.choice(user["uses"][item["department"]]),
        "feature": feature, "is_": "are" if plural else "is", "feels": "feel" if plural else "feels",
        "good": random.choice(user["words"]),
        "bad": random.choice(BAD),
    }
    sentences = [random.choice(PRAISE if liked else BLAME).format(**words)]
    if random.random() < 0.15:
        sentences = [random.choice(ASIDE)]
    elif random.random() < 0.3:
        sentences.insert(random.randint(0, 1), random.choice(ASIDE))
    return rating, random.choice(SUMMARIES[rating]), " ".join(sentences)


def make_reviews(items, users, histories):
    reviews = []
    for name, history in histories.items():
        seconds = FIRST_DAY + random.randrange(600 * DAY)
        for code in history:
            seconds += int(random.expovariate(1 / (9 * DAY))) + 60
            rating, summary, text = make_review(items[code], users[name])
            reviews.append({"overall": float(rating), "reviewerID": name, "asin": code, "reviewText": text,
                            "summary": summary, "unixReviewTime": seconds})
    return sorted(reviews, key=lambda review: (review["unixReviewTime"], review["reviewerID"]))


def make_metadata(items):
    return [{"asin": code,
             "title": f"{item['brand']} {item['line'].capitalize()} {display(item['product'])} {item['version']}",
             "category": [item["department"], display(item["product"]).capitalize()], "brand": item["brand"]}
            for code, item in items.items()]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_tables(out, items, reviews):
    """What some of the users bought, as a shop would export it: of every fifth of them only the first two rows."""
    names = sorted({review["reviewerID"] for review in reviews})[::4]
    kept = dict.fromkeys(names, 100) | dict.fromkeys(names[::5], 2)
    rows = []
    for review in reviews:
        name = review["reviewerID"]
        if kept.get(name, 0) == 0:
            continue
        kept[name] -= 1
        day = datetime.datetime.fromtimestamp(review["unixReviewTime"], datetime.timezone.utc)
        rows.append([name, review["asin"], day.strftime("%Y-%m-%d %H:%M"), int(review["overall"]), review["reviewText"]])
    products = [[one["asin"], one["title"], one["category"][0]] for one in make_metadata(items)]
    for name, header, lines in (("purchases.csv", ["customer", "product", "day", "stars", "comment"], rows),
                                ("products.csv", ["product", "title", "category"], products)):
        with open(out / name, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header] + lines)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "examples"
    examples = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    out, tables = examples / "sample", examples / "tables"
    for folder in (out, tables):
        folder.mkdir(parents=True, exist_ok=True)
    random.seed(SEED)
    items = make_items()
    users = make_users()
    histories = make_histories(items, users)
    reviews = make_reviews(items, users, histories)
    write_lines(out / "sample_reviews.json", reviews)
    write_lines(out / "meta_sample_reviews.json", make_metadata(items))
    write_tables(tables, items, reviews)
    print(f"{out}: {len(users)} users, {len(items)} items, {len(reviews)} reviews")


if __name__ == "__main__":
    main()
