"""Makes submissions as a class hands them in: honest ones, each on its own, and copies in disguise. The same for the same seed.

Honest learners choose between ways that the exercise allows, between names, between one statement and two; some exercises leave so little room that
many hand in the same. A copy is somebody's submission with other names, other comments, statements in another order and a few new ones.
"""

from __future__ import annotations

import io
import keyword
import random
import re
import tokenize
from dataclasses import dataclass

EXERCISES: dict[str, str] = {
    "read": """
{# read the file|# load data||}
$df = pd.read_csv({'sales.csv'|"sales.csv"|$path})
{$df.head()|print($df.shape)|display($df.head(10))|$df.info()|}
""",
    "clean": """
def clean({frame|df|data|table}):
    {"Return the cleaned table."||# copy first|}
    {$c = $1.copy()|$c = $1.dropna(subset=['price']).copy()|$c = $1.drop_duplicates()|$c = pd.DataFrame($1)}
    {$c['price'] = pd.to_numeric($c['price'], errors='coerce')|$c['price'] = $c['price'].str.replace(',', '').astype(float)|$c['price'] = [float(str($x).replace(',', '')) for $x in $c['price']]|$c.price = $c.price.apply(lambda $x: float($x.replace(',', '')))}
    {$c = $c.dropna(subset=['price'])|$c = $c[$c['price'].notna()]|$c.dropna(inplace=True)|$c = $c.loc[~$c.price.isnull()]}
    {$c['city'] = $c['city'].str.strip().str.title()|$c['city'] = $c['city'].apply(lambda $x: $x.strip().title())|$c['city'] = $c.city.map(str.strip).map(str.title)|for $i in $c.index:\n        $c.loc[$i, 'city'] = $c.loc[$i, 'city'].strip().title()}
    {return $c|return $c.reset_index(drop=True)|$c.reset_index(drop=True, inplace=True)\n    return $c}
""",
    "mean": """
def mean(values):
    {return sum(values) / len(values)|$t = sum(values)\n    $n = len(values)\n    return $t / $n|$t = 0\n    for $x in values:\n        $t += $x\n    return $t / len(values)|$t = 0\n    $n = 0\n    for $x in values:\n        $t = $t + $x\n        $n = $n + 1\n    return $t / $n|return float(np.mean(values))|if not values:\n        return 0\n    return sum(values) / len(values)}
""",
    "median": """
def median(values):
    {$s = sorted(values)|$s = list(values)\n    $s.sort()|$s = sorted(list(values))}
    {$n = len($s)|$n = len(values)}
    {$m = $n // 2\n    if $n % 2:\n        return $s[$m]\n    return ($s[$m - 1] + $s[$m]) / 2|if $n % 2 == 0:\n        $m = $n // 2\n        return ($s[$m - 1] + $s[$m]) / 2\n    else:\n        return $s[$n // 2]|if $n % 2 == 1:\n        $r = $s[int($n / 2)]\n    else:\n        $a = $s[int($n / 2) - 1]\n        $b = $s[int($n / 2)]\n        $r = ($a + $b) / 2\n    return $r|$lo, $hi = $s[($n - 1) // 2], $s[$n // 2]\n    return {($lo + $hi) / 2|0.5 * ($lo + $hi)|sum([$lo, $hi]) / 2}|while len($s) > 2:\n        $s = $s[1:-1]\n    return sum($s) / len($s)}
""",
    "totals": """
{# totals by city||# group the rows|}
{$t = $df.groupby('city')['price'].sum()|$t = $df.groupby('city').agg({'price': 'sum'})['price']|$t = $df.pivot_table(index='city', values='price', aggfunc='sum')['price']|$t = {}\nfor _, $r in $df.iterrows():\n    $t[$r['city']] = $t.get($r['city'], 0) + $r['price']\n$t = pd.Series($t)|$g = $df.groupby(by='city')\n$t = $g.price.sum()}
{$t = $t.sort_values(ascending=False)|$t = $t.sort_values()[::-1]|$t.sort_values(ascending=False, inplace=True)|$t = $t.sort_index()\n$t = $t.sort_values(ascending=False)}
{$t.head()|print($t)|top = $t.head(3)|top = $t.nlargest(3)|top = $t[:3]|}
""",
    "plot": """
{fig, ax = plt.subplots()|fig, ax = plt.subplots(figsize=(8, 5))|plt.figure(figsize=(10, 6))\nax = plt.gca()|ax = $t.plot(kind='bar')|ax = $t.plot.bar(color='green')}
{ax.bar($t.index, $t.values)|ax.barh(list($t.index), list($t))|for $i, $x in enumerate($t.index):\n    ax.bar($i, $t[$x])|sns.barplot(x=$t.index, y=$t.values, ax=ax)|}
{ax.set_title('Sales by city')\nax.set_xlabel('City')\nax.set_ylabel('Pesos')|ax.set_ylabel('Pesos')\nax.set_title("Totals")|ax.set(title='Sales', xlabel='city', ylabel='sales')|plt.title('Sales by city')\nplt.ylabel('PHP')}
{plt.xticks(rotation=45)\n|ax.tick_params(axis='x', rotation=90)\n|}{plt.tight_layout()\n|fig.tight_layout()\n|}{plt.show()|plt.savefig('totals.png')|}
""",
    "simulate": """
{rng = np.random.default_rng(1)|np.random.seed(1)|random.seed(2026)|rng = np.random.default_rng(seed=42)}
def simulate({n|trials|rounds|times}):
    {"Estimate the chance of two sixes."||# count the hits}
    {$h = 0\n    for $i in range($1):\n        $a = random.randint(1, 6)\n        $b = random.randint(1, 6)\n        if $a == 6 and $b == 6:\n            $h += 1\n    return $h / $1|$d = rng.integers(1, 7, size=($1, 2))\n    {return ($d == 6).all(axis=1).mean()|$h = (($d[:, 0] == 6) & ($d[:, 1] == 6)).sum()\n    return $h / $1|return np.mean($d.sum(axis=1) == 12)}|$d = [(random.choice(range(1, 7)), random.choice(range(1, 7))) for $i in range($1)]\n    {return $d.count((6, 6)) / $1|$h = [$x for $x in $d if $x == (6, 6)]\n    return len($h) / len($d)}|$a = np.random.randint(1, 7, $1)\n    $b = np.random.randint(1, 7, $1)\n    {$h = np.sum(($a == 6) * ($b == 6))\n    return $h / $1|$h = np.logical_and($a == 6, $b == 6)\n    return $h.mean()|return len(np.where($a + $b == 12)[0]) / $1}|$h = sum(1 for $i in range($1) if random.randint(1, 6) + random.randint(1, 6) == 12)\n    return $h / $1}
{$e = simulate(10000)|$e = simulate(100_000)|$e = {}\nfor $n in [10, 100, 1000]:\n    $e[$n] = simulate($n)|}
{print($e)|print(f'{$e}')|print('about', round($e, 3))|assert abs($e - 1 / 36) < 0.01|}
""",
    "essay": """
{In my view|I think that|As the plot shows,|Looking at the totals,|From the table I see that} {Manila|the capital|the largest city|Quezon City} {sells the most|has the highest total|comes first by far|leads the list}, {which is no surprise|because most people live there|and that was expected|although its prices are not higher}. {The median|The middle value|Half of the sales} {is lower than the mean|lies below the average|is much smaller}, {so the prices are skewed|since a few large sales pull the mean up|which tells me that there are outliers|and this means the data have a long tail}. {I dropped the rows without a price|Rows with missing prices were removed|I left out what had no price} {because they cannot be added|as we do not know what they cost|and there were only a few of them}, {but this could bias the result|and I checked that no city disappears|which changes the totals a little|so the count is lower than before}. {With more months|With data of a whole year|If we had the rainy season too}, {one could see a trend|I would look at the seasons|the answer might be different}.
""",
}
RELEASED: dict[str, str] = {
    "clean": "def clean(frame):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "mean": "def mean(values):\n    # YOUR CODE HERE\n    raise NotImplementedError()",
    "": "import pandas as pd\nimport numpy as np\nimport matplotlib.pyplot as plt",
}
_NAMES = (
    "x",
    "y",
    "n",
    "k",
    "tmp",
    "res",
    "result",
    "out",
    "data",
    "val",
    "total",
    "item",
    "row",
    "mid",
    "vals",
    "df2",
    "my_list",
    "numbers",
    "ans",
    "s",
)


