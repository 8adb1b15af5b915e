"use strict";
// The page's state, which stands in the address after #, and what readers do to it.
(async () => {
  const { comparison } = Charts;
  const control = (id) => document.getElementById(id);
  const view = { pair: 0, filter: "all", query: "", id: null, sample: 0, marks: null, places: [], position: 0, choose: (position) => choose(position) };
  let searches = 0;
  const taskOf = () => new URLSearchParams(location.hash.slice(1)).get("task"); // of a suite, whose page this stands in
  const task = taskOf();

  const whole = (text, limit) => Math.min(Math.max(Number.parseInt(text, 10) || 0, 0), Math.max(limit - 1, 0));

  const readHash = () => {
    const hash = new URLSearchParams(location.hash.slice(1));
    view.pair = whole(hash.get("pair"), comparison.pairs.length);
    view.filter = Object.hasOwn(Samples.filters, hash.get("show") ?? "") ? hash.get("show") : "all";
    view.query = hash.get("search") ?? "";
    view.id = hash.get("question");
    view.sample = whole(hash.get("sample"), Infinity);
    view.marks = hash.has("marks") ? hash.get("marks") === "on" : null;
    Weights.set(hash.get("weights")?.split(",").map(Number.parseFloat));
    if (view.id !== null || view.filter !== "all" || view.query) control("samples").open = true; // the address is of samples
  };

  const writeHash = () => {
    const hash = new URLSearchParams();
    if (task !== null) hash.set("task", task);
    if (view.pair) hash.set("pair", String(view.pair));
    if (view.filter !== "all") hash.set("show", view.filter);
    if (view.query) hash.set("search", view.query);
    if (view.id !== null) hash.set("question", view.id);
    if (view.sample) hash.set("sample", String(view.sample));
    if (view.marks !== null) hash.set("marks", view.marks ? "on" : "off");
    if (Weights.changed()) hash.set("weights", Weights.values().join(","));
    history.replaceState(null, "", `#${hash}`);
  };

  // A part of the page as it is shown: those of other pairs have the same names.
  const part = (name) => document.querySelector(`main > [data-part="${name}"], article:not([hidden]) [data-part="${name}"]`);

  // On a phone the page is short: each panel is its heading and its main number until it is asked for.
  const folds = [...document.querySelectorAll("details.panel")];
  if (matchMedia("(max-width: 720px)").matches) for (const fold of folds) fold.open = false;
  for (const fold of folds) fold.addEventListener("toggle", () => fold.open && Charts.drawVisible(fold));
  control("samples").addEventListener("toggle", () => { if (view.places.length) { Samples.reveal(view.position); Samples.list(view); } });
  addEventListener("beforeprint", () => { for (const fold of folds) fold.open = true; });

  const toSamples = () => { control("samples").open = true; control("samples").scrollIntoView(); };

  // Goes to a part as a link does, though the address keeps the state: the next Tab goes on from there.
  const jump = (name) => {
    if (part(name).tagName === "DETAILS") part(name).open = true;
    const heading = part(name).querySelector("h2");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    part(name).scrollIntoView();
  };

  const showPair = () => {
    for (const article of document.querySelectorAll("article[data-pair]")) article.hidden = Number(article.dataset.pair) !== view.pair;
    for (const link of document.querySelectorAll("[data-jump]")) link.hidden = !part(link.dataset.jump);
    for (const button of document.querySelectorAll("[data-choose-pair]")) button.setAttribute("aria-pressed", String(Number(button.dataset.choosePair) === view.pair));
    Charts.drawVisible();
  };

  // How many questions each filter would show of this pair.
  const showCounts = () => {
    const counts = Samples.counts(view.pair);
    for (const option of control("filter").options) option.textContent = `${option.dataset.label} (${counts[option.value].toLocaleString("en")})`;
  };

  const showControls = () => {
    control("filter").value = view.filter;
    if (control("search").value !== view.query) control("search").value = view.query;
    for (const button of document.querySelectorAll("[data-filter]")) button.setAttribute("aria-pressed", String(button.dataset.filter === view.filter));
  };

  const showQuestion = async () => {
    const place = view.places[view.position];
    if (place === undefined) return control("detail").replaceChildren(Answers.make("p", { class: "hint" }, "No question fits."));
    const question = await Samples.question(place);
    if (place !== view.places[view.position]) return; // another one was chosen meanwhile
    const sides = Samples.sides(view.pair);
    view.sample = Math.min(view.sample, Math.max(...sides.map((model) => question.answers[model].length)) - 1);
    Answers.render(control("detail"), question, Samples.row(place).id, sides, view, { chooseSample, mark });
  };

  // Filter and search again, keep the chosen question where it is still among them.
  const refresh = async () => {
    showControls();
    const turn = ++searches;
    let places = Samples.admitted(view.filter, view.pair);
    if (view.query) {
      control("found").value = "searching…";
      places = await Samples.search(places, view.query, () => turn === searches);
      if (places === null) return;
    }
    view.places = places;
    view.position = Math.max(0, places.findIndex((place) => Samples.row(place).id === view.id));
    control("found").value = `${places.length.toLocaleString("en")} of ${Samples.size().toLocaleString("en")}`;
    Samples.list(view);
    Samples.reveal(view.position);
    await showQuestion();
  };

  const change = (values) => { Object.assign(view, values); writeHash(); return refresh(); };

  const choose = async (position) => {
    if (!view.places.length) return;
    view.position = whole(position, view.places.length);
    view.sample = 0;
    view.id = Samples.row(view.places[view.position]).id;
    writeHash();
    Samples.reveal(view.position);
    Samples.list(view);
    await showQuestion();
  };

  const chooseSample = async (sample) => {
    view.sample = Math.max(0, sample);
    await showQuestion();
    writeHash();
    document.querySelector(".tabs [aria-pressed=true]")?.focus({ preventScroll: true });
  };

  const mark = async (wanted) => {
    view.marks = wanted;
    writeHash();
    await showQuestion();
    document.querySelector("#marks")?.focus({ preventScroll: true });
  };

  const reweigh = async (values) => {
    Weights.set(values);
    writeHash();
    Weights.show();
    Charts.redrawTotals();
    await showQuestion();
  };

  const keys = {
    ArrowDown: () => choose(view.position + 1), j: () => choose(view.position + 1),
    ArrowUp: () => choose(view.position - 1), k: () => choose(view.position - 1),
    PageDown: () => choose(view.position + 10), PageUp: () => choose(view.position - 10),
    Home: () => choose(0), End: () => choose(view.places.length - 1),
    ArrowRight: () => chooseSample(view.sample + 1), ArrowLeft: () => chooseSample(view.sample - 1),
    "/": () => { toSamples(); control("search").focus(); },
    Escape: () => change({ filter: "all", query: "" }),
  };
  const EVERYWHERE = ["j", "k", "/", "Escape"]; // the others move the page itself unless the list has the focus

  document.addEventListener("keydown", (event) => {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    const inReader = event.target.closest?.(".list, .tabs");
    const wanted = Object.hasOwn(keys, event.key) && (inReader || EVERYWHERE.includes(event.key));
    if (!wanted || event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== "Escape")) return;
    event.preventDefault();
    if (event.key === "Escape") control("list").focus({ preventScroll: true });
    keys[event.key]();
  });

  for (const button of document.querySelectorAll("[data-choose-pair]"))
    button.addEventListener("click", () => { change({ pair: Number(button.dataset.choosePair) }); showPair(); showCounts(); });
  for (const link of document.querySelectorAll("[data-jump]"))
    link.addEventListener("click", (event) => { event.preventDefault(); jump(link.dataset.jump); });
  for (const button of document.querySelectorAll("[data-filter]"))
    button.addEventListener("click", () => { change({ filter: button.dataset.filter, id: null }); toSamples(); });
  for (const button of document.querySelectorAll("[data-question]"))
    button.addEventListener("click", () => { change({ filter: "all", query: "", sample: 0, id: button.dataset.question }); toSamples(); });
  for (const input of document.querySelectorAll("[data-weight]"))
    input.addEventListener("input", () => {
      if (Number.isFinite(input.valueAsNumber)) reweigh(Weights.values().with(Number(input.dataset.weight), input.valueAsNumber));
    });
  for (const button of document.querySelectorAll("[data-reset]")) button.addEventListener("click", () => { reweigh(); control("weights-heading").scrollIntoView({ block: "nearest" }); });
  control("filter").addEventListener("change", (event) => change({ filter: event.target.value, id: null }));
  control("search").addEventListener("input", (event) => change({ query: event.target.value }));
  control("search").form.addEventListener("submit", (event) => event.preventDefault());
  control("list").addEventListener("scroll", () => requestAnimationFrame(() => Samples.list(view)));
  addEventListener("hashchange", () => {
    if (location.hash === "#samples") { toSamples(); return writeHash(); } // the skip link: a place on the page, not a state
    if (taskOf() !== task) return location.reload(); // the suite's page opens another, or itself
    readHash();
    Weights.show();
    showPair();
    showCounts();
    refresh();
  });

  readHash();
  Weights.show();
  showPair();
  await Samples.load();
  showCounts();
  await refresh();
  document.documentElement.dataset.ready = "true";
  await Charts.drawn();
  document.documentElement.dataset.drawn = "true";
})();
