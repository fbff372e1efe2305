// Stands in for @clerk/ui where it is not installed, so that hooks and redirects work: Clerk's SDK waits for it before it begins.
// In the place of a component it says how to get the real ones.
(() => {
  const sentence = "clerk-harness: error: @clerk/ui is not installed, so Clerk's components cannot be shown: run `npm install --save-dev @clerk/ui`";
  const told = name => { console.error(`${sentence} (${name})`); return sentence; };
  const controls = {
    mountComponent: ({ name, node }) => { node.textContent = told(name); },
    unmountComponent: ({ node }) => { node.textContent = ""; },
    updateProps: () => {},
    openModal: name => { told(name); },
    closeModal: () => {},
    openDrawer: name => { told(name); },
    closeDrawer: () => {},
    prefetch: () => {},
    mountImpersonationFab: () => {},
  };
  window.__internal_ClerkUICtor = class {
    static version = "1.0.0";
    ensureMounted() { return Promise.resolve(controls); }
  };
})();
