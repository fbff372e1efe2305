// What a reader asks first.
const S = D.summary, G = D.glance ?? {};
const outcome = D.complete === false ? "INCOMPLETE" : D.passed ? "passed" : "FAILED";
const PART = D.part || D.narrowed || "";
const sound = PART ? "Every cell of this part is as declared; the rest of the matrix was not run." : "Every cell is as declared, and nothing was left out that was to be proven.";
const reach = () => {
  const routes = new Set(D.causes.flatMap(cause => cause.routes)), routers = new Set(D.causes.flatMap(cause => cause.routers));
  if (!D.causes.length) return D.passed ? sound : "Nothing was found, but not all is known: see what was not examined.";
  return `${plural(D.causes.length, "cause")} on ${plural(routes.size, "route")} of ${plural(routers.size, "router")}.`;
};
const drawTop = () => {
  document.getElementById("top").replaceChildren(
    el("h1", {}, "Auth matrix ", badge(outcome, PART ? `${outcome} (a part)` : outcome), el("span", { class: "small soft", style: "font-weight:400" }, reach())),
    el("p", { class: "soft small" }, `${D.target.app ?? ""} · ${D.generated.replace("T", " ")} · clerk-harness ${D.harness} · ${D.seconds.toFixed(1)} s · ${plural(S.cells, "cell")} of ${number(S.planned)} judged on ${plural(S.routes, "route")} of ${plural(S.routers, "router")} · `,
      D.evidence === "probe" ? "seen by a probe inside the target" : "judged from outside, without a probe"));
};
const figures = () => el("div", { class: "figures" }, Object.entries(S.verdicts).map(([kind, n]) =>
  el("a", { href: filtered({ verdict: kind }), title: D.meaning[kind] ?? "as declared" }, badge(kind, `${number(n)} ${kind}`))));
const card = (title, id, ...children) => el("section", { class: "card", "aria-labelledby": "card-" + id }, el("h3", { id: "card-" + id }, title), ...children);
const long = (label, ...children) => el("div", { class: "long", tabindex: "0", role: "group", "aria-label": label }, ...children);

const OLD = { accepts: ["takes it, and must not", "take it, and must not"], unknown: ["not known", "not known"], declared: ["takes it, as its policy says", "take it, as their policy says"], refuses: ["refuses it", "refuse it"] };
const oldToken = () => {
  const old = G.old_token ?? {};
  const lines = Object.entries(OLD).map(([kind, words]) => {
    const routers = Object.entries(old[kind] ?? {});
    if (!routers.length) return null;
    const routes = routers.reduce((sum, [, n]) => sum + n, 0);
    return el("li", {}, badge(kind, `${plural(routers.length, "router")} ${words[routers.length === 1 ? 0 : 1]}`), el("span", { class: "small soft" }, ` ${plural(routes, "route")}: `),
      el("span", { class: "small" }, routers.map(([name, n], i) => [i ? ", " : "", el("a", { href: filtered({ router: name, group: "legacy" }) }, name), ` ${n}`])));
  });
  return card("Who still takes the old token?", "old", long("Routers by the old token", el("ul", {}, lines), lines.some(Boolean) ? null : el("p", {}, "No protected route was tried.")));
};
const publicRoutes = () => {
  const list = G.public ?? [], writing = list.filter(r => r.writes), stray = list.filter(r => !r.declared);
  return card("What is public?", "public",
    el("p", {}, plural(list.length, "route"), writing.length ? `, ${number(writing.length)} of which ${writing.length === 1 ? "writes" : "write"}` : "", stray.length ? el("b", {}, `, ${number(stray.length)} against the policy`) : "", "."),
    long("Public routes", el("ul", {}, list.map(r => el("li", { class: "small" }, r.declared ? null : [badge("breach", "must not be"), " "], r.writes ? [badge("writes"), " "] : null,
      el("a", { href: cellLink(r.route, "missing") }, r.route), el("span", { class: "soft" }, ` ${r.router}`))))));
};
const whoGoes = () => {
  const counts = bag();
  for (const line of G.access ?? []) for (const [who, state] of Object.entries(line.who)) add((counts[who] ??= bag()), state, 1);
  return card("Who may go where?", "who", long("Who may go where, in figures", el("ul", {}, Object.entries(counts).map(([who, states]) => el("li", { class: "small" }, el("b", {}, who), " ",
    Object.keys(STATES).filter(state => states[state]).map(state => [badge(state, `${number(states[state])} ${STATES[state].short}`), " "]))))),
    el("p", { class: "small" }, el("a", { href: "#access" }, "by router and route")));
};
const criteriaCard = () => card("Do the criteria hold?", "criteria", long("Criteria", el("ul", {}, D.criteria.map(c => {
  const kind = c.state === "not examined" ? "none" : c.state;
  return el("li", { class: "small" }, badge(kind, c.state), " ", c.text, el("span", { class: "soft one-line", title: c.reason }, c.reason));
}))), el("p", { class: "small" }, el("a", { href: "#criteria" }, "with what proves them")));
const notExamined = () => {
  const list = G.unexamined ?? [];
  return card("What was not examined?", "unexamined", list.length ? long("What was not examined", el("ul", {}, list.map(u => el("li", { class: "small" },
    el("b", {}, u.count ? number(u.count) + " " : ""), u.verdict ? el("a", { href: filtered({ verdict: u.verdict }) }, u.text) : u.text)))) : el("p", {}, "All that was to be examined was."));
};
const gravest = () => card("What is the gravest cause?", "gravest", D.causes.length ? long("The gravest causes", el("ul", {}, D.causes.slice(0, 5).map(c => el("li", { class: "small" }, badge(c.verdict), " ", el("a", { href: causeLink(c.id) }, c.title)))),
  D.causes.length > 5 ? el("p", { class: "small" }, el("a", { href: "#causes" }, `and ${plural(D.causes.length - 5, "more", "more")}`)) : null) : el("p", {}, "Nothing was found."));

const drawGlance = () => {
  section("glance", "At a glance",
    D.complete === false ? el("div", { class: "card alert", role: "alert" }, el("b", {}, "This run is incomplete: "), D.incomplete + ". What was not judged is not known.") : null,
    PART ? el("div", { class: "card" }, el("b", {}, "Only a part of the matrix was run: "), PART) : null,
    figures(),
    el("div", { class: "glance" }, gravest(), oldToken(), publicRoutes(), whoGoes(), criteriaCard(), notExamined()),
    S.notes.map(note => el("p", { class: "small" }, el("b", {}, "Note: "), note + ".")),
    S.blocked_hosts.length ? el("p", { class: "small" }, el("b", {}, "The target tried to leave the machine and was refused: "), el("code", {}, S.blocked_hosts.join(", "))) : null);
};
