"use strict";
// Draws the figures: those in sight, again when the weights or the pair change.
const Charts = (() => {
  const { comparison } = Weights;
  const { config, specifications } = Figures;
  const shown = new Map();

  const draw = async (element) => {
    const pair = comparison.pairs[Number(element.closest("[data-pair]")?.dataset.pair ?? 0)];
    const kind = element.dataset.chart;
    const figure = specifications[kind](pair, element.clientWidth);
    shown.get(element)?.finalize();
    if (!figure) return element.replaceChildren(); // nothing to draw
    const specification = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: kind === "curves" ? undefined : "container",
      autosize: kind === "curves" ? undefined : { type: "fit-x", contains: "padding" },
      config,
      description: element.getAttribute("aria-label"), // becomes the label again, which drawing takes away
      ...figure,
    };
    // ast: expressions are interpreted, so that the page needs no permission to evaluate code.
    const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false };
    shown.set(element, await vegaEmbed(element, specification, options));
  };

  // A chart is drawn when it is on the page: a hidden one has no width.
  const drawVisible = (kinds = Object.keys(specifications)) =>
    Promise.all([...document.querySelectorAll("[data-chart]")].filter((element) => element.offsetParent && kinds.includes(element.dataset.chart)).map(draw));

  // Charts of totals follow a slider as fast as they can be drawn: one drawing at a time, the last state always.
  let drawing = false, again = false;
  const redrawTotals = async () => {
    again = true;
    if (drawing) return;
    drawing = true;
    while (again) {
      again = false;
      await drawVisible(["forest", "contributions", "divergence", "trajectory"]);
    }
    drawing = false;
  };

  return { comparison, drawVisible, redrawTotals };
})();
