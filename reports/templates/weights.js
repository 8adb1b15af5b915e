"use strict";
// What if the rewards had other weights: totals, changes and intervals follow from the parts per unit of weight
// that the comparison carries. total(w) = w · means, SE² = wᵀ · covariance · w, interval = total ± t · SE.
const Weights = (() => {
  const comparison = JSON.parse(document.getElementById("comparison").textContent);
  const names = Object.keys(comparison.weights);
  const own = names.map((name) => comparison.weights[name]);
  const mixed = names.length > 1 || comparison.primary === "total"; // else the total is the only reward again
  let values = [...own];

  const changed = () => values.some((value, place) => value !== own[place]);
  const set = (wanted) => { values = names.map((_, place) => (mixed && Number.isFinite(wanted?.[place]) ? wanted[place] : own[place])); };
  const label = (name) => comparison.labels[name] ?? name;
  const weight = (name) => values[names.indexOf(name)];
  const sum = (terms) => terms.reduce((one, other) => one + other, 0);

  const estimate = (parts, weights) => {
    const mean = sum(parts.means.map((value, place) => value * weights[place]));
    if (!parts.covariance) return { mean, low: null, high: null };
    const variance = sum(parts.covariance.map((row, place) => weights[place] * sum(row.map((value, other) => value * weights[other]))));
    const error = Math.sqrt(Math.max(variance, 0));
    return error > 1e-12 ? { mean, low: mean - parts.t * error, high: mean + parts.t * error } : { mean, low: null, high: null };
  };

  const current = (parts) => parts.rewards.map(weight);

  // At the run's own weights the numbers are the comparison's, whose interval may have a better formula.
  const ofModel = (model) => (changed() && model.per_weight ? estimate(model.per_weight, current(model.per_weight)) : model.total);

  const ofPair = (pair) => {
    if (!changed() || !pair.per_weight) return pair.total;
    const { mean, low, high } = estimate(pair.per_weight, current(pair.per_weight));
    return { delta: mean, low, high };
  };

  // What is rewarded beside the primary metric.
  const ofProxy = (model) => {
    if (!changed() || !model.per_weight) return model.proxy;
    return estimate(model.per_weight, model.per_weight.rewards.map((name) => (name === comparison.primary ? 0 : weight(name))));
  };

  const contributions = (pair) => {
    if (!changed() || !pair.per_weight) return Object.entries(pair.contributions);
    return pair.per_weight.rewards.filter(weight).map((name) => {
      const { mean, low, high } = estimate(pair.per_weight, pair.per_weight.rewards.map((other) => (other === name ? weight(name) : 0)));
      return [name, { delta: mean, low, high }];
    });
  };

  // A completion's total: the sum over the rewards that apply to it.
  const ofAnswer = (answer) => {
    const applying = names.flatMap((_, place) => { const value = answer.rewards[place]?.[0] ?? null; return value === null ? [] : [values[place] * value]; });
    return changed() && applying.length ? sum(applying) : answer.total;
  };

  const number = (value) => (value === null || value === undefined ? "-" : value.toFixed(3));
  const signed = (value) => (value ? `${value > 0 ? "+" : ""}${number(value)}` : number(value));
  const between = (estimate, show) => (estimate.low === null ? "unknown" : `${show(estimate.low)} to ${show(estimate.high)}`);
  const direction = (estimate) => (estimate.low > 0 ? "up" : estimate.low !== null && estimate.high < 0 ? "down" : "");

  // Shows a text and keeps the number behind it in full.
  const put = (element, text, value) => { element.textContent = text; element.dataset.value = value ?? ""; };

  // A pair's row of totals. What needs every question's total again has no number at other weights.
  const showPair = (pair, place) => {
    const article = document.querySelector(`article[data-pair="${place}"]`);
    const row = article.querySelector("tr.total");
    const cell = (name) => row.querySelector(`[data-cell="${name}"]`);
    const change = ofPair(pair);
    for (const side of ["base", "tuned"]) {
      const model = comparison.models.find((model) => model.name === pair[side]);
      const total = ofModel(model), proxy = article.querySelector(`[data-proxy="${side}"]`);
      if (proxy) put(proxy, number(ofProxy(model).mean), ofProxy(model).mean);
      put(cell(side), number(total.mean), total.mean);
      cell(`${side}-interval`).textContent = between(total, number).replace(" to ", "–");
    }
    put(cell("delta"), signed(change.delta), change.delta);
    cell("delta").className = direction(change);
    cell("interval").textContent = between(change, signed);
    for (const other of row.querySelectorAll("[data-own]")) other.textContent = changed() ? "-" : other.dataset.own;
  };

  const ranked = () =>
    comparison.models
      .map((model, place) => ({ model, total: ofModel(model), change: place ? ofPair(comparison.pairs[place - 1]) : null }))
      .sort((one, other) => (other.total.mean ?? -Infinity) - (one.total.mean ?? -Infinity));

  const cell = (tag, text, value, label) => {
    const made = document.createElement(tag);
    put(made, text, value);
    if (label) made.dataset.label = label;
    return made;
  };

  const showRanking = () => {
    const rows = ranked().map(({ model, total, change }, place) => {
      const row = document.createElement("tr");
      const name = cell("th", model.name);
      name.scope = "row";
      row.append(cell("td", String(place + 1), null, "Rank"), name, cell("td", number(total.mean), total.mean, "Total"), cell("td", between(total, number), total.low, "95 % interval"));
      if (comparison.pairs.length) {
        row.append(cell("td", change ? signed(change.delta) : "", change?.delta, change && "Change"), cell("td", change ? between(change, signed) : "", change?.low, change && "95 % interval"));
        if (change) row.children[4].className = direction(change);
      }
      return row;
    });
    document.getElementById("ranking").replaceChildren(...rows);
  };

  const showControls = () => {
    for (const input of document.querySelectorAll("[data-weight]")) {
      const value = values[Number(input.dataset.weight)];
      if (Number(input.value) !== value || input.value === "") input.value = value;
    }
    for (const element of document.querySelectorAll("[data-times]")) element.textContent = `× ${Number(weight(element.dataset.times).toPrecision(4))}`;
    document.getElementById("reweighed").hidden = !changed();
  };

  const show = () => {
    if (!mixed) return;
    showControls();
    comparison.pairs.forEach(showPair);
    showRanking();
  };

  return { comparison, names, mixed, label, changed, set, values: () => [...values], ofModel, ofPair, ofProxy, ofAnswer, contributions, show };
})();
