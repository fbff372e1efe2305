// Elements, words and the two blocks of data.
const D = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page"), dialog = document.getElementById("evidence");

/** An element. Texts are always texts: nothing of a report is ever read as markup. */
const el = (name, attributes = {}, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
};
const ORDER = ["breach", "mixed", "fault", "lockout", "leak", "handler-error", "inconclusive", "hardening", "pass"];
const SIGNS = {
  pass: "✓", proven: "✓", supported: "✓", passed: "✓", in: "✓", out: "−", refuses: "✓", breach: "✗", broken: "✗", failed: "✗", FAILED: "✗",
  against: "✗", accepts: "✗", mixed: "⇄", lockout: "⊘", "kept-out": "⊘", fault: "!", "handler-error": "‼", leak: "◉", hardening: "△",
  inconclusive: "?", unknown: "?", none: "–", undeclared: "∅", stale: "∅", unreviewed: "✎", INCOMPLETE: "…", incomplete: "…", writes: "✎", declared: "≡", either: "±",
};
/** A verdict: told by colour, by sign and by word. */
const badge = (kind, text) => el("span", { class: "badge v-" + kind }, el("span", { "aria-hidden": "true" }, (SIGNS[kind] ?? "") + " "), text ?? kind);
const number = n => n.toLocaleString("en");
const plural = (n, word, words = word + "s") => `${number(n)} ${n === 1 ? word : words}`;
const few = (list, n) => (list.length > n ? `${list.slice(0, n).join(", ")} and ${number(list.length - n)} more` : list.join(", "));
const named = label => D.credentials[label.split("@")[0]];
const groupOf = label => named(label)?.group ?? "";
const worst = kinds => ORDER.find(kind => kinds.includes(kind)) ?? "none";
/** A mapping of names that a target chose: `__proto__` is one like the others. */
const bag = () => Object.create(null);
const add = (counts, kind, n) => { counts[kind] = (counts[kind] ?? 0) + n; return counts; };
const source = at => (at?.file ? `${at.file}${at.line ? ":" + at.line : ""}` : typeof at === "string" ? at : "");

/** Fill a `details` when it is first opened, or printed. */
const lazily = (box, make) => {
  let filled = false;
  box.fill = () => { if (!filled) { filled = true; box.append(...[make()].flat(Infinity).filter(Boolean)); } };
  box.addEventListener("toggle", () => box.open && box.fill());
  if (box.open) box.fill();
  return box;
};
const section = (id, title, ...children) => {
  const node = el("section", { id, "aria-labelledby": id + "-title" }, el("h2", { id: id + "-title", tabindex: "-1" }, title), ...children);
  page.append(node);
  return node;
};
/** A field of a table whose heads are not seen on a narrow page: it has its own there. */
const headed = (head, ...children) => el("td", { "data-head": head }, ...children);
/** A table that is wider than a narrow page scrolls by itself, also by keyboard. */
const wide = (label, table) => el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": label }, table);

// The cells: unpacked once, soon after the first picture.
const ROUTES = D.routers.flatMap(router => router.routes.map(route => ({ ...route, router: router.router })));
const BY_KEY = new Map(ROUTES.map(route => [route.route, route]));
const unpack = async () => {
  const packed = Uint8Array.from(atob(document.getElementById("late").textContent), sign => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
};
let unpacked = null;
const late = () => (unpacked ??= unpack());
/** One cell in words; `c` is its place in the route. */
const cellAt = (L, route, c) => {
  const [labels, shapes, times, repeats] = L.cells[route.route], shape = L.shapes[shapes[c]], label = L.texts[labels[c]];
  const cell = { route, label, ms: times[c], place: c, repeat: repeats[c] ?? `${D.again} --route "${route.route}" --credentials ${label}` };
  D.shape.forEach((name, i) => { cell[name] = name === "status" ? shape[i] : L.texts[shape[i]]; });
  return cell;
};