@dataclass(frozen=True, slots=True)
class Submission:
    """What one learner wrote, by exercise."""

    learner: str
    answers: dict[str, str]
    copied_from: str = ""
    copied: frozenset[str] = frozenset()
    """The exercises that are copied."""


def make_class(learners: int, copies: int, *, seed: int) -> list[Submission]:
    """Return a class's submissions. Every copier has a source of their own; half of them copy everything, half of them half of the exercises."""
    dice = random.Random(seed)  # noqa: S311 - samples, no secrets
    honest = [
        Submission(f"learner{number:05}", {name: write_answer(name, dice) for name in EXERCISES}) for number in range(learners - copies)
    ]
    sources = dice.sample(honest, copies)
    copied = []
    for number, source in enumerate(sources):
        names = frozenset(dice.sample(sorted(EXERCISES), len(EXERCISES) if number % 2 else len(EXERCISES) // 2))
        answers = {name: disguise(source.answers[name], dice) if name in names else write_answer(name, dice) for name in EXERCISES}
        copied.append(Submission(f"copier{number:05}", answers, source.learner, names))
    return [*honest, *copied]


def write_answer(exercise: str, dice: random.Random) -> str:
    """Return an honest answer."""
    text = EXERCISES[exercise].strip()
    chosen = ""
    while (found := re.search(r"\{((?:[^{}|]|\{\})*(?:\|(?:[^{}|]|\{\}|\{'[^{}|]*\}|\{\$\w\})*)+)\}", text)) is not None:
        ways = found[1].split("|")
        way = dice.choices(ways, [1 / (1 + place / 2) for place in range(len(ways))])[0]
        if re.fullmatch("frame|df|data|table|n|trials|rounds|times", way):
            chosen = way
        text = text[: found.start()] + way.replace("\\n", "\n") + text[found.end() :]
    names: dict[str, str] = {"1": chosen}
    free = [name for name in _NAMES if name != chosen]

    def named(found: re.Match[str]) -> str:
        if found[1] not in names:
            names[found[1]] = free.pop(dice.randrange(len(free)))
        return names[found[1]]

    return re.sub(r"\$(\w+)", named, text)


def disguise(text: str, dice: random.Random) -> str:
    """Return a copy of an answer that does not look like one: names, order, comments, some values, a new line here and there."""
    if "def " not in text and "=" not in text:
        return _reworded(text, dice)
    lines = [line for line in _renamed(text, dice).split("\n") if line.strip() and not line.strip().startswith("#")]
    for place in range(len(lines) - 1):
        one, other = lines[place : place + 2]
        is_level = _indent(one) == _indent(other)
        is_plain = not one.endswith(":") and not other.endswith(":") and "return" not in one + other
        if is_level and is_plain and dice.random() < 0.25:
            lines[place : place + 2] = [other, one]
    for _ in range(dice.randrange(3)):
        place = dice.randrange(len(lines))
        lines.insert(place, _indent(lines[place]) + dice.choice(["# my own work", "print('done')", "# next step"]))
    return re.sub(r"\b\d{3,}\b", lambda found: str(int(found[0]) + dice.randrange(9)), "\n".join(lines))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _renamed(text: str, dice: random.Random) -> str:
    import builtins

    fixed = {*keyword.kwlist, *dir(builtins), "pd", "np", "plt", "sns", "random", "rng", "ax", "fig"}
    new: dict[str, str] = {}
    pieces, row, column, before = list[str](), 1, 0, ""
    lines = text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.start[0] > len(lines):
                break
            while row < token.start[0]:
                pieces.append(lines[row - 1][column:] + "\n")
                row, column = row + 1, 0
            pieces.append(lines[row - 1][column : token.start[1]])
            is_free = token.type == tokenize.NAME and before != "." and token.string not in fixed and f"def {token.string}(" not in text
            is_keyword = re.match(r"=[^=]", lines[row - 1][token.end[1] :]) is not None
            if is_free and not is_keyword:
                pieces.append(new.setdefault(token.string, f"{dice.choice('abcdefgh')}{len(new)}_{dice.choice(_NAMES)}"))
            else:
                pieces.append(token.string)
            row, column, before = token.end[0], token.end[1], token.string
    except tokenize.TokenError:
        return text
    return "".join(pieces)


def _reworded(text: str, dice: random.Random) -> str:
    words = [dice.choice(["also", "really", "much", "clearly"]) if dice.random() < 0.06 else word for word in text.split()]
    return " ".join(words)
