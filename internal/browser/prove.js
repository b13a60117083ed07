// Waits in a page until it shows that somebody is signed in, or that nobody is.
//
// spec: {in: {selectors, texts}, out: {selectors, texts}, user, userMax}; limit:
// milliseconds. The answer: {in, out, user, url}; neither where the time is over.
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
  const look = () => {
    const out = all(spec.out.selectors).some(visible) || says(spec.out.texts);
    const shown = !out && (all(spec.in.selectors).length > 0 || says(spec.in.texts));
    const over = performance.now() - begun > limit;
    const done = document.readyState !== 'loading' && (out || (shown && (over || !spec.user.length || user())));
    if (!done && !over) return;
    clearInterval(timer);
    resolve({in: shown, out, user: shown ? user() : '', url: location.href.slice(0, 8192)});
  };
  const timer = setInterval(() => {
    try { look(); } catch (e) { clearInterval(timer); reject(e); } // a selector that the browser does not take
  }, 50);
})
