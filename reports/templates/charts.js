"use strict";
// Draws the figures: those in sight, again when the weights or the pair change.
const Charts = (() => {
  const { comparison } = Weights;
  const { config, specifications } = Figures;
  const shown = new Map();

  const pairOf = (element) => comparison.pairs[Number(element.closest("[data-pair]")?.dataset.pair ?? 0)];

  const draw = async (element) => {
    const kind = element.dataset.chart;
    const figure = specifications[kind](pairOf(element), element.clientWidth);
    shown.get(element)?.finalize();
    if (!figure) return element.replaceChildren(); // nothing to draw
    const { table, ...drawing } = figure; // the table is for the CSV
    const specification = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: kind === "curves" ? undefined : "container",
      autosize: kind === "curves" ? undefined : { type: "fit-x", contains: "padding" },
      config,
      description: element.getAttribute("aria-label"), // becomes the label again, which drawing takes away
      ...drawing,
    };
    // ast: expressions are interpreted, so that the page needs no permission to evaluate code.
    const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false };
    shown.set(element, await vegaEmbed(element, specification, options));
  };

  // Charts are drawn one after the other, each when the page has nothing else to do, so that it never stands still.
  const idle = () => new Promise((resolve) => (window.requestIdleCallback ? requestIdleCallback(resolve, { timeout: 300 }) : setTimeout(resolve)));
  let queue = Promise.resolve();

  // A chart is drawn when it is seen: what is hidden has no width, and what is folded costs nothing.
  const visible = (within = document) => [...within.querySelectorAll("[data-chart]")].filter((element) => element.checkVisibility());

  const drawVisible = (within) => { for (const element of visible(within)) queue = queue.then(idle).then(() => draw(element)); };

  // Charts of totals follow a slider as fast as they can be drawn: one drawing at a time, the last state always.
  const TOTALS = ["forest", "contributions", "divergence", "trajectory"];
  let drawing = false, again = false;
  const redrawTotals = async () => {
    again = true;
    if (drawing) return;
    drawing = true;
    while (again) {
      again = false;
      await queue;
      await Promise.all(visible().filter((element) => TOTALS.includes(element.dataset.chart)).map(draw));
    }
    drawing = false;
  };

  for (const element of document.querySelectorAll("[data-chart]")) {
    const kind = element.dataset.chart, what = element.getAttribute("aria-label").split(/[,;]/)[0];
    const rows = () => specifications[kind](pairOf(element), element.clientWidth)?.table ?? [];
    element.after(Csv.button(`${comparison.task} ${kind}`, what, rows));
  }
  for (const element of document.querySelectorAll("[data-rows]"))
    element.after(Csv.button(`${comparison.task} ${element.dataset.name}`, element.getAttribute("aria-label"), () => JSON.parse(element.dataset.rows)));

  return { comparison, drawVisible, redrawTotals, drawn: () => queue };
})();
