"use strict";
// One question in full: its prompt, the models' answers side by side, and each reward with its reason.
// All of it is set as text, never as markup: what a model wrote is hostile input.
const Answers = (() => {
  const { comparison } = Charts;
  const rewards = Object.keys(comparison.weights);
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

  const chips = (answer) => {
    const judged = answer.rewards[rewards.indexOf(comparison.primary)];
    const marks = [];
    if (judged) marks.push(make("span", { class: `chip ${judged[0] === 1 ? "up" : judged[0] === 0 ? "down" : ""}` }, judged[1]));
    if (answer.finish === "length") marks.push(make("span", { class: "chip warn" }, "cut"));
    if (answer.finish === "refused") marks.push(make("span", { class: "chip warn" }, "refused"));
    if (answer.finish === "missing") marks.push(make("span", { class: "chip warn" }, "no completion"));
    if (answer.tokens !== null) marks.push(make("span", { class: "chip" }, `${answer.tokens} tokens`));
    marks.push(make("span", { class: "chip" }, `total ${number(Weights.ofAnswer(answer))}`));
    return marks;
  };

  const reasons = (answer) => {
    const body = make("tbody");
    rewards.forEach((name, index) => {
      const judged = answer.rewards[index];
      if (judged) body.append(make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, number(judged[0])), make("td", {}, `${judged[1]}: ${judged[2]}`)));
    });
    return make("table", { class: "reasons" }, body);
  };

  const side = (name, answer, other) => {
    const span = answer.rewards[rewards.indexOf(comparison.primary)]?.[3];
    const text = make("pre", { class: "text", tabindex: "0", "aria-label": `Answer of ${name}` });
    text.append(...marked(answer.text, other ? changes(answer.text, other.text) : [], span ? units(answer.text, span) : null));
    return make("section", { class: "side" }, make("h4", {}, name, " ", ...chips(answer)), text, reasons(answer));
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

  // `sides` are the places of the models shown; `choose` is called with the sample that a reader asks for.
  const render = (target, question, id, sides, sample, choose) => {
    const shown = sides.map((model) => question.answers[model][Math.min(sample, question.answers[model].length - 1)]);
    const columns = sides.map((model, index) => side(comparison.models[model].name, shown[index], shown.length > 1 ? shown[1 - index] : null));
    const reference = question.reference === null ? [] : [make("p", { class: "reference" }, make("span", { class: "label" }, "Reference "), question.reference)];
    target.replaceChildren(
      make("h3", {}, id),
      make("pre", { class: "prompt", tabindex: "0", "aria-label": "Prompt" }, question.prompt),
      ...reference,
      ...sampleTabs(question, sides, sample, choose),
      make("div", { class: "sides" }, ...columns),
    );
  };

  return { make, render };
})();
