"use strict";
// One question in full: its prompt, the models' answers side by side, and each reward with its reason.
// All of it is set as text, never as markup: what a model wrote is hostile input.
const Answers = (() => {
  const { comparison } = Charts;
  const rewards = Object.keys(comparison.weights);
  const LONGEST_CHIP = 40; // characters of an answer in a chip
  const LONGEST_DIFF = 1500; // words per side; beyond it the comparison would hold up the page

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  const number = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));

  // Words and the blanks between them, each with its place in the text.
  const words = (text) => [...text.matchAll(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)].map((match) => ({ word: match[0], start: match.index, end: match.index + match[0].length }));

  // Ranges of `text` whose words are not in a longest common subsequence with `other`.
  const changes = (text, other) => {
    const ours = words(text), theirs = words(other);
    let head = 0, tail = 0;
    while (head < ours.length && head < theirs.length && ours[head].word === theirs[head].word) head++;
    while (tail < ours.length - head && tail < theirs.length - head && ours.at(-1 - tail).word === theirs.at(-1 - tail).word) tail++;
    const left = ours.slice(head, ours.length - tail), right = theirs.slice(head, theirs.length - tail);
    if (left.length > LONGEST_DIFF || right.length > LONGEST_DIFF) return left.filter(({ word }) => word.trim());
    return unmatched(left, right).filter(({ word }) => word.trim());
  };

  // Whether so much of a text is also in the other one that marking what differs says something: half of its words.
  const alike = (text, differing) => differing.length <= words(text).filter(({ word }) => word.trim()).length / 2;

  const unmatched = (left, right) => {
    const width = right.length + 1;
    const length = new Uint16Array((left.length + 1) * width);
    for (let i = left.length - 1; i >= 0; i--)
      for (let j = right.length - 1; j >= 0; j--)
        length[i * width + j] = left[i].word === right[j].word
          ? length[(i + 1) * width + j + 1] + 1
          : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    const pieces = [];
    for (let i = 0, j = 0; i < left.length; ) {
      if (j < right.length && left[i].word === right[j].word) { i++; j++; }
      else if (j < right.length && length[i * width + j + 1] > length[(i + 1) * width + j]) j++;
      else pieces.push(left[i++]);
    }
    return pieces;
  };

  // Spans count code points, JavaScript counts UTF-16 units.
  const units = (text, span) => {
    const points = [...text];
    const start = points.slice(0, span[0]).join("").length;
    return { start, end: start + points.slice(span[0], span[1]).join("").length };
  };

  const within = (place, range) => range.start <= place && place < range.end;

  const marked = (text, differing, answer) => {
    const cuts = new Set([0, text.length]);
    for (const range of answer ? [...differing, answer] : differing) cuts.add(range.start).add(range.end);
    const places = [...cuts].sort((one, other) => one - other);
    const changed = new Set(differing.map((range) => range.start));
    let inChange = null;
    return places.slice(0, -1).map((start, index) => {
      if (changed.has(start)) inChange = differing.find((range) => range.start === start);
      const isAnswer = answer && within(start, answer);
      const isChange = inChange && within(start, inChange);
      const piece = text.slice(start, places[index + 1]);
      const classes = [isChange ? "changed" : "", isAnswer ? "answer" : ""].join(" ").trim();
      return classes ? make(isAnswer ? "mark" : "span", { class: classes }, piece) : piece;
    });
  };

  // The primary reward's judgement; where the total is the primary metric, the first that found an answer.
  const primary = (answer) => answer.rewards[rewards.indexOf(comparison.primary)] ?? answer.rewards.find((judged) => judged?.[3]) ?? null;

  const short = (text) => { const line = text.trim().replace(/\s+/g, " "); return line.length > LONGEST_CHIP ? `${line.slice(0, LONGEST_CHIP - 1)}…` : line; };

  // What was found as the answer, and what was wanted where that is another short text.
  const answered = (answer, judged, reference) => {
    if (!judged?.[3]) return [];
    const { start, end } = units(answer.text, judged[3]);
    const wanted = judged[0] !== 1 && reference !== null && reference.length <= LONGEST_CHIP ? `, wanted ${short(reference)}` : "";
    return [make("span", { class: "chip answered" }, `answered ${short(answer.text.slice(start, end)) || "nothing"}${wanted}`)];
  };

  const chips = (answer, reference) => {
    const judged = primary(answer);
    const marks = answered(answer, judged, reference);
    if (judged) marks.push(make("span", { class: `chip ${judged[0] === 1 ? "up" : judged[0] === 0 ? "down" : ""}` }, judged[1]));
    if (answer.finish === "length") marks.push(make("span", { class: "chip warn" }, "cut"));
    if (answer.finish === "refused") marks.push(make("span", { class: "chip warn" }, "refused"));
    if (answer.finish === "missing") marks.push(make("span", { class: "chip warn" }, "no completion"));
    if (answer.tokens !== null) marks.push(make("span", { class: "chip" }, `${answer.tokens} tokens`));
    if (Weights.mixed) marks.push(make("span", { class: "chip" }, `total ${number(Weights.ofAnswer(answer))}`));
    return marks;
  };

  const reasons = (answer) => {
    const body = make("tbody");
    rewards.forEach((name, index) => {
      const judged = answer.rewards[index];
      if (judged) body.append(make("tr", {}, make("th", { scope: "row", title: name }, Weights.label(name)), make("td", {}, number(judged[0])), make("td", {}, `${judged[1]}: ${judged[2]}`)));
    });
    return make("table", { class: "reasons" }, body);
  };

  // A button that copies a text; it says so for a moment.
  const copier = (what, text) => {
    const button = make("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, "Copy");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    return button;
  };

  // `differing` are the ranges of the answer that are marked as such.
  const side = (name, answer, differing, reference) => {
    const span = primary(answer)?.[3];
    const text = make("pre", { class: "text", tabindex: "0", "aria-label": `Answer of ${name}` });
    text.append(...marked(answer.text, differing, span ? units(answer.text, span) : null));
    return make("section", { class: "side" }, make("h4", {}, name, " ", ...chips(answer, reference), copier(`the answer of ${name}`, answer.text)), text, reasons(answer));
  };

  // Says whether differing words are marked, and turns that round: by itself only texts that are alike are marked.
  const marker = (marking, close, mark) => {
    const button = make("button", { type: "button", id: "marks", "aria-pressed": String(marking) }, "Mark differing words");
    button.addEventListener("click", () => mark(!marking));
    return make("p", { class: "marking" }, button, close ? "" : make("small", {}, " The texts have little in common."));
  };

  // Brings the answer that was found into sight within its text.
  const toAnswer = (text) => {
    const found = text.querySelector("mark.answer");
    if (found) text.scrollTop = found.offsetTop - (text.clientHeight - found.offsetHeight) / 2;
  };

  const sampleTabs = (question, sides, sample, choose) => {
    const count = Math.max(...sides.map((model) => question.answers[model].length));
    if (count < 2) return [];
    const place = rewards.indexOf(comparison.primary);
    const tabs = Array.from({ length: count }, (_, index) => {
      const values = sides.map((model) => question.answers[model][index]?.rewards[place]?.[0]);
      const words = values.map((value) => (value === 1 ? "✓" : value === 0 ? "✗" : "·")).join(" ");
      const tab = make("button", { type: "button", "aria-pressed": String(index === sample), "aria-label": `Sample ${index + 1}` }, `${index + 1} `, make("small", {}, words));
      tab.addEventListener("click", () => choose(index));
      return tab;
    });
    return [make("div", { class: "tabs", role: "group", "aria-label": "Samples" }, ...tabs)];
  };

  // `sides` are the places of the models shown; `chooseSample` and `mark` are called with what a reader asks for.
  const render = (target, question, id, sides, { sample, marks }, { chooseSample, mark }) => {
    const shown = sides.map((model) => question.answers[model][Math.min(sample, question.answers[model].length - 1)]);
    const two = shown.length > 1 && shown[0].text !== shown[1].text;
    const differing = shown.map((answer, index) => (two ? changes(answer.text, shown[1 - index].text) : []));
    const close = shown.every((answer, index) => alike(answer.text, differing[index]));
    const marking = two && (marks ?? close);
    const columns = sides.map((model, index) => side(comparison.models[model].name, shown[index], marking ? differing[index] : [], question.reference));
    const reference = question.reference === null ? [] : [make("p", { class: "reference" }, make("span", { class: "label" }, "Reference "), question.reference)];
    target.replaceChildren(
      make("div", { class: "asked" }, make("h3", {}, id), copier("the prompt", question.prompt)),
      make("pre", { class: "prompt", tabindex: "0", "aria-label": "Prompt" }, question.prompt),
      ...reference,
      ...sampleTabs(question, sides, sample, chooseSample),
      ...(two ? [marker(marking, close, mark)] : []),
      make("div", { class: "sides" }, ...columns),
    );
    for (const text of target.querySelectorAll("pre.text")) toAnswer(text);
  };

  return { make, render };
})();
