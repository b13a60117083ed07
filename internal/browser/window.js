// Looks at a page of the window for signing in: for the portal's sign of a signed-in
// user, and for what a page says that refuses this browser. It runs in a world of its
// own, which the page's scripts do not see, and changes nothing.
//
// spec: see type windowSpec. The answer: see type windowLook.
(spec) => {
  const plain = (s) => s.replace(/[\u2018\u2019\u02bc]/g, "'").toLowerCase().replace(/\s+/g, ' ');
  const visible = (el) => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length > 0;
  const all = (selectors) => selectors.flatMap((s) => { try { return [...document.querySelectorAll(s)]; } catch { return []; } });
  const text = document.body ? plain(document.body.innerText) : '';
  const says = (texts) => texts.some((t) => text.includes(plain(t)));

  const look = {
    ready: document.readyState === 'complete',
    signedIn: all(spec.signedIn.selectors).length > 0 || says(spec.signedIn.texts),
    signedOut: all(spec.signedOut.selectors).some(visible) || says(spec.signedOut.texts),
    refused: spec.refusals.some((t) => text.includes(t)),
    origin: location.origin, items: [], tab: 0,
  };
  if (!spec.portal) return look; // another's page is read no further
  try { // a page may have no storage
    look.tab = sessionStorage.length;
    let size = 0;
    for (let i = 0; i < localStorage.length; i++) {
      const name = localStorage.key(i), value = localStorage.getItem(name) ?? '';
      size += name.length + value.length;
      if (size > spec.storageMax) break;
      look.items.push({name, value});
    }
  } catch {}
  return look;
}
