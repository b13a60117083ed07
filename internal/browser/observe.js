// Waits in a page until one of the portal's signs shows and, where that is a
// list, until the list is whole. It runs in a world of its own, so that the
// page's scripts can neither see it nor change what it calls.
//
// spec: see type spec; known: the sign that the HTTP status says, or '';
// limit: milliseconds. The answer: see type sighting.
(spec, known, limit) => new Promise((resolve) => {
  const begun = performance.now();
  const strong = ['signed_out', 'forbidden', 'not_found'];
  const plain = (s) => s.replace(/[\u2018\u2019\u02bc]/g, "'").toLowerCase();
  const flat = (s) => plain(s).replace(/\s+/g, ' ');
  const bare = (s) => plain(s).replace(/\s+/g, '');
  const all = (selectors) => selectors.length ? [...document.querySelectorAll(selectors.join(','))] : [];
  const visible = (el) => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length > 0;

  let timer = 0, due = Infinity, ended = false;
  let sign = '', since = 0, listed = '', waited = 0;

  for (const selector of spec.selectors) {
    try { document.createDocumentFragment().querySelector(selector); } catch {
      return resolve({sign: 'selector', detail: selector});
    }
  }

  // Texts. The visible text costs a layout, so it is asked for only where the
  // plain content has a phrase, and never for more than a tenth of the time.
  const phrases = {};
  for (const name in spec.signs) phrases[name] = (spec.signs[name].texts || []).map((t) => [flat(t), bare(t)]);
  let shown = {}, textDue = 0;
  const readTexts = (now) => {
    if (now < textDue || !document.body) return;
    shown = {};
    const raw = bare(document.body.textContent);
    let text = null;
    for (const name in phrases) {
      for (const [phrase, squeezed] of phrases[name]) {
        if (!raw.includes(squeezed)) continue;
        if (text === null) text = flat(document.body.innerText);
        if (text.includes(phrase)) shown[name] = true;
      }
    }
    textDue = now + 10 * (performance.now() - now);
  };

  const glob = (pattern, text) => {
    const source = pattern.split('*').map((p) => p.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('.*');
    return new RegExp('^' + source + '$', 's').test(text);
  };
  const atURL = (pattern) => {
    pattern = pattern.toLowerCase();
    const whole = location.href.toLowerCase();
    const seen = /[?#]/.test(pattern) ? whole : whole.split('#')[0].split('?')[0];
    return pattern.includes('*') ? glob(pattern, seen) : seen.includes(pattern);
  };

  const parsed = () => document.readyState !== 'loading';
  const shows = (name) => (known === name && parsed()) || shown[name] ||
    (spec.signs[name].urls || []).some(atURL) || all(spec.signs[name].selectors || []).some(visible);
  const hasLinks = () => spec.links.length > 0 && document.querySelector(spec.links.join(',')) !== null;
  const first = () => strong.find(shows) || (hasLinks() ? 'attachments' : shows('empty') ? 'empty' : '');

  // An attachment's target: the first attribute that holds an address of the
  // web. Addresses that only mean something to the page's scripts are clicked.
  const target = (el) => {
    for (const attribute of spec.target) {
      const value = (el.getAttribute(attribute) || '').trim();
      if (!value || /^(#|javascript:|about:|blob:|data:)/i.test(value)) continue;
      try { return new URL(value, document.baseURI).href; } catch { /* no address */ }
    }
    return '';
  };
  const words = (el) => (el.innerText || el.textContent || '').replace(/\s+/g, ' ').trim();
  const name = (el, address) => {
    for (const place of spec.name) {
      let value = '';
      if (place === 'text') value = words(el);
      else if (place !== 'url') value = (el.getAttribute(place) || '').trim();
      else if (address) {
        value = new URL(address).pathname.split('/').pop();
        try { value = decodeURIComponent(value); } catch { /* as it is */ }
      }
      if (value) return value.slice(0, spec.nameMax);
    }
    return '';
  };
  const list = () => {
    const els = all(spec.links), set = new Set(els), near = new Set();
    const found = els.map((el) => ({el, url: target(el)}));
    for (const {el} of found) { // what frames another match
      for (let up = el.parentElement; up; up = up.parentElement) if (set.has(up)) { near.add(up); break; }
    }
    const inside = (el) => { for (let up = el.parentElement; up; up = up.parentElement) if (set.has(up)) return true; return false; };
    const urls = new Set(found.filter((f) => f.url).map((f) => f.el));
    const framesURL = (el) => [...urls].some((u) => u !== el && el.contains(u));
    return found.filter(({el, url}) => url || !(inside(el) || (near.has(el) && framesURL(el))));
  };
  const signature = () => all(spec.links).map((el) => target(el) || el.textContent).join('\n');

  const supplier = () => {
    for (const selector of spec.supplier) {
      for (const el of document.querySelectorAll(selector)) {
        const value = words(el);
        if (value) return value.slice(0, spec.supplierMax);
      }
    }
    return '';
  };
  const fallback = () => {
    const address = (el) => /^https?:$/.test(el.protocol || '') && !(el.getAttribute('href') || '').startsWith('#') ? el.href : '';
    for (const el of all(spec.fallback.links || [])) if (address(el)) return address(el);
    const texts = (spec.fallback.texts || []).map(flat);
    if (texts.length) for (const el of document.querySelectorAll('a[href]')) {
      if (address(el) && texts.includes(flat(el.textContent).trim())) return address(el);
    }
    return '';
  };

  const finish = (answer) => {
    ended = true;
    watch.disconnect();
    clearTimeout(timer);
    clearInterval(pulse);
    const out = {sign: answer, url: location.href.slice(0, spec.urlMax), ready: document.readyState, supplier: '', fallback: '', items: [], count: 0};
    if (answer === 'attachments' || answer === 'empty') out.supplier = supplier();
    if (answer === 'empty') out.fallback = fallback();
    if (answer === 'attachments') {
      const items = list();
      out.count = items.length;
      globalThis.poactorItems = items.map((i) => i.el);
      if (items.length <= spec.itemsMax) out.items = items.map(({el, url}) => ({name: name(el, url), url: url.slice(0, spec.urlMax + 1)}));
    } else if (answer === 'timeout') {
      out.waiting = sign;
    }
    resolve(out);
  };

  // A page rests when it has drawn two frames since the last change of its list, has
  // nothing to do, asks for no other frame, and has no timer that is due soon: the
  // browser's idle time ends where the next of these begins. One that never rests is
  // calm when it has drawn three frames and found any time between them. On a busy
  // machine all that takes longer, as the next change would; a clock would not know.
  const restMS = 30;
  let rested = false, calm = false, resting = 0;
  const changed = (now) => {
    since = now;
    rested = calm = false;
    const mine = ++resting;
    const look = (drawn) => requestAnimationFrame(() => requestIdleCallback((deadline) => {
      if (ended || mine !== resting) return;
      rested = spec.rest && sign === 'attachments' && drawn > 1 && deadline.timeRemaining() >= restMS;
      calm = drawn === 3;
      if (rested || calm) step();
      else look(drawn + 1);
    }));
    look(1);
  };

  // The state while a list or its absence settles.
  const settle = (now) => {
    const over = sign === 'empty' ? strong.find(shows) : shows('signed_out') ? 'signed_out' : '';
    if (over) return finish(over);
    if (hasLinks() !== (sign === 'attachments') || (sign === 'empty' && !shows('empty'))) {
      sign = first();
      changed(now);
      if (strong.includes(sign)) return finish(sign);
      if (!sign) return;
    }
    const latest = sign === 'attachments' ? signature() : '';
    if (latest !== listed) { listed = latest; changed(now); }
    const quiet = now - since;
    const lacks = spec.supplier.length > 0 && quiet < spec.supplierWait && supplier() === '';
    const enough = spec.settle * (calm ? 1 : 10); // a page that is not drawn has its end too
    const settled = rested || quiet >= enough;
    if (settled && parsed() && !lacks) return finish(sign);
    later(settled ? 40 : Math.max(enough - quiet, 20));
  };
  const step = () => {
    if (ended) return;
    const now = performance.now();
    last = now;
    if (now - begun > limit) return finish(known && !sign ? known : 'timeout');
    readTexts(now);
    if (sign) return settle(now);
    sign = first();
    if (strong.includes(sign)) return finish(sign);
    if (!sign) return;
    changed(now);
    listed = sign === 'attachments' ? signature() : '';
    later(spec.settle);
  };
  const later = (ms) => {
    const at = performance.now() + ms;
    if (timer && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(() => { timer = 0; due = Infinity; step(); }, ms);
  };

  // A change is looked at at once, if the last look is 40 ms ago: a page that
  // never rests costs 25 looks a second.
  let last = -Infinity;
  const watch = new MutationObserver(() => later(Math.max(0, last + 40 - performance.now())));
  watch.observe(document, {childList: true, subtree: true, attributes: true, characterData: true});
  const pulse = setInterval(step, 250);
  step();
})
