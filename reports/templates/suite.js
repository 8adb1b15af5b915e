"use strict";
// A suite's page: each task's own page lies packed beside it and takes its place when the address names the task.
(() => {
  const named = () => new URLSearchParams(location.hash.slice(1)).get("task");

  const inflate = async (text) => {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  // The task's page needs the scripts that this one keeps for all of them; what it changes of the address keeps the task.
  const open = async (packed) => {
    const page = await inflate(packed.textContent);
    const scripts = [...document.querySelectorAll("script.shared")].map((one) => `<script>${one.textContent}</${"script"}>`);
    const end = page.lastIndexOf("</body>");
    document.open();
    document.write(page.slice(0, end) + scripts.join("") + page.slice(end));
    document.close();
  };

  const show = () => {
    const packed = [...document.querySelectorAll("script.task")].find((one) => one.dataset.task === named());
    if (packed) return open(packed);
    document.documentElement.dataset.ready = "true";
  };

  addEventListener("hashchange", show);
  show();
})();
