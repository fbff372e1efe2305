// One cause, said once: what it is, how far it reaches, what to change, how to repeat it.
const DOCS = "docs/";
const needed = cause => { const first = cause.credentials.map(named).find(c => c?.needs); return first ? `${D.attackers[first.needs] ?? first.needs} (${first.because})` : ""; };
const entry = (term, ...text) => (text.flat().some(Boolean) ? [el("dt", {}, term), el("dd", {}, ...text)] : []);
const routeList = cause => {
  const byRouter = bag();
  for (const key of cause.routes) (byRouter[BY_KEY.get(key)?.router ?? ""] ??= []).push(key);
  const label = cause.credentials[0];
  return Object.entries(byRouter).map(([router, keys]) => el("li", {}, el("b", {}, router || "no router"), ": ", keys.map((key, i) =>
    [i ? ", " : "", label && BY_KEY.has(key) ? el("a", { href: cellLink(key, label) }, key) : key, source(BY_KEY.get(key)?.source) ? el("span", { class: "soft small" }, ` ${source(BY_KEY.get(key).source)}`) : ""])));
};
const causeBody = cause => [
  el("dl", {},
    entry("Means", D.meaning[cause.verdict] ?? "a check of a contract that does not hold"),
    entry("Function", cause.functions.map((name, i) => [i ? ", " : "", el("code", {}, name)])),
    entry("Where", (cause.locations ?? []).map(source).filter(Boolean).map(at => el("div", {}, el("code", {}, at)))),
    entry("What to change", cause.remedy ? `${cause.remedy} ` : "", cause.page ? el("span", { class: "soft" }, `(${DOCS}${cause.page})`) : ""),
    entry("An attacker needs", cause.verdict === "breach" || cause.verdict === "mixed" ? needed(cause) : ""),
    entry("Weakness", [cause.cwe, cause.source].filter(Boolean).join("; ")),
    entry("Cells", cause.cells ? [el("a", { href: filtered(causeFilter(cause)) }, plural(cause.cells, "cell")), cause.dependents ? ["; ", el("a", { href: filtered({ verdict: "inconclusive" }) }, `${plural(cause.dependents, "cell")} more`), " prove nothing until it is mended"] : ""] : ""),
    entry("Credentials", cause.credentials.length ? few(cause.credentials, 12) : "")),
  cause.routes.length ? el("details", { open: cause.routes.length <= 8 }, el("summary", {}, plural(cause.routes.length, "route")), el("ul", { class: "small" }, routeList(cause))) : null,
  contractStory(cause),
  cause.repeat ? [el("p", {}, "Repeat: "), el("pre", {}, cause.repeat)] : null,
  el("p", { class: "small" }, el("a", { href: causeLink(cause.id) }, "Link to this cause"), el("span", { class: "soft" }, ` ${cause.id}`)),
];
const causeFilter = cause => ({ verdict: cause.verdict, router: cause.routers.length === 1 ? cause.routers[0] : "", function: cause.functions[0] ?? "", credential: cause.credentials.length === 1 ? cause.credentials[0] : "" });
const contractStory = cause => {
  const check = cause.contract && D.contracts.find(c => c.contract === cause.contract && c.name === cause.check);
  return check ? story(check) : null;
};
const drawCauses = () => section("causes", `Causes: ${D.causes.length}`,
  D.causes.length ? el("p", { class: "soft" }, "The gravest first. Each is one thing to mend, however many cells it shows in.") : el("p", {}, D.passed ? `Nothing was found. ${sound}` : "Nothing was found in what was judged."),
  D.causes.map((cause, i) => lazily(el("details", { class: "card", id: "cause-" + cause.id, open: i === 0 }, el("summary", {}, badge(cause.verdict), " ", cause.title)), () => causeBody(cause))),
  D.summary.verdicts.hardening ? el("p", {}, badge("hardening"), ` ${D.meaning.hardening}: `, el("a", { href: filtered({ verdict: "hardening" }) }, plural(D.summary.verdicts.hardening, "cell"))) : null);
