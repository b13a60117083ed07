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
  // What tells an element from others that look like it: what it, its row and its
  // form hand to the portal or to a script. What changes with each look at the page, or
  // says how it is drawn, is left out.
  const noise = /^(class|style|title|role|tabindex|target|rel|type|hidden|disabled|draggable|aria-.*|on(mouse|pointer|focus|blur|touch).*|data-(v-|test|cy$|qa$|track|ga-|analytics|toggle$|placement$|original-title$|react).*|_ng.*|ng-.*)$/i;
  const secret = /csrf|xsrf|token|nonce|viewstate|verification|eventvalidation/i;
  const attributes = (el, wanted) => [...el.attributes].filter((a) => wanted(a.name) && !noise.test(a.name) && !secret.test(a.name))
    .map((a) => a.name + '=' + a.value).sort().join('\n');
  const datum = (n) => n === 'id' || n.startsWith('data-');
  const hash = (text) => { // 53 bits: cyrb53
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      a = Math.imul(a ^ c, 2654435761);
      b = Math.imul(b ^ c, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  };
  // The part of the page that is one element's alone: its row, mostly.
  const rowOf = (el, counts) => {
    if (counts.size === 0 || counts.get(document.documentElement) === 1) {
      return el.closest('li,tr,[role=row],[role=listitem]') || el;
    }
    let row = el;
    while (row.parentElement && !(counts.get(row.parentElement) > 1)) row = row.parentElement;
    return row;
  };
  const ownOf = (el) => attributes(el, (n) => !spec.target.includes(n) || !target(el));
  const dataOf = (el, row, address) => {
    const parts = [ownOf(el), address];
    for (let up = el; up !== row && up.parentElement;) { up = up.parentElement; parts.push(attributes(up, datum)); }
    const form = el.form || el.closest('form');
    if (form && (form === row || row.contains(form))) {
      parts.push(form.getAttribute('action') || '');
      for (const i of form.querySelectorAll('input[type=hidden]')) if (!secret.test(i.name)) parts.push(i.name + '=' + i.value);
    }
    const all = parts.filter(Boolean).join('\n\n');
    return all && hash(all);
  };
  // An address that a script asks for otherwise than by following it, or that stands
  // at several elements with other data, is not the document's.
  const scripted = (el) => ['data-method', 'data-turbo-method', 'data-http-method'].some((n) => !/^(get)?$/i.test(el.getAttribute(n) || ''));
  const others = (a, b) => [...a.attributes].some(({name, value}) =>
    (name === 'onclick' || name.startsWith('data-')) && !noise.test(name) && b.hasAttribute(name) && b.getAttribute(name) !== value);
  const list = () => {
    const els = all(spec.links), set = new Set(els), near = new Set();
    const found = els.map((el) => ({el, url: target(el)}));
    for (const {el} of found) { // what frames another match
      for (let up = el.parentElement; up; up = up.parentElement) if (set.has(up)) { near.add(up); break; }
    }
    const inside = (el) => { for (let up = el.parentElement; up; up = up.parentElement) if (set.has(up)) return true; return false; };
    const urls = new Set(found.filter((f) => f.url).map((f) => f.el));
    const framesURL = (el) => [...urls].some((u) => u !== el && el.contains(u));
    const kept = found.filter(({el, url}) => url || !(inside(el) || (near.has(el) && framesURL(el))));
    const first = new Map(), unsure = new Set();
    for (const {el, url} of kept) {
      if (!url) continue;
      if (!first.has(url)) first.set(url, el);
      else if (others(first.get(url), el)) unsure.add(url);
    }
    const counts = new Map();
    for (const {el} of kept) for (let up = el; up; up = up.parentElement) counts.set(up, (counts.get(up) || 0) + 1);
    return kept.map(({el, url}) => {
      const click = !url || scripted(el) || unsure.has(url);
      const row = rowOf(el, counts);
      const text = row.textContent.replace(/\s+/g, ' ').slice(0, 500);
      return {el, own: ownOf(el), name: name(el, url), url: click ? '' : url, method: scripted(el),
        data: dataOf(el, row, click ? url : ''), text: click ? text : '', row: hash(text)};
    });
  };
  const items = () => {
    const found = list();
    globalThis.poactorItems = found;
    if (found.length > spec.itemsMax) return [];
    return found.map(({name, url, method, data, text, row}) => ({name, url: url.slice(0, spec.urlMax + 1), method, data, text, row}));
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
      out.items = items();
      out.count = globalThis.poactorItems.length;
      globalThis.poactorList = items; // for a list that is drawn anew
      globalThis.poactorStill = (index) => {
        const {el, name: was, own, url} = globalThis.poactorItems[index];
        return el.isConnected && ownOf(el) === own && (own !== '' || name(el, url) === was);
      };
      globalThis.poactorLinks = () => new Set(all(spec.links));
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
