// Which identifier of a user each column holds, before and after the migrations: a picture of the relations, and the same as tables.
const svg = (name, attributes = {}, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  return node;
};
const STAGES = ["before", "after"];
const heldWords = stage => {
  const held = Object.entries(stage.holds).map(([kind, rows]) => `${kind} (${number(rows)})`);
  return [held.join(" + ") || "nothing", stage.nobody ? `${number(stage.nobody)} of nobody` : "", stage.empty ? `${number(stage.empty)} empty` : ""].filter(Boolean).join(", ");
};
const relationPicture = (columns, kinds, when) => {
  const rows = columns.filter(f => f.stages[when]), high = 24, height = Math.max(rows.length, 2 * kinds.length) * high + 12;
  if (!rows.length) return null;
  const at = (place, of) => ((place + 0.5) * height) / of, cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const line = (f, place) => {
    const stage = f.stages[when], most = Math.max(1, ...Object.values(stage.holds));
    return Object.entries(stage.holds).map(([kind, n]) => svg("line", { x1: 300, y1: at(place, rows.length), x2: 470, y2: at(kinds.indexOf(kind), kinds.length),
      class: stage.agrees ? "agrees" : "apart", "stroke-width": 1 + (2 * n) / most, ...(stage.by === "foreign key" ? {} : { "stroke-dasharray": "5 4" }) }));
  };
  return el("figure", { class: "relations" }, el("figcaption", {}, when === "before" ? "Before the migrations" : "After the migrations"),
    svg("svg", { viewBox: `0 0 640 ${height}`, role: "img", "aria-label": `What each column holds ${when}: ${rows.map(f => `${f.column} ${heldWords(f.stages[when])}`).join("; ")}` }, rows.map(line),
      rows.map((f, place) => svg("text", { x: 292, y: at(place, rows.length) + 4, "text-anchor": "end" }, cut(f.column, 40))),
      kinds.map((kind, place) => svg("text", { x: 478, y: at(place, kinds.length) + 4 }, cut(kind, 22)))));
};
const mappings = figures => {
  const columns = figures.filter(f => f.stages), found = figures.filter(f => f.lookup);
  const kinds = [...new Set([...found.map(f => f.identifier), ...columns.flatMap(f => STAGES.flatMap(when => Object.keys(f.stages[when]?.holds ?? {})))])];
  const cost = lookup => (lookup ? `${plural(lookup.statements, "statement")}, ${lookup.found}, ${lookup.milliseconds} ms` : "–");
  const table = (title, names, rows) => (rows.length ? el("table", { class: "cards-on-narrow small" }, el("caption", {}, title), el("thead", {}, el("tr", {}, names.map(n => el("th", { scope: "col" }, n)))), el("tbody", {}, rows.map(row => el("tr", {}, row.map((value, at) => headed(names[at], value)))))) : null);
  return [el("div", { class: "rows" }, STAGES.map(when => relationPicture(columns, kinds, when))),
    table("What each column holds (a dashed line: by its values, without a foreign key)", ["column", "type", ...STAGES], columns.map(f => [f.column, STAGES.map(when => f.stages[when]?.type).filter(Boolean).at(-1), ...STAGES.map(when => (f.stages[when] ? heldWords(f.stages[when]) : "–"))])),
    table("What it costs to find a user", ["by", "column", ...STAGES], found.map(f => [f.identifier, f.column, ...STAGES.map(when => cost(f.lookup[when]))]))];
};
