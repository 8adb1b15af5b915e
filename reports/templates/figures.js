"use strict";
// The figures: Vega-Lite specifications over the numbers of the comparison. Nothing is computed here;
// what the weights change comes from Weights.
const Figures = (() => {
  const { comparison } = Weights;

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
  const folded = (name) => name.length > 26 && name.includes("(");
  const foldedName = "length(datum.label) > 26 && indexof(datum.label, '(') > 0 ? [slice(datum.label, 0, indexof(datum.label, '(')), slice(datum.label, indexof(datum.label, '('))] : datum.label";

  const direction = (change) => (change.low > 0 ? "better" : change.high < 0 ? "worse" : "not told apart from zero");

  // Points with intervals, one row per name, around zero; null without a row.
  const differences = (rows, title, width, margin = 0, noise = null) => {
    if (!rows.length) return null;
    const colour = {
      field: "direction", type: "nominal",
      scale: { domain: ["better", "worse", "not told apart from zero"], range: [ink.up, ink.down, ink.none] },
      legend: null,
    };
    const y = { field: "name", type: "nominal", sort: null, title: null, axis: { labelExpr: foldedName } };
    const x = { field: "delta", type: "quantitative", title, axis: { titleAnchor: "end", titleLimit: width, format: "+.3~f", tickCount: 6, labelExpr: "datum.value === 0 ? '0' : datum.label" } };
    // How far the share of values that batching alone changes could move the mean, on the row of their reward.
    const floor = noise && rows.some((row) => row.name === Weights.label(noise.primary))
      ? [{
          data: { values: [{ name: Weights.label(noise.primary), from: -noise.value_changed, to: noise.value_changed }] },
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
      table: [["metric", "change", "low", "high"], ...rows.map((row) => [row.name, row.delta, row.bounds.low, row.bounds.high])],
      data: { values: rows },
      height: rows.length * (rows.some((row) => folded(row.name)) ? 44 : 34),
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

  const row = ([name, change]) => ({ name: Weights.label(name), delta: change.delta, low: change.low ?? change.delta, high: change.high ?? change.delta, bounds: change, direction: direction(change) });

  const forest = (pair, width) => {
    const named = [...Object.entries(pair.rewards), ...(Weights.mixed ? [["total", Weights.ofPair(pair)]] : [])];
    return differences(named.filter(([, change]) => change.delta !== null).map(row), `change on ${comparison.task}, tuned minus base`, width, comparison.margin, comparison.noise);
  };

  const contributions = (pair, width) =>
    differences(Weights.contributions(pair).filter(([, change]) => change.delta !== null).map(row), "change of the total", width);

  const DASHED = [5, 3], SOLID = [1, 0];

  // The two models of a pair: base grey and dashed, tuned blue and solid.
  const sides = (pair) => ({
    color: { field: "model", type: "nominal", scale: { domain: [pair.base, pair.tuned], range: [ink.none, ink.up] }, legend: null },
    strokeDash: { field: "model", type: "nominal", sort: null, legend: null, scale: { domain: [pair.base, pair.tuned], range: [DASHED, SOLID] } },
  });

  const curves = (pair, width) => {
    const models = comparison.models.filter((model) => [pair.base, pair.tuned].includes(model.name));
    const points = models.flatMap((model) =>
      model.curves.flatMap((curve) => curve.points.map((point) => ({ ...point, model: model.name, curve: `${curve.kind}, ${Weights.label(curve.reward)}` }))),
    );
    const { color, strokeDash } = sides(pair);
    const x = { field: "k", type: "quantitative", scale: { type: "log", base: 2 }, title: "samples per question (k)", axis: { format: "d", values: [...new Set(points.map((point) => point.k))] } };
    return {
      table: [["curve", "model", "k", "mean", "low", "high"], ...points.map((point) => [point.curve, point.model, point.k, point.mean, point.low, point.high])],
      data: { values: points },
      facet: { field: "curve", title: null, sort: [...new Set(points.map((point) => point.curve))], header: { labelColor: ink.quiet, labelFontSize: 13 } },
      columns: Math.max(1, Math.floor(width / 340)),
      spec: {
        width: Math.min(290, width - 60), height: 200,
        layer: [
          { mark: { type: "area", opacity: 0.18 }, encoding: { x, y: { field: "low", type: "quantitative", title: null }, y2: { field: "high" }, color } },
          {
            mark: { type: "line", point: true, strokeWidth: 2.5 },
            encoding: { x, y: { field: "mean", type: "quantitative", scale: { zero: false } }, color, strokeDash,
              tooltip: [{ field: "model" }, { field: "k" }, { field: "mean", format: ".3f" }] },
          },
        ],
      },
    };
  };

  // The interval of a pair's change, drawn around the tuned model's mean; the base is the line that it is measured from.
  const around = (mean, pair) => {
    const change = pair && (pair.rewards[comparison.primary] ?? Weights.ofPair(pair));
    return (change?.low ?? null) === null ? { low: mean, high: mean } : { low: mean + change.low - change.delta, high: mean + change.high - change.delta };
  };

  const trajectory = () => {
    const primary = comparison.primary;
    const points = comparison.models
      .map((model) => ({ name: model.name, ...(model.rewards[primary] ?? Weights.ofModel(model)) }))
      .map(({ name, mean }) => ({ name, mean, ...around(mean, comparison.pairs.find((pair) => pair.tuned === name)) }))
      .filter((point) => point.mean !== null);
    const best = points.reduce((one, other) => (other.mean > one.mean ? other : one), points[0]);
    const values = points.map((point) => ({ ...point, best: point === best }));
    const x = { field: "name", type: "nominal", sort: null, title: null, axis: { labelAngle: 0, labelLimit: 110 } };
    const y = { field: "mean", type: "quantitative", title: primary, scale: { zero: false } };
    return {
      table: [["model", primary, "low", "high"], ...values.map((point) => [point.name, point.mean, point.low, point.high])],
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

  // Where a bin stands on the axis: around its whole numbers. The one without an end stands apart, two bins wide.
  const placed = ({ bins }) => {
    const width = bins[0].high - bins[0].low + 1;
    return bins.map((bin) => bin.high === null
      ? { ...bin, from: bin.low + width, to: bin.low + 3 * width, name: `over ${bin.low - 1}` }
      : { ...bin, from: bin.low - 0.5, to: bin.high + 0.5, name: bin.low === bin.high ? `${bin.low}` : `${bin.low} to ${bin.high}` });
  };

  // The outline of one model's histogram: steps that begin and end at zero, around the gap too.
  const outline = (bins, model, side) => [
    { at: bins[0].from, share: 0, model },
    ...bins.flatMap((bin, place) => [
      { at: bin.from, share: bin[side], model },
      ...(bins[place + 1]?.from === bin.to ? [] : [{ at: bin.to, share: 0, model }]),
    ]),
  ];

  const lengths = (pair, width) => {
    const bins = placed(pair.lengths), open = bins.find((bin) => bin.high === null), middle = open && (open.from + open.to) / 2;
    const ends = bins.filter((bin) => bin !== open), few = Math.ceil(ends.length / (width < 500 ? 4 : 10));
    const axis = open
      ? { values: [...ends.filter((_, place) => place % few === 0 && place < ends.length - few / 2).map((bin) => bin.low), middle], labelExpr: `datum.value === ${middle} ? '${open.name}' : datum.label` }
      : { tickMinStep: 1, tickCount: width < 500 ? 5 : 10 };
    const x = { field: "at", type: "quantitative", title: "tokens", scale: { domain: [bins[0].from, bins.at(-1).to], nice: false }, axis: { ...axis, format: "d", grid: false } };
    const y = { field: "share", type: "quantitative", title: "share of completions", axis: { format: ".0%", tickCount: 5 } };
    const { color, strokeDash } = sides(pair);
    const medians = [[pair.base, pair.lengths.base_median], [pair.tuned, pair.lengths.tuned_median]];
    return {
      table: [["from", "to", `share of ${pair.base}`, `share of ${pair.tuned}`], ...pair.lengths.bins.map((bin) => [bin.low, bin.high, bin.base_share, bin.tuned_share])],
      data: { values: [...outline(bins, pair.base, "base_share"), ...outline(bins, pair.tuned, "tuned_share")] },
      height: 200,
      layer: [
        { mark: { type: "area", interpolate: "step-after", opacity: 0.16 }, encoding: { x, y: { ...y, stack: null }, color } },
        { mark: { type: "line", interpolate: "step-after", strokeWidth: 2 }, encoding: { x, y, color, strokeDash } },
        {
          data: { values: medians.map(([model, median]) => ({ model, at: open && median >= open.low ? middle : median })) },
          mark: { type: "rule", strokeWidth: 1.5, opacity: 0.8 }, encoding: { x, color, strokeDash },
        },
        {
          data: { values: bins },
          mark: { type: "rect", color: "transparent" },
          encoding: {
            x: { ...x, field: "from" }, x2: { field: "to" },
            tooltip: [
              { field: "name", title: "tokens" },
              { field: "base_share", title: pair.base, format: ".1%" },
              { field: "tuned_share", title: pair.tuned, format: ".1%" },
            ],
          },
        },
      ],
    };
  };

  // What is rewarded beside the primary metric against that metric, model after model: where the two part, a model
  // learns to please.
  const divergence = (pair) => {
    const values = comparison.models.flatMap((model, order) => {
      const primary = model.rewards[comparison.primary], proxy = Weights.ofProxy(model);
      const role = model.name === pair.base ? "base" : model.name === pair.tuned ? "tuned" : "other";
      const point = { name: model.name, order, role, x: primary.mean, left: primary.low ?? primary.mean, right: primary.high ?? primary.mean };
      return primary.mean === null || (proxy?.mean ?? null) === null ? [] : [{ ...point, y: proxy.mean, bottom: proxy.low ?? proxy.mean, top: proxy.high ?? proxy.mean }];
    });
    if (!values.length) return null;
    const middle = (Math.min(...values.map((point) => point.left)) + Math.max(...values.map((point) => point.right))) / 2;
    const x = { field: "x", type: "quantitative", title: comparison.primary, scale: { zero: false }, axis: { tickCount: 6 } };
    const y = { field: "y", type: "quantitative", title: "total of the other rewards", scale: { zero: false }, axis: { tickCount: 6 } };
    const labels = values.filter((point) => point.role !== "other").map((point) => ({
      data: { values: [point] },
      mark: { type: "text", align: point.x > middle ? "right" : "left", dx: point.x > middle ? -10 : 10, dy: point.role === "base" ? 18 : -12, fontSize: 13, color: ink.ink, limit: 160 },
      encoding: { x, y, text: { field: "name" } },
    }));
    return {
      table: [["model", comparison.primary, "low", "high", "other rewards", "low", "high"], ...values.map((point) => [point.name, point.x, point.left, point.right, point.y, point.bottom, point.top])],
      data: { values },
      height: comparison.models.length > 2 ? 260 : 200,
      layer: [
        { mark: { type: "line", color: ink.none, strokeWidth: 1.5, opacity: 0.6 }, encoding: { x, y, order: { field: "order" } } },
        { mark: { type: "rule", color: ink.none, strokeWidth: 1.5 }, encoding: { x: { ...x, field: "left" }, x2: { field: "right" }, y } },
        { mark: { type: "rule", color: ink.none, strokeWidth: 1.5 }, encoding: { x, y: { ...y, field: "bottom" }, y2: { field: "top" } } },
        {
          mark: { type: "point", size: 110, opacity: 1, strokeWidth: 2 },
          encoding: {
            x, y,
            shape: { field: "role", type: "nominal", legend: null, scale: { domain: ["base", "other", "tuned"], range: ["square", "circle", "circle"] } },
            stroke: { field: "role", type: "nominal", legend: null, scale: { domain: ["base", "other", "tuned"], range: [ink.none, ink.up, ink.up] } },
            fill: { field: "role", type: "nominal", legend: null, scale: { domain: ["base", "other", "tuned"], range: [ink.none, ink.panel, ink.up] } },
            tooltip: [
              { field: "name", title: " " },
              { field: "x", title: comparison.primary, format: ".3f" },
              { field: "y", title: "other rewards", format: ".3f" },
            ],
          },
        },
        ...labels,
      ],
    };
  };

  return { config, specifications: { forest, contributions, divergence, lengths, curves, trajectory } };
})();
