// Waits in a page until it shows that somebody is signed in, or that nobody is.
//
// spec: {away, in: {selectors, texts}, out: {selectors, texts}, outAfter, user, userMax}; limit
// and outAfter, for which a page must ask for a sign-in until that counts, in
// milliseconds. The answer: {in, out, user, url}; neither where the time is over, or
// where the page is whole and has not changed for a good while. away: the page is not the
// portal's, so that nobody is signed in there, and any field asks for a sign-in.
(spec, limit) => new Promise((resolve, reject) => {
  const begun = performance.now();
  const flat = (s) => s.replace(/[‘’ʼ]/g, "'").toLowerCase().replace(/\s+/g, ' ');
  const visible = (el) => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length > 0;
  const all = (selectors) => selectors.length ? [...document.querySelectorAll(selectors.join(','))] : [];
  const says = (texts) => {
    if (!texts.length || !document.body) return false;
    const text = flat(document.body.innerText);
    return texts.some((t) => text.includes(flat(t)));
  };
  const words = (el) => (el.innerText || el.textContent || el.value || '').replace(/\s+/g, ' ').trim();
  const user = () => {
    for (const selector of spec.user) for (const el of all([selector])) {
      if (words(el)) return words(el).slice(0, spec.userMax);
    }
    return '';
  };
  const fields = ['input:not([type=hidden], [type=submit], [type=button])'];
  let size = -1, changed = begun; // of the page, and since when it has it
  let asked = Infinity; // since when the page asks for a sign-in
  const look = () => {
    const asks = all(spec.out.selectors).some(visible) || says(spec.out.texts) || (spec.away && all(fields).some(visible));
    asked = asks ? Math.min(asked, performance.now()) : Infinity;
    const out = performance.now() - asked >= spec.outAfter;
    const shown = !asks && !spec.away && (all(spec.in.selectors).length > 0 || says(spec.in.texts));
    const now = performance.now();
    if (document.readyState !== 'complete' || document.documentElement.outerHTML.length !== size) {
      [size, changed] = [document.documentElement.outerHTML.length, now];
    }
    const over = now - begun > limit || (!asks && now - changed > 10000);
    const done = document.readyState !== 'loading' && (out || (shown && (over || !spec.user.length || user())));
    if (!done && !over) return;
    clearInterval(timer);
    resolve({in: shown, out, user: shown ? user() : '', url: location.href.slice(0, 8192)});
  };
  const timer = setInterval(() => {
    try { look(); } catch (e) { clearInterval(timer); reject(e); } // a selector that the browser does not take
  }, 50);
})
