"use strict";
// The meaning of a word where it stands: on hover, at the focus, at a tap. Screen readers have it from the glossary,
// which describes the word; what floats here is for the eye alone.
(() => {
  const tip = document.getElementById("tip");
  let shown = null;

  const hide = () => { tip.hidden = true; shown = null; };

  const show = (term) => {
    shown = term;
    tip.textContent = document.getElementById(term.getAttribute("aria-describedby")).textContent;
    tip.hidden = false;
    const word = term.getBoundingClientRect(), box = tip.getBoundingClientRect();
    const below = word.bottom + 6 + box.height < innerHeight;
    tip.style.left = `${Math.max(8, Math.min(word.left, document.documentElement.clientWidth - box.width - 8))}px`;
    tip.style.top = `${below ? word.bottom + 6 : word.top - 6 - box.height}px`;
  };

  for (const term of document.querySelectorAll(".term")) {
    for (const event of ["mouseenter", "focus", "click"]) term.addEventListener(event, () => show(term));
    for (const event of ["mouseleave", "blur"]) term.addEventListener(event, hide);
  }
  addEventListener("scroll", () => shown && hide(), { passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown) return;
    event.stopPropagation(); // it closes this, and no filter
    hide();
  }, true);
})();
