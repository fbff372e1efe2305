// Search and filters, and the cells that match.
const PAGE = 100;
let form, results, showing = { shown: PAGE };
const choices = (name, label, values, words = value => value) => el("label", {}, label, el("select", { name }, el("option", { value: "" }, "all"), values.map(value => el("option", { value }, words(value)))));
const drawFilters = parent => {
  const kinds = ORDER.filter(kind => D.summary.verdicts[kind]), by = name => [...new Set(ROUTES.map(route => route[name]))].sort();
  form = el("form", { class: "filters card", "aria-label": "Filter the cells" },
    el("label", {}, "Search in routes, credentials and what was seen", el("input", { name: "q", type: "search" })),
    choices("verdict", "Verdict", kinds), choices("router", "Router", by("router")), choices("policy", "Policy", by("policy")),
    choices("group", "Credentials of", D.groups), choices("credential", "Credential", Object.keys(D.credentials)),
    choices("function", "Function that ran", [...new Set(D.causes.flatMap(cause => cause.functions))]),
    choices("method", "Method", [...new Set(ROUTES.map(route => route.route.split(" ")[0]))].sort()),
    el("button", { type: "reset" }, "Clear"));
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("input", () => { showing = { shown: PAGE }; writeAddress(filtered(wanted())); search(); });
  form.addEventListener("reset", () => setTimeout(() => { showing = { shown: PAGE }; writeAddress("#cells"); search(); }));
  results = el("div", { id: "results", "aria-live": "polite" });
  parent.append(form, results);
  late().then(L => {
    const at = D.shape.indexOf("functions"), field = form.elements.function, there = new Set([...field.options].map(option => option.value));
    const ran = new Set(L.shapes.flatMap(shape => L.texts[shape[at]].split(", ")));
    field.append(...[...ran].filter(name => !there.has(name)).sort().map(name => el("option", { value: name }, name)));
  });
};
const wanted = () => Object.fromEntries(FIELDS.map(name => [name, form.elements[name].value.trim()]));
/** Set the filters as an address has them; a value that is no choice (a function of a former run, say) becomes one. */
const setFilters = values => {
  for (const name of FIELDS) {
    const field = form.elements[name], value = values[name] ?? "";
    if (field.tagName === "SELECT" && ![...field.options].some(option => option.value === value)) field.append(el("option", { value }, value));
    field.value = value;
  }
  showing = { shown: PAGE };
};
const look = values => { location.hash = filtered(values); };
/** Whether a text that may be many times in the tables matches, worked out once for each number. */
const known = test => { const seen = new Map(); return n => { let found = seen.get(n); if (found === undefined) seen.set(n, (found = test(n))); return found; }; };
const matching = (L, want) => {
  const q = want.q.toLowerCase(), at = Object.fromEntries(D.shape.map((name, i) => [name, i])), text = n => L.texts[n] ?? "";
  const label = known(n => (!want.group || groupOf(text(n)) === want.group) && (!want.credential || text(n).split("@")[0] === want.credential || text(n) === want.credential));
  const shape = known(n => { const s = L.shapes[n]; return (!want.verdict || text(s[at.verdict]) === want.verdict) && (!want.function || text(s[at.functions]).split(", ").includes(want.function)); });
  const inLabel = known(n => text(n).toLowerCase().includes(q));
  const inShape = known(n => ["seen", "detail", "functions", "mechanism", "excerpt"].some(name => text(L.shapes[n][at[name]]).toLowerCase().includes(q)));
  const found = [];
  for (const route of ROUTES) {
    if ((want.router && route.router !== want.router) || (want.policy && route.policy !== want.policy) || (want.method && !route.route.startsWith(want.method + " "))) continue;
    const inRoute = !q || route.route.toLowerCase().includes(q) || route.endpoint.toLowerCase().includes(q), [labels, shapes] = L.cells[route.route];
    for (let c = 0; c < labels.length; c++) if (label(labels[c]) && shape(shapes[c]) && (inRoute || inLabel(labels[c]) || inShape(shapes[c]))) found.push([ORDER.indexOf(text(L.shapes[shapes[c]][at.verdict])), route, c]);
  }
  return found.sort((a, b) => a[0] - b[0]);
};
const resultRow = (L, route, c) => {
  const cell = cellAt(L, route, c);
  return el("tr", {}, el("td", {}, badge(cell.verdict)), headed("route", route.route, el("div", { class: "soft small" }, `${route.router} · ${route.policy}`)),
    headed("credential", el("a", { href: cellLink(route.route, cell.label) }, cell.label)), headed("expected", cell.expected), headed("seen", cell.seen, cell.functions ? el("div", { class: "soft small" }, "ran: " + cell.functions) : null));
};
let asked = 0;
const search = async () => {
  const mine = ++asked, want = wanted();
  if (!FIELDS.some(name => want[name])) { results.replaceChildren(el("p", { class: "soft" }, "Choose something, and the cells that match are listed here.")); return; }
  const L = await late();
  if (mine !== asked) return;
  const found = matching(L, want), body = el("tbody", {}, found.slice(0, showing.shown).map(([, route, c]) => resultRow(L, route, c)));
  const more = el("button", { type: "button", class: "no-print", onclick: () => { const from = showing.shown; showing.shown += 5 * PAGE; body.append(...found.slice(from, showing.shown).map(([, route, c]) => resultRow(L, route, c))); if (showing.shown >= found.length) more.remove(); } }, `Show ${5 * PAGE} more`);
  results.replaceChildren(el("p", {}, el("b", {}, plural(found.length, "cell")), found.length ? ", the gravest first." : " matches: clear a filter."),
    ...(found.length ? [el("table", { class: "cards-on-narrow" }, el("thead", {}, el("tr", {}, ["verdict", "route", "credential", "expected", "seen"].map(h => el("th", { scope: "col" }, h)))), body)] : []), ...(found.length > showing.shown ? [more] : []));
};
