"use strict";
// The charts: Vega-Lite specifications over the numbers of the comparison. Nothing is computed here;
// what the weights change comes from Weights.
const Charts = (() => {
  const { comparison } = Weights;
  const shown = new Map();

  // The colours of the style sheet, so that light, dark and print need no drawing again. Its blue and orange stay
  // apart for every kind of colour blindness (after Okabe and Ito), and shapes repeat what they say.
  const ink = Object.fromEntries(["up", "down", "none", "ink", "quiet", "line", "band", "panel"].map((name) => [name, `var(--${name})`]));

  const config = {
    background: "transparent",
    font: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    view: { stroke: null },
    axis: {
      labelColor: ink.ink, titleColor: ink.quiet, gridColor: ink.line, domain: false, ticks: false,
      labelFontSize: 13, titleFontSize: 12, titleFontWeight: 400, labelPadding: 8, labelLimit: 200,
    },
  };

  // A reward's parameters go on a line of their own.
  const foldedName = "length(datum.label) > 26 && indexof(datum.label, '(') > 0 ? [slice(datum.label, 0, indexof(datum.label, '(')), slice(datum.label, indexof(datum.label, '('))] : datum.label";

  const direction = (found) => (found.low > 0 ? "better" : found.high < 0 ? "worse" : "not told apart from zero");

  // Points with intervals, one row a name, around zero.
  const differences = (rows, title, margin, noise = null) => {
    const colour = {
      field: "direction", type: "nominal",
      scale: { domain: ["better", "worse", "not told apart from zero"], range: [ink.up, ink.down, ink.none] },
      legend: null,
    };
    const y = { field: "name", type: "nominal", sort: null, title: null, axis: { labelExpr: foldedName } };
    const x = { field: "delta", type: "quantitative", title, axis: { format: "+.2~f", tickCount: 6, labelExpr: "datum.value === 0 ? '0' : datum.label" } };
    // How far the share of values that batching alone changes could move the mean, on the row of their reward.
    const floor = noise && rows.some((row) => row.name === noise.primary)
      ? [{
          data: { values: [{ name: noise.primary, from: -noise.value_changed, to: noise.value_changed }] },
          mark: { type: "bar", height: 22, color: "transparent", stroke: ink.quiet, strokeDash: [3, 2] },
          encoding: { y, x: { field: "from", type: "quantitative" }, x2: { field: "to" } },
        }]
      : [];
    const band = margin
      ? [{
          data: { values: [{ from: -margin, to: margin }] },
          mark: { type: "rect", color: ink.band },
          encoding: { x: { field: "from", type: "quantitative" }, x2: { field: "to" } },
        }]
      : [];
    return {
      data: { values: rows },
      height: rows.length * 34,
      layer: [
        ...band,
        ...floor,
        { data: { values: [{ zero: 0 }] }, mark: { type: "rule", color: ink.quiet }, encoding: { x: { field: "zero", type: "quantitative" } } },
        { mark: { type: "rule", strokeWidth: 3, strokeCap: "round" }, encoding: { y, x: { ...x, field: "low" }, x2: { field: "high" }, color: colour } },
        {
          mark: { type: "point", filled: true, size: 110, opacity: 1 },
          encoding: {
            y, x, color: colour,
            shape: {
              field: "direction", type: "nominal", legend: null,
              scale: { domain: ["better", "worse", "not told apart from zero"], range: ["triangle-up", "triangle-down", "circle"] },
            },
            tooltip: [
              { field: "name", title: " " },
              { field: "delta", title: "change", format: "+.3f" },
              { field: "low", title: "from", format: "+.3f" },
              { field: "high", title: "to", format: "+.3f" },
            ],
          },
        },
      ],
    };
  };

  const row = ([name, found]) => ({ name, delta: found.delta, low: found.low ?? found.delta, high: found.high ?? found.delta, direction: direction(found) });

  const forest = (pair) => {
    const named = [...Object.entries(pair.rewards), ["total", Weights.ofPair(pair)]];
    return differences(named.filter(([, found]) => found.delta !== null).map(row), "change, tuned minus base", comparison.margin, comparison.noise);
  };

  const contributions = (pair) =>
    differences(Weights.contributions(pair).filter(([, found]) => found.delta !== null).map(row), "change of the total", 0);

  const curves = (pair, width) => {
    const models = comparison.models.filter((model) => [pair.base, pair.tuned].includes(model.name));
    const points = models.flatMap((model) =>
      model.curves.flatMap((curve) => curve.points.map((point) => ({ ...point, model: model.name, curve: `${curve.kind}, ${curve.reward}` }))),
    );
    const colour = { field: "model", type: "nominal", scale: { domain: [pair.base, pair.tuned], range: [ink.none, ink.up] }, legend: null };
    const x = { field: "k", type: "quantitative", scale: { type: "log", base: 2 }, title: "samples a question (k)", axis: { format: "d", values: [...new Set(points.map((point) => point.k))] } };
    return {
      data: { values: points },
      facet: { field: "curve", title: null, sort: [...new Set(points.map((point) => point.curve))], header: { labelColor: ink.quiet, labelFontSize: 13 } },
      columns: Math.max(1, Math.floor(width / 340)),
      spec: {
        width: Math.min(290, width - 60), height: 200,
        layer: [
          { mark: { type: "area", opacity: 0.18 }, encoding: { x, y: { field: "low", type: "quantitative", title: null }, y2: { field: "high" }, color: colour } },
          {
            mark: { type: "line", point: true, strokeWidth: 2.5 },
            encoding: { x, y: { field: "mean", type: "quantitative", scale: { zero: false } }, color: colour, strokeDash: { field: "model", type: "nominal", sort: null, legend: null, scale: { domain: [pair.base, pair.tuned], range: [[5, 3], [1, 0]] } },
              tooltip: [{ field: "model" }, { field: "k" }, { field: "mean", format: ".3f" }] },
          },
        ],
      },
    };
  };

  const trajectory = () => {
    const primary = comparison.primary;
    const points = comparison.models
      .map((model) => ({ name: model.name, ...(model.rewards[primary] ?? Weights.ofModel(model)) }))
      .filter((point) => point.mean !== null);
    const best = points.reduce((one, other) => (other.mean > one.mean ? other : one), points[0]);
    const values = points.map((point) => ({ ...point, best: point === best }));
    const x = { field: "name", type: "nominal", sort: null, title: null, axis: { labelAngle: 0, labelLimit: 110 } };
    const y = { field: "mean", type: "quantitative", title: primary, scale: { zero: false } };
    return {
      data: { values },
      height: 220,
      layer: [
        { mark: { type: "line", color: ink.line, strokeWidth: 2 }, encoding: { x, y } },
        { mark: { type: "rule", color: ink.up, strokeWidth: 2 }, encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } } },
        {
          mark: { type: "point", size: 120, opacity: 1, stroke: ink.up, strokeWidth: 2 },
          encoding: { x, y, fill: { condition: { test: "datum.best", value: ink.up }, value: ink.panel },
            tooltip: [{ field: "name", title: " " }, { field: "mean", format: ".3f" }] },
        },
      ],
    };
  };

  const specifications = { forest, contributions, curves, trajectory };

  const draw = async (element) => {
    const pair = comparison.pairs[Number(element.closest("[data-pair]")?.dataset.pair ?? 0)];
    const kind = element.dataset.chart;
    const specification = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: kind === "curves" ? undefined : "container",
      autosize: kind === "curves" ? undefined : { type: "fit-x", contains: "padding" },
      config,
      ...specifications[kind](pair, element.clientWidth),
    };
    shown.get(element)?.finalize();
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
      await drawVisible(["forest", "contributions", "trajectory"]);
    }
    drawing = false;
  };

  return { comparison, drawVisible, redrawTotals };
})();
