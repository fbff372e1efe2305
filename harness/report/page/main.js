// Put together, and led by the address.
drawTop();
page.replaceChildren();
drawGlance();
drawCauses();
drawAccess();
drawCriteria();
drawMatrix();
drawContracts();
drawPolicies();
drawProvenance();
document.getElementById("contents").append(...[...page.querySelectorAll(":scope > section")].map(part => el("a", { href: "#" + part.id }, part.querySelector("h2").textContent)));

const show = node => { if (node) { node.scrollIntoView(); (node.querySelector("h2, summary") ?? node).focus({ preventScroll: true }); } };
const follow = async () => {
  const { place, values } = readAddress();
  if (place !== "cell" && dialog.open) dialog.close();
  if (place === "cell") await openCell(values);
  else if (place.startsWith("cause/")) {
    const box = document.getElementById("cause-" + place.slice(6));
    if (box) { box.open = true; box.fill(); show(box); }
  } else if (place === "cells") {
    setFilters(values);
    await search();
    (Object.keys(values).length ? form : document.getElementById("cells")).scrollIntoView();
  } else show(document.getElementById(place));
};
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => { for (const box of document.querySelectorAll("details")) { box.fill?.(); } for (const box of document.querySelectorAll("details")) box.open = true; });
search();
follow();
late().then(() => { document.body.dataset.ready = "yes"; }, () => {
  page.prepend(el("p", { class: "card alert", role: "alert" }, "This browser cannot unpack the cells (it has no DecompressionStream): a newer one can; auth-matrix.json has them all."));
});
