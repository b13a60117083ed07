// Waits in a page until one of the portal's signs shows and, where that is a
// list, until the list is whole as far as the page shows it. It runs in a world of
// its own, so that the page's scripts can neither see it nor change what it calls.
//
// spec: see type spec; known: the sign that the HTTP status says, or '';
// limit: milliseconds; number: the order's, where the page must prove that it is
// its own, or ''. The answer: see type observation.
(spec, known, limit, number) => new Promise((resolve) => {
  const begun = performance.now();
  const strong = ['signed_out', 'forbidden', 'not_found', 'error'];
  const plain = (s) => s.replace(/[\u2018\u2019\u02bc]/g, "'").toLowerCase();
  const flat = (s) => plain(s).replace(/\s+/g, ' ');
  const bare = (s) => plain(s).replace(/\s+/g, '');
  const escaped = (s) => s.replace(/[.*+?^${}()|[\]\\\/]/g, '\\$&');
  const visible = (el) => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length > 0;

  let timer = 0, due = Infinity, ended = false;
  let sign = '', since = 0, listed = '', settledAt = 0;

  const selectors = [...spec.selectors, ...spec.identity.selectors.map((s) => s.replaceAll('{number}', '0'))];
  for (const selector of selectors) {
    try { document.createDocumentFragment().querySelector(selector); } catch {
      return resolve({sign: 'selector', detail: selector});
    }
  }

  // The page, and the frames in it that the definition names.
  let closedFrame = false; // one of them is of another origin
  const pages = () => {
    const list = [document];
    closedFrame = false;
    if (spec.frames.length) for (const frame of document.querySelectorAll(spec.frames.join(','))) {
      if (frame.contentDocument) list.push(frame.contentDocument);
      else closedFrame = true;
    }
    return list;
  };
  // The addresses of the frames whose documents may change the list: those that are
  // named, and those that are there for the page's script alone.
  const working = () => [...document.querySelectorAll('iframe, frame')]
    .filter((frame) => frame.src && (!visible(frame) || spec.frames.some((s) => frame.matches(s)))).map((frame) => frame.src.slice(0, spec.urlMax));
  const all = (selectors) => selectors.length ? pages().flatMap((d) => [...d.querySelectorAll(selectors.join(','))]) : [];

  // Texts. The visible text costs a layout, so it is asked for only where the
  // plain content has a phrase, and never for more than a tenth of the time, but for
  // the last look: what is said by then counts.
  const marks = {...spec.signs, complete: spec.complete, incomplete: spec.incomplete};
  const phrases = {};
  for (const name in marks) phrases[name] = (marks[name].texts || []).map((t) => {
    const phrase = flat(t);
    return {phrase: t, squeezed: bare(t), found: (text) => text.includes(phrase)};
  });
  // An order's number counts only whole: 1001 is not in 11001, and is in PO1001.
  const whole = (phrase) => {
    const n = escaped(plain(number)), edge = (c) => /\d/.test(c) ? '\\d' : /\p{L}/u.test(c) ? '\\p{L}' : '';
    const before = edge(number.at(0)), after = edge(number.at(-1));
    const middle = (before && `(?<!${before})`) + n + (after && `(?!${after})`);
    return new RegExp(flat(phrase).split('{number}').map(escaped).join(middle), 'u');
  };
  if (number) phrases.identity = spec.identity.texts.map((t) => {
    const pattern = whole(t);
    return {phrase: t, squeezed: bare(t.split('{number}')[0]), found: (text) => pattern.test(text)};
  });
  let shown = {}, textDue = 0, unread = true; // the page has changed since its texts were read
  const readTexts = (now, anyway) => {
    if ((now < textDue && !anyway) || !document.body) return;
    shown = {};
    unread = false;
    const bodies = pages().map((d) => d.body).filter((b) => b);
    const raw = bodies.map((b) => bare(b.textContent)).join('\n');
    let text = null;
    for (const name in phrases) {
      for (const {phrase, squeezed, found} of phrases[name]) {
        if (!raw.includes(squeezed)) continue;
        if (text === null) text = bodies.map((b) => flat(b.innerText)).join('\n');
        if (found(text)) shown[name] ||= {phrase};
      }
    }
    textDue = now + 10 * (performance.now() - now);
  };

  const glob = (pattern, text) => {
    const source = pattern.split('*').map(escaped).join('.*');
    return new RegExp('^' + source + '$', 's').test(text);
  };
  const atURL = (pattern) => {
    pattern = pattern.toLowerCase();
    const whole = location.href.toLowerCase();
    const seen = /[?#]/.test(pattern) ? whole : whole.split('#')[0].split('?')[0];
    return pattern.includes('*') ? glob(pattern, seen) : seen.includes(pattern);
  };

  // A page is parsed when the scripts that it has deferred have run too.
  // Another company's, which may never come, are given some seconds.
  const elsewhereMS = 5000;
  const parsed = () => {
    if (document.readyState === 'loading') return false;
    if (performance.getEntriesByType('navigation')[0]?.domContentLoadedEventEnd !== 0) return true;
    if (performance.now() - begun < elsewhereMS) return false;
    return [...document.querySelectorAll('script[src][defer], script[src][type=module]')]
      .every((s) => performance.getEntriesByName(s.src).length > 0 || !sameHost(s.src));
  };
  const sameHost = (address) => { try { return new URL(address).hostname === location.hostname; } catch { return false; } };
  const marked = (name) => shown[name] || all(marks[name].selectors || []).some(visible);
  const shows = (name) => (known === name && parsed()) || (spec.signs[name].urls || []).some(atURL) || marked(name);
  // What signs the user out is no document, whatever it is called, and is never asked for.
  const signsOut = (el) => {
    try { return signOutPath.test(new URL(el.getAttribute('href') ?? '', el.baseURI).pathname); } catch { return false; }
  };
  const signOutPath = /\/(log-?_?out|sign-?_?out|log-?_?off|sign-?_?off|sessions?\/(destroy|end|delete))\/?$/i;
  const links = () => all(spec.links).filter((el) => !signsOut(el));
  const hasLinks = () => links().length > 0;
  const first = () => strong.find(shows) || (hasLinks() ? 'attachments' : shows('empty') ? 'empty' : '');

  // An attachment's target: the first attribute that holds an address of the
  // web. Addresses that only mean something to the page's scripts are clicked.
  const target = (el) => {
    for (const attribute of spec.target) {
      const value = (el.getAttribute(attribute) || '').trim();
      if (!value || /^(#|javascript:|about:|blob:|data:)/i.test(value)) continue;
      try { return new URL(value, el.baseURI).href; } catch { /* no address */ }
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
  const nearby = (el) => (el.closest('li, tr, [role=row], [role=listitem]') || el).textContent.slice(0, 500);
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
    const els = links(), set = new Set(els), near = new Set();
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
      return {el, own: ownOf(el), near: nearby(el), name: name(el, url), url: click ? '' : url, method: scripted(el),
        data: dataOf(el, row, click ? url : ''), text: click ? text : '', row: hash(text)};
    });
  };
  // What is handed over of an item, whose place in the list is its handle.
  const handedOver = ({name, url, method, data, text, row}) => ({name, url: url.slice(0, spec.urlMax + 1), method, data, text, row});
  const handOver = (items) => {
    globalThis.poactorItems = items;
    return items.length > spec.itemsMax ? [] : items.map(handedOver);
  };
  const signature = () => links().map((el) => target(el) || el.textContent).join('\n');

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

  // Whose page it is: proved by a text, by an element that is there for this number
  // alone, or by one that has the number in it.
  const proved = () => {
    if (!number || spec.identity.selectors.length + spec.identity.texts.length === 0 || shown.identity) return true;
    const pattern = whole('{number}');
    return spec.identity.selectors.some((selector) => {
      const own = selector.includes('{number}');
      if (own) selector = selector.replaceAll('{number}', CSS.escape(number));
      return all([selector]).some((el) => visible(el) && (own || pattern.test(flat(words(el) + ' ' + (el.value || '')))));
    });
  };

  // What has been listed and tried stays known from one look at the page to the next.
  const seen = globalThis.poactorSeen ||= {gathered: new Map(), latest: [], buttons: new WeakSet(), fruitless: 0, end: '', step: null};

  // An item's key: its address, or its name and data, and how many have the same.
  const keys = (items) => {
    const times = new Map();
    return items.map(({name, url, data}) => {
      if (url) return url.split('#')[0];
      const key = name + '\n' + data;
      times.set(key, (times.get(key) || 0) + 1);
      return key + '\n' + times.get(key);
    });
  };
  // What is listed in all, by key, with what was listed before our own steps: a list
  // that shows another part of itself since then (a next page, rows that come and go
  // as it is scrolled) has both; one that has grown has only what it shows.
  const union = (items) => {
    const now = keys(items), named = items.map((item, i) => ({key: now[i], name: item.name, item: handedOver(item)}));
    const called = ({name, item}) => name + '\n' + item.url.split(/[?#]/)[0]; // what signs an address may differ
    const unmatched = named.map(called);
    const grown = seen.latest.every((was) => { const i = unmatched.indexOf(called(was)); if (i >= 0) unmatched.splice(i, 1); return i >= 0; });
    const sum = new Map(seen.gathered);
    if (grown) for (const {key} of seen.latest) sum.delete(key);
    for (const item of named) sum.set(item.key, item);
    return {sum, named};
  };
  const counted = () => {
    const numbers = all(spec.count).filter(visible).flatMap((el) => (words(el).match(/\d+/g) || []).map(Number));
    return numbers.length ? Math.max(...numbers) : -1;
  };

  // Around the list: the largest part of the page that has the whole list in it and
  // at most one heading. What is said there is said of the list.
  const around = (els) => {
    let top = els[0];
    while (top && !els.every((el) => top.contains(el))) top = top.parentElement;
    if (!top) return null; // in several frames
    const rows = new Set();
    for (let el of els) {
      while (el !== top && el.parentElement !== top) el = el.parentElement;
      if (el !== top || els.length > 1) rows.add(el);
      else rows.add(el.closest('li, tr, [role=listitem], [role=row]') || el);
    }
    const headings = (el) => el.querySelectorAll('h1, h2, h3, h4, h5, h6, legend, [role=heading]').length;
    let region = top;
    for (let i = 0; i < 6 && region.parentElement && region !== top.ownerDocument.body; i++) {
      if (region !== top && /^(SECTION|ARTICLE|FIELDSET|DIALOG|DETAILS|MAIN)$/.test(region.tagName)) break;
      if (headings(region.parentElement) > 1) break;
      region = region.parentElement;
    }
    return {region, rows};
  };
  // The text around the list, line by line, without that of its rows, whose names may
  // say anything.
  const said = ({region, rows}) => {
    let text = '';
    const walk = (el) => {
      const line = /^inline/.test(getComputedStyle(el).display) ? ' ' : '\n';
      text += line;
      for (const node of el.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) text += node.data.replace(/\s+/g, ' ');
        else if (rows.has(node)) text += '\n';
        else if (node.nodeType === Node.ELEMENT_NODE && !/^(SCRIPT|STYLE|TEMPLATE|OPTION)$/.test(node.tagName) && visible(node)) walk(node);
      }
      text += line;
    };
    walk(region);
    return text.replace(/ +/g, ' ').replace(/\s*\n\s*/g, '\n').slice(0, 20000).toLowerCase();
  };
  const things = '(?:attachments?|files?|documents?|anhänge|anlagen|dateien|dokumente|pi[eè]ces jointes|fichiers|archivos|adjuntos|documentos|anexos|arquivos|ficheiros|allegati|documenti|bijlagen|bestanden|documenten)';
  const many = '(?:attachments|files|documents|anhänge|anlagen|dateien|dokumente|pi[eè]ces jointes|fichiers|archivos|adjuntos|documentos|anexos|arquivos|ficheiros|allegati|documenti|bijlagen|bestanden|documenten)';
  const ofTotal = new RegExp(`(?<![\\d\\/.,-])(?:(\\d+) ?(?:[-–—]|to|bis|a|à|al|até|tot) ?)?(\\d+) ?(?:of|von|de|sur|di|van|av|\\/) ?(\\d+)(?= ?(?:${things}|items?|entries|results?|rows?|records?|einträgen?|resultados|résultats|elementi|[,;)\\n]|\\.(?!\\p{L})|$))(?![\\d\\/.,-]*\\d)`, 'gu');
  const total = new RegExp(`(?<![\\p{L}])${many}(?: ?:? ?|\\s*[(\\[]\\s*)(\\d{1,4})\\s*[)\\]]?(?![\\d.,:/-]*\\s*(?:[\\dkmg]i?b\\b|%|\\d))|(?<!(?:max\\.?|up to|maximum|at most|limit:?|limit of|bis zu|höchstens)\\s*|[\\d.,:/-] ?)(\\d{1,4}) ${many}(?![\\p{L}])`, 'gu');
  const pageOf = /(?<!\p{L})(?:page|seite|página|pagina|strona) (\d+) ?(?:of|von|de|sur|di|van|z|\/) ?(\d+)(?![\d\/.,-])/gu;
  const andMore = /(?:\+|\band|\bund|\bet|\by|\be|\ben)\s*(\d+)\s*(?:more|weitere|de plus|más|mais|altri|meer)\b/;
  // Why what is said around a list of n documents does not fit, or ''.
  const contradicted = (items, n) => {
    const place = around(items.map((i) => i.el));
    if (!place) return '';
    const text = said(place);
    for (const [what, from, shownTo, of] of text.matchAll(ofTotal)) if (+of > n && (from || +shownTo === n)) return what;
    for (const [what, after, before] of text.matchAll(total)) if (+(after || before) > n) return what;
    for (const [what, page, pages] of text.matchAll(pageOf)) if (+page < +pages) return what;
    const rest = andMore.exec(text);
    return rest ? rest[0] : '';
  };

  // What brings up the rest of a list: what the definition names, else a button near
  // the list that says so.
  const moreWords = new RegExp('^(?:' + [
    `(?:load|show|view|see|display|fetch)(?: the| me)?(?: all| more| rest| remaining| next| \\+?\\d+)+(?: of \\d+)?(?: more)?(?: ${things}| items?| results?| entries| rows?| records?)?`,
    `\\+? ?\\d+ more(?: ${things}| items?)?`, `more ${things}`,
    `(?:alle|alles|mehr|weitere|(?:die )?restlichen|\\d+ weitere)(?: \\d+)?(?: ${things}| einträge)? (?:anzeigen|laden|einblenden|ansehen)`,
    `(?:afficher|voir|charger) (?:tout|tous|toutes|plus|la suite|\\d+ de plus)(?: (?:de |les )?${things})?`, `tout (?:afficher|voir|charger)`,
    `(?:mostrar|ver|cargar|carregar|exibir) (?:más|mas|mais|todo|todos|todas|tudo|el resto|o restante)(?: (?:los |las |os |as )?${things})?`,
    `(?:mostra|vedi|carica|visualizza) (?:altro|altri|tutto|tutti|tutte|di più)(?: (?:i |gli )?${things})?`,
    `(?:meer|alle|alles) (?:${things} )?(?:laden|tonen|weergeven|bekijken)`, `toon (?:meer|alle|alles)(?: ${things})?`,
  ].join('|') + ')(?: ?\\(?\\+?\\d+\\)?)?$', 'u');
  const bareMore = /^(?:more|mehr|plus|más|mais|altro|meer)$/;
  const nextWords = /^(?:next|next page|go to next page|nächste|nächste seite|weiter|suivant|page suivante|siguiente|página siguiente|próximo|próxima|próxima página|successiva|successivo|pagina successiva|volgende|volgende pagina)$/;
  const label = (el) => flat(words(el) || el.value || el.getAttribute('aria-label') || '').replace(/[\s.…▾▼▸›»>→↓+]+$/u, '').trim();
  const usable = (el) => visible(el) && !el.disabled && el.getAttribute('aria-disabled') !== 'true' && !el.closest('.disabled, [disabled], [inert]');
  const leads = (el) => el.tagName === 'A' && !/^\s*(#|javascript:|$)/i.test(el.getAttribute('href') || '');
  const moreButtons = (items) => {
    if (spec.more.click.length) return all(spec.more.click).filter(usable);
    const els = items.map((i) => i.el), place = around(els);
    if (!place) return [];
    const says = (el, words) => words.test(label(el)) || words.test(flat(el.getAttribute('aria-label') || '').trim());
    const pager = (el) => el.rel === 'next' || (el.closest('[class*=paginat i], [class*=pager i], [class*=footer i], [aria-label*=paginat i]') && says(el, nextWords));
    const listed = new Set(els), last = els.at(-1);
    // What stands before the list is of something else: the orders', mostly.
    const behind = (el) => (last.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    const ofList = (el) => { for (; el; el = el.parentElement) if (listed.has(el)) return true; return false; };
    return [...place.region.querySelectorAll('button, a, input[type=button], [role=button]')].filter((el) =>
      !ofList(el) && behind(el) && (says(el, moreWords) || says(el, bareMore) || pager(el)) && usable(el));
  };

  // What leads to the second page of a list whose pages have numbers only.
  const secondPage = (items) => {
    const place = around(items.map((i) => i.el));
    if (!place) return null;
    return [...place.region.querySelectorAll('button, a, [role=button]')].find((el) =>
      el.closest('[class*=paginat i], [class*=pager i], [aria-label*=paginat i]') && label(el) === '2' && usable(el));
  };
  // The next thing to do about the rest of the list, or null: what kind, and how.
  const scrolls = (el) => /auto|scroll|overlay/.test(getComputedStyle(el).overflowY) && el.scrollHeight > el.clientHeight + 1;
  const atEnd = (el) => el.scrollTop + el.clientHeight >= el.scrollHeight - 2;
  const nextStep = (items, n) => {
    const before = seen.step, fruitless = before?.kind === 'click' && before.n === n ? before.el : null; // so far
    const step = (kind, el, mark, act) => ({kind, el, mark, n, act, fruitless});
    const stuck = (el, mark) => before?.kind === 'scroll' && before.el === el && before.mark === mark;
    const bottom = ({el}) => el.getBoundingClientRect().bottom;
    const lowest = items.reduce((a, b) => bottom(b) > bottom(a) ? b : a);
    const place = around(items.map((i) => i.el));
    const own = all(spec.more.scroll).filter(visible);
    for (let el = lowest.el.parentElement; el && place && place.region.contains(el); el = el.parentElement) {
      if (el !== el.ownerDocument.body && scrolls(el)) { own.push(el); break; }
    }
    for (const el of own) if (!atEnd(el) && !stuck(el, el.scrollTop)) {
      return step('scroll', el, el.scrollTop, () => el.scrollBy({top: Math.max(40, el.clientHeight * 0.8), behavior: 'instant'}));
    }
    const key = keys([lowest])[0];
    if (seen.end !== key && bottom(lowest) > lowest.el.ownerDocument.defaultView.innerHeight) {
      return step('scroll', lowest.el, key, () => { seen.end = key; lowest.el.scrollIntoView({block: 'center', behavior: 'instant'}); });
    }
    const button = seen.fruitless > 2 ? null : moreButtons(items).find((el) => el !== fruitless && !seen.buttons.has(el) && (spec.more.click.length || !leads(el)));
    return button ? step('click', button, '', () => button.click()) : null;
  };

  // Why a list, or its absence, is not believed although it is idle; ''.
  const doubts = (items, n) => {
    if (!proved()) return 'identity';
    if (seen.step && seen.path !== location.pathname) return 'moved';
    if (closedFrame) return 'frame';
    if (marked('incomplete')) return 'incomplete';
    const says = spec.count.length ? counted() : 0;
    if (says > n) return `count ${says} ${n}`;
    if (sign !== 'attachments') {
      const el = spec.count.length ? null : all(spec.signs.empty.selectors || []).find(visible);
      const what = el && contradicted([{el, url: ''}], 0);
      return what ? `said 0 ${what.slice(0, 80)}` : '';
    }
    if (says < 0) return 'count';
    const described = spec.complete.selectors.length + spec.complete.texts.length > 0;
    if (described && !marked('complete')) return 'complete';
    if (described || spec.count.length) return '';
    const what = contradicted(items, n);
    if (what) return `said ${n} ${what.slice(0, 80)}`;
    if (spec.more.click.length) return '';
    const elsewhere = moreButtons(items).find(leads) || (seen.latest.length ? null : secondPage(items));
    return elsewhere ? `said ${n} ${label(elsewhere).slice(0, 80)}` : '';
  };

  const look = () => {
    const items = sign === 'attachments' ? list() : [];
    return {items, ...union(items)};
  };
  // What of the definition shows a sign, in the order in which shows looks.
  const ruleOf = (name) => {
    const rule = (place, value) => value === undefined ? null : {place, value};
    if (name === 'attachments') return rule('attachments.links', spec.links.find((s) => all([s]).some((el) => !signsOut(el))));
    const of = spec.signs[name];
    if (!of) return null;
    return (known === name && rule(`signs.${name}.statuses`, '')) || rule(`signs.${name}.urls`, (of.urls || []).find(atURL)) ||
      rule(`signs.${name}.texts`, shown[name]?.phrase) ||
      rule(`signs.${name}.selectors`, (of.selectors || []).find((s) => all([s]).some(visible)));
  };
  const finish = (answer, extra, view) => {
    ended = true;
    watch.disconnect();
    clearTimeout(timer);
    clearInterval(pulse);
    const out = {sign: answer, url: location.href.slice(0, spec.urlMax), ready: document.readyState, parsed: parsed(), changed: performance.timeOrigin + since, supplier: '', fallback: '', items: [], count: 0, rule: ruleOf(answer), ...extra};
    if (answer === 'attachments' || answer === 'empty') [out.supplier, out.frames] = [supplier(), working()];
    if (answer === 'empty') out.fallback = fallback();
    if (answer === 'attachments') {
      const {items, sum, named} = view || look();
      const now = new Set(named.map((i) => i.key));
      const gone = [...sum.values()].filter((i) => !now.has(i.key)).map((i) => ({...i.item, gone: true}));
      out.count = items.length + gone.length;
      out.items = out.count > spec.itemsMax ? [] : [...handOver(items), ...gone];
      globalThis.poactorList = () => handOver(list()); // for a list that is drawn anew
      globalThis.poactorStill = (index) => {
        const {el, name: was, own, near, url} = globalThis.poactorItems[index];
        return el.isConnected && ownOf(el) === own && name(el, url) === was && nearby(el) === near;
      };
      globalThis.poactorLinks = () => new Set(links());
    } else if (answer === 'timeout') {
      out.waiting = sign;
      if (sign) {
        const {items, sum} = look();
        out.doubt = doubts(items, sum.size);
      }
    }
    resolve(out);
  };

  // A page is idle when it has drawn two frames since the last change of its list, has
  // nothing to do, asks for no other frame, and has no timer that is due soon: the
  // browser's idle time ends where the next of these begins. One that never is so is
  // stable when it has drawn three frames and found any time between them. On a busy
  // machine all that takes longer, as the next change would; a clock would not know.
  const idleMS = 30;
  let idle = false, stable = false, generation = 0;
  const changed = (now) => {
    since = now;
    settledAt = 0;
    idle = stable = false;
    const mine = ++generation;
    const wait = (drawn) => requestAnimationFrame(() => requestIdleCallback((deadline) => {
      if (ended || mine !== generation) return;
      idle = spec.idle && sign === 'attachments' && drawn > 1 && deadline.timeRemaining() >= idleMS;
      stable = drawn === 3;
      if (idle || stable) step();
      else wait(drawn + 1);
    }));
    wait(1);
  };

  // How long an idle page is given to take back what makes its list doubtful, in
  // milliseconds, where only common words do.
  const wordsMS = 2000;
  // The state while a list or its absence settles.
  const settle = (now) => {
    const over = sign === 'empty' ? strong.find(shows) : ['signed_out', 'error'].find(shows);
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
    // A page that is not drawn has its end too; but a busy machine may give it no idle time for a second.
    const enough = stable ? spec.settle : Math.max(spec.settle, Math.min(40 * spec.settle, 4000));
    const settled = idle || quiet >= enough;
    if (!settled || !parsed() || lacks) return later(settled ? 40 : Math.max(enough - quiet, 20));
    settledAt ||= now;
    const view = look(), {items, sum, named} = view, doubt = doubts(items, sum.size);
    if (sign === 'attachments' && !['identity', 'moved', 'incomplete'].includes(doubt)) {
      const next = nextStep(items, sum.size);
      if (next) {
        globalThis.poactorAdvance = () => {
          if (next.fruitless) {
            seen.buttons.add(next.fruitless);
            seen.fruitless++;
          }
          if (!seen.step) seen.path = location.pathname;
          [seen.gathered, seen.latest, seen.step] = [sum, named, next];
          next.act();
        };
        return finish(sign, {more: next.kind}, view);
      }
    }
    if (!doubt && unread) {
      unread = false;
      readTexts(now, true);
      return settle(now);
    }
    if (!doubt) return finish(sign, {}, view);
    if (doubt.startsWith('said ') && now - settledAt >= wordsMS) return finish(sign, {doubt}, view);
    later(doubt.startsWith('said ') ? 100 : 40);
  };
  const step = () => {
    if (ended) return;
    const now = performance.now();
    last = now;
    if (now - begun > limit) return finish(known && !sign ? known : 'timeout');
    readTexts(now);
    follow();
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
  // is never idle costs 25 looks a second.
  let last = -Infinity;
  const watch = new MutationObserver(() => {
    unread = true;
    later(Math.max(0, last + 40 - performance.now()));
  });
  const followed = new WeakSet();
  const follow = () => {
    for (const page of pages()) {
      if (followed.has(page)) continue;
      followed.add(page);
      watch.observe(page, {childList: true, subtree: true, attributes: true, characterData: true});
    }
  };
  const pulse = setInterval(step, 250);
  step();
})
