"use strict";
// Sorting of the tables: a click on a heading, numbers from high to low first, names from a to z.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.firstElementChild.addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === (column ? "descending" : "ascending") ? -1 : 1;
    const sign = column ? -down : down;
    const value = (row) => {
      const text = row.cells[column].dataset.value;
      return text === undefined ? row.cells[column].textContent : Number(text);
    };
    const compare = (a, b) => {
      if (typeof a === "string") return sign * a.localeCompare(b, undefined, { numeric: true });
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // what is missing stands last
      return sign * (a - b);
    };
    const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]).sort((a, b) => compare(a[0], b[0]));
    table.tBodies[0].append(...rows.map((pair) => pair[1]));
    headings.forEach((one) => one.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
  }));
}
// Paper shows everything.
addEventListener("beforeprint", () => document.querySelectorAll("details.group").forEach((one) => { one.open = true; }));

// The map: the point nearest to the pointer tells what it is; a click keeps it, Escape lets it go.
const source = document.getElementById("plane-data");
if (source) {
  const data = JSON.parse(source.textContent);
  const [chart, points, card, ring] = ["chart", "points", "card", "ring"].map((id) => document.getElementById(id));
  const [width, height] = points.getAttribute("viewBox").split(" ").slice(2).map(Number);
  const layers = [...points.querySelectorAll("path")];
  const buttons = [...document.querySelectorAll(".groups button")];
  const REACH = 22; // CSS pixels
  let current = -1, pinned = false;

  const visible = (n) => !points.classList.contains("chosen") || layers[data.layer[n]].classList.contains("on");
  const pictureOf = (row) => {
    const shared = document.getElementById("t" + row);
    if (shared) return shared.getAttribute("href");
    return row in data.pictures ? "data:image/jpeg;base64," + data.pictures[row] : null;
  };
  const hide = () => {
    current = -1;
    pinned = false;
    card.hidden = true;
    card.classList.remove("pinned");
    ring.setAttribute("hidden", "");
  };
  const show = (n) => {
    current = n;
    ring.removeAttribute("hidden");
    ring.setAttribute("cx", data.x[n]);
    ring.setAttribute("cy", data.y[n]);
    const picture = document.getElementById("card-picture"), href = pictureOf(data.row[n]);
    if (href) picture.src = href; else picture.removeAttribute("src");
    document.getElementById("card-caption").textContent = data.caption[n];
    document.getElementById("card-group").textContent = data.group[n] === data.caption[n] ? "" : data.group[n];
    card.hidden = false;
    const scale = points.clientWidth / width, x = data.x[n] * scale, y = data.y[n] * scale;
    const left = x + 16 + card.offsetWidth > chart.clientWidth ? x - 16 - card.offsetWidth : x + 16;
    card.style.left = Math.max(0, left) + "px";
    card.style.top = Math.max(0, Math.min(y - 20, chart.clientHeight - card.offsetHeight)) + "px";
  };
  const nearest = (event) => {
    const box = points.getBoundingClientRect(), scale = width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    let best = -1, least = (REACH * scale) ** 2;
    for (let n = 0; n < data.x.length; n++) {
      const far = (data.x[n] - x) ** 2 + (data.y[n] - y) ** 2;
      if (far < least && visible(n)) [best, least] = [n, far];
    }
    return best;
  };
  const speak = () => {
    document.getElementById("spoken").textContent = current < 0 ? "" : [...new Set([data.caption[current], data.group[current]])].join(", ");
  };
  points.addEventListener("pointermove", (event) => {
    if (pinned || event.pointerType === "touch") return;
    const n = nearest(event);
    if (n < 0) hide(); else if (n !== current) show(n);
  });
  points.addEventListener("pointerleave", () => { if (!pinned) hide(); });
  points.addEventListener("click", (event) => {
    const n = nearest(event), again = pinned && n === current;
    hide();
    if (n >= 0 && !again) {
      show(n);
      pinned = true;
      card.classList.add("pinned");
      speak();
    }
  });
  const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  points.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { hide(); return; }
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = current < 0 ? [width / 2, height / 2] : [data.x[current], data.y[current]];
    let best = current, least = Infinity;
    for (let n = 0; n < data.x.length; n++) {
      if (n === current || !visible(n)) continue;
      const dx = data.x[n] - x, dy = data.y[n] - y;
      const along = dx * step[0] + dy * step[1], aside = Math.abs(dx * step[1]) + Math.abs(dy * step[0]);
      const cost = current < 0 ? dx * dx + dy * dy : along + 2 * aside; // aside counts double: keep the direction
      if ((current < 0 || along > 0.5) && cost < least) [best, least] = [n, cost];
    }
    if (best >= 0) {
      show(best);
      pinned = true;
      card.classList.add("pinned");
      speak();
    }
  });
  buttons.forEach((button, n) => button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    layers[n].classList.toggle("on", on);
    points.classList.toggle("chosen", buttons.some((one) => one.getAttribute("aria-pressed") === "true"));
    hide();
  }));
}
