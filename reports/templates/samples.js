"use strict";
// The questions: inflated as they are needed, filtered by the index, searched in full, listed as far as they are seen.
const Samples = (() => {
  const { make } = Answers;
  const { comparison } = Charts;
  const ROW = 52;
  const texts = [...document.querySelectorAll("script.block")];
  const blocks = new Map();
  let index = { block: 1, flags: {}, rows: [] };

  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  const load = async () => { index = await inflate(document.getElementById("index").textContent); };

  const block = (number) => {
    if (!blocks.has(number)) blocks.set(number, inflate(texts[number].textContent));
    return blocks.get(number);
  };

  const question = async (place) => (await block(Math.floor(place / index.block)))[place % index.block];

  const row = (place) => {
    const [id, deltas, suspect, flags, different, words] = index.rows[place];
    return { id, flags, deltas, different, suspect, words };
  };

  // Whether the primary metric has other scores than 0 and 1 there, so that nothing is right or wrong.
  const graded = (pair) => { const shown = comparison.pairs[pair]; return shown ? (shown.rewards[comparison.primary] ?? shown.total).graded : false; };

  const filters = {
    all: () => true,
    different: (row, pair) => row.different[pair],
    fixed: (row, pair) => row.deltas[pair] > 0,
    broken: (row, pair) => row.deltas[pair] < 0,
    suspects: (row, pair) => row.suspect[pair],
    same: (row, pair, sides) => !row.deltas[pair] && !sides.some((model) => row.flags[model] & index.flags.missing)
      && (graded(pair) || !(filters.right(row, pair, sides) || filters.wrong(row, pair, sides))),
    right: (row, pair, sides) => sides.every((model) => row.flags[model] & index.flags.right),
    wrong: (row, pair, sides) => sides.every((model) => row.flags[model] & index.flags.wrong),
    cut: (row, pair, sides) => sides.some((model) => row.flags[model] & index.flags.cut),
    unanswered: (row, pair, sides) => sides.some((model) => row.flags[model] & index.flags.unanswered),
  };

  // The models that a pair shows: the base and the tuned one; of a single run, its only one.
  const sides = (pair) => (comparison.pairs.length ? [0, pair + 1] : [0]);

  // How many questions each filter admits.
  const counts = (pair) => {
    const rows = index.rows.map((_, place) => row(place)), shown = sides(pair);
    return Object.fromEntries(Object.entries(filters).map(([name, admits]) => [name, rows.filter((one) => admits(one, pair, shown)).length]));
  };

  // Places of the questions that a filter admits: losses first, and for the fixed ones gains first.
  const admitted = (filter, pair) => {
    const admits = filters[filter] ?? filters.all;
    const places = [...index.rows.keys()].filter((place) => admits(row(place), pair, sides(pair)));
    const sign = filter === "fixed" ? -1 : 1;
    return comparison.pairs.length ? places.sort((one, other) => sign * (row(one).deltas[pair] - row(other).deltas[pair])) : places;
  };

  const holds = (question, id, needle) =>
    [id, question.prompt, question.reference ?? "", ...question.answers.flat().map((answer) => answer.text)].some((text) => text.toLowerCase().includes(needle));

  // Places whose texts hold the words, as they are found; stops when `current` says that another search has begun.
  const search = async (places, needle, current) => {
    const wanted = needle.toLowerCase();
    const matches = new Set();
    const opened = texts.map((_, number) => block(number));
    for (let number = 0; number < texts.length; number++) {
      const questions = await opened[number];
      if (!current()) return null;
      questions.forEach((question, offset) => { if (holds(question, index.rows[number * index.block + offset][0], wanted)) matches.add(number * index.block + offset); });
    }
    return places.filter((place) => matches.has(place));
  };

  const sign = (delta) => (delta > 0 ? "▲" : delta < 0 ? "▼" : "");
  const signed = (delta) => (delta ? `${delta > 0 ? "+" : "−"}${Math.abs(delta).toFixed(2)}` : "");

  const item = (place, position, view) => {
    const shown = row(place);
    const delta = shown.deltas[view.pair] ?? 0;
    const element = make(
      "div",
      {
        role: "option", id: `question-${place}`, class: "item", style: `top:${position * ROW}px`,
        "aria-selected": String(position === view.position), "aria-posinset": String(position + 1), "aria-setsize": String(view.places.length),
      },
      make("span", { class: "id" }, shown.id),
      make("span", { class: delta > 0 ? "up" : "down" }, `${sign(delta)} ${signed(delta)}`),
      make("span", { class: "words" }, shown.words === shown.id ? "" : shown.words),
    );
    element.addEventListener("click", () => view.choose(position));
    return element;
  };

  // Only the rows in sight exist, so twenty thousand scroll like twenty.
  const list = (view) => {
    const box = document.getElementById("list"), canvas = document.getElementById("canvas");
    canvas.style.height = `${view.places.length * ROW}px`;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 5);
    const last = Math.min(view.places.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + 5);
    canvas.replaceChildren(...view.places.slice(first, last).map((place, offset) => item(place, first + offset, view)));
    const chosen = view.places[view.position];
    if (chosen === undefined) box.removeAttribute("aria-activedescendant");
    else box.setAttribute("aria-activedescendant", `question-${chosen}`);
  };

  const reveal = (position) => {
    const box = document.getElementById("list");
    if (position * ROW < box.scrollTop) box.scrollTop = position * ROW;
    else if ((position + 1) * ROW > box.scrollTop + box.clientHeight) box.scrollTop = (position + 1) * ROW - box.clientHeight;
  };

  return { load, question, row, sides, counts, admitted, search, list, reveal, filters, size: () => index.rows.length };
})();
