
'use strict';
// Everything in data is hostile: it goes into the page by textContent and checked links only.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const STATUSES = ['COMPLETED', 'NO_ATTACHMENTS', 'NOT_FOUND', 'PARTIAL', 'FAILED', 'OPEN'];
  const WORDS = { COMPLETED: 'Completed', NO_ATTACHMENTS: 'No attachments', NOT_FOUND: 'Not found', PARTIAL: 'Partial', FAILED: 'Failed', OPEN: 'Open' };
  const PAGE = 50, PRINTED = 1000; // orders
  let printing = false;

  // Characters that turn or hide text are shown as what they are.
  const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]/g;
  const clean = (text) => String(text ?? '').replace(hidden, (c) => '\u27e8U+' + c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0') + '\u27e9');

  function el(tag, attributes, ...children) {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === false) continue;
      if (name === 'on') e.addEventListener('click', value);
      else if (name === 'width') e.style.width = value;
      else e.setAttribute(name, value === true ? '' : value);
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined || child === '' || child === false) continue;
      e.append(child instanceof Node ? child : clean(child));
    }
    return e;
  }
  const fill = (parent, ...children) => { parent.replaceChildren(); parent.append(...children.flat().filter(Boolean)); };
  function svg(tag, attributes, text) {
    const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes || {})) e.setAttribute(name, value);
    if (text !== undefined) e.textContent = clean(text);
    return e;
  }

  const count = (n, what) => n.toLocaleString('en') + ' ' + what + (n === 1 ? '' : 's');
  const number = (n) => n.toLocaleString('en');
  function size(bytes) {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    let i = 0;
    while (bytes >= 1000 && i < units.length - 1) { bytes /= 1000; i++; }
    return (i === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)) + ' ' + units[i];
  }
  function took(ms) {
    if (!(ms >= 0)) return '';
    if (ms < 1000) return Math.round(ms) + ' ms';
    if (ms < 60000) return (ms / 1000).toFixed(1) + ' s';
    const s = Math.round(ms / 1000);
    if (s < 3600) return Math.floor(s / 60) + ' min ' + (s % 60) + ' s';
    return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  }
  const two = (n) => String(n).padStart(2, '0');
  const at = (time) => time ? Date.parse(time) : NaN;
  function clock(ms) { const t = new Date(ms); return two(t.getHours()) + ':' + two(t.getMinutes()) + ':' + two(t.getSeconds()); }
  function day(ms) { const t = new Date(ms); return t.getFullYear() + '-' + two(t.getMonth() + 1) + '-' + two(t.getDate()); }
  const when = (ms) => Number.isNaN(ms) ? '' : day(ms) + ' ' + clock(ms);
  const zone = () => {
    const m = -new Date(data.as_of).getTimezoneOffset();
    return 'UTC' + (m === 0 ? '' : (m > 0 ? '+' : '\u2212') + two(Math.floor(Math.abs(m) / 60)) + ':' + two(Math.abs(m) % 60));
  };

  // A link below the output directory; none where the path leads elsewhere.
  function local(path, text) {
    const parts = String(path).split('/');
    if (parts.some((p) => p === '' || p === '.' || p === '..')) return el('span', {}, text);
    return el('a', { href: './' + parts.map((p) => encodeURIComponent(p.toWellFormed ? p.toWellFormed() : p)).join('/') }, text);
  }
  function outside(address) {
    return /^https?:\/\//i.test(address) ? el('a', { href: address, rel: 'noreferrer noopener', target: '_blank' }, address) : el('span', {}, address);
  }
  const causeText = (cause) => (data.causes[cause] || {}).text || cause || '';
  // explain takes a number; one that a shell could take for something else is left to the key.
  const nameOf = (o) => /^[\w.-]+$/.test(o.number || '') ? o.number : o.key;
  const command = (text) => el('code', { class: 'cmd', title: 'A click chooses all of it, to be copied' }, text);

  for (const e of data.events) e.t = at(e.time);

  // Orders, with what is looked at often.
  const byKey = new Map();
  data.orders.forEach((o, i) => {
    o.place = i;
    o.state = o.open || !o.status ? 'OPEN' : o.status;
    o.files = o.files || [];
    o.missing_files = o.missing_files || [];
    o.took = 0;
    for (const t of o.tries) {
      t.from = at(t.began); t.to = at(t.ended); t.order = o;
      if (t.to >= t.from) o.took += t.to - t.from;
    }
    o.at = at(o.time);
    o.tried = o.tries.filter((t) => t.ending !== 'handed_on').length; // what another has gone on with is no other try
    o.retried = o.tries.filter((t) => t.ending === 'retried').length;
    byKey.set(o.key, o);
  });
  const needy = (o) => o.state === 'FAILED' || o.state === 'PARTIAL';
  const badOrders = data.orders.filter(needy);
  const haystack = (o) => o.hay ??= [o.number, o.key, o.supplier, o.detail, o.cause, causeText(o.cause), o.folder,
    ...o.files.map((f) => f.name + ' ' + f.sha256), ...o.missing_files.map((m) => m.name + ' ' + (m.detail || '') + ' ' + (m.answer || ''))].join('\n').toLowerCase();

  // ---- Head and totals

  const starts = data.starts;
  const last = starts[starts.length - 1];
  const counts = { ...data.counts, OPEN: data.open };
  const total = STATUSES.reduce((n, s) => n + (counts[s] || 0), 0);
  const bad = (counts.FAILED || 0) + (counts.PARTIAL || 0);

  function head() {
    const portal = last && (last.portal || last.base_url);
    $('title').textContent = clean(portal ? 'Run on ' + portal : 'Run');
    document.title = clean('Report: ' + data.dir);
    let state = 'COMPLETED', text = 'Finished: every order ended well', note = '';
    const asOf = when(at(data.as_of));
    if (!last) { state = 'OPEN'; text = 'Nothing was started'; }
    else if (data.running) {
      state = 'NO_ATTACHMENTS'; text = 'In progress, as of ' + asOf;
      note = 'The run brings this page up to date now and then and at its end: load it again. If no run goes on any more, it was broken off; then this page is behind, and the command below writes it anew.';
    } else if (!last.ended) {
      state = 'FAILED'; text = 'Broken off, with ' + count(data.open, 'order') + ' open';
      note = 'The last start was killed. What it had recorded is all here. Run the same command again: it goes on where it was.';
    } else if (last.cause) {
      state = 'FAILED'; text = 'Ended early: ' + causeText(last.cause) + (last.detail ? ' (' + last.detail + ')' : '');
      note = 'Run the same command again when that is put right: it goes on where it was.';
    } else if (bad) { state = 'PARTIAL'; text = 'Finished: ' + count(bad, 'order') + ' did not end well'; }
    else if (data.open) { state = 'OPEN'; text = count(data.open, 'order') + ' left for another start'; }
    fill($('state'), el('span', { class: 'pill' }, el('span', { class: 'dot s-' + state }), text));
    if (note) $('state').after(el('p', { class: 'note' }, note), data.running ? command('poactor report ' + data.quoted) : '');
    const facts = ['As of ' + asOf, 'times are in ' + zone(), 'output directory ' + data.dir];
    if (last && last.base_url) facts.unshift(last.base_url);
    $('about').textContent = clean(facts.join(' \u00b7 '));
    $('foot').textContent = clean('Written by poactor' + (last && last.program ? ' ' + last.program : '') + ' at ' + asOf + ' (' + zone() +
      ') from the record in .poactor/ledger.db. Links lead to files beside this page. The page loads nothing from any network.');
  }

  function totals() {
    const tile = (name, value) => el('div', {}, el('dt', {}, name), el('dd', {}, value));
    let working = 0;
    for (const s of starts) working += Math.max(0, endOf(s) - at(s.began));
    fill($('tiles'), tile('Orders', number(total)), tile('Ended well', number(total - bad - data.open)), tile('Did not end well', number(bad)),
      tile('Open', number(data.open)), tile('Files', number(data.files)), tile('Size', size(data.bytes)),
      tile(starts.length > 1 ? count(starts.length, 'start') + ', together' : 'Took', took(working) || '\u2013'));
    const stack = el('div', { class: 'stack', 'aria-hidden': 'true' });
    const list = [];
    for (const s of STATUSES) {
      const n = counts[s] || 0;
      if (!n) continue;
      stack.append(el('span', { class: 's-' + s, width: (100 * n / total) + '%' }));
      list.push(pick('s-' + s, WORDS[s], n, total, { status: s }));
    }
    fill($('outcomes'), total ? stack : '', ...list, total ? '' : el('p', { class: 'soft' }, 'No orders.'));
    const causes = byCause();
    const most = Math.max(1, ...causes.map((c) => c.orders.length));
    fill($('causes'), causes.map((c) => el('div', {}, pick('s-' + (c.failed ? 'FAILED' : 'PARTIAL'), causeText(c.cause), c.orders.length, badOrders.length, { cause: c.cause }),
      el('span', { class: 'hbar s-' + (c.failed ? 'FAILED' : 'PARTIAL'), width: (100 * c.orders.length / most) + '%', 'aria-hidden': 'true' }))),
      causes.length ? '' : el('p', { class: 'soft' }, 'None.'));
  }
  function pick(dot, text, n, of, filter) {
    return el('button', { class: 'pick', type: 'button', title: 'Show these orders', on: () => show({ ...NONE, ...filter }, true) },
      el('span', { class: 'dot ' + dot }), el('span', {}, text), el('span', { class: 'n' }, number(n)),
      el('span', { class: 'p' }, (100 * n / of).toFixed(n === of || n * 10 >= of ? 0 : 1) + '\u00a0%'));
  }
  // How orders were read, in runs that may do so without a browser.
  const ways = Object.entries(data.read_by).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  const wayText = (way) => way === 'browser' ? 'By browser' : way === 'both' || way === 'both_call' ? 'By browser and without one: the same' : 'By ' + way + ', without a browser';
  function reading() {
    const said = starts.map((s) => [s, eventsOf(s).filter((e) => e.event === 'fast_lane')]).filter(([, list]) => list.length);
    if (!ways.length && !said.length) return;
    $('reading').hidden = false;
    const sum = ways.reduce((n, [, m]) => n + m, 0);
    fill($('ways'), ways.map(([way, n]) => pick('', wayText(way), n, sum, { read: way })), ways.length ? '' : el('p', { class: 'soft' }, 'No order has ended yet.'));
    fill($('compared'), said.map(([s, list]) => {
      const e = list[list.length - 1], off = list.find((x) => x.reason), different = (e.compared || 0) - (e.agreed || 0);
      return [el('p', {}, (starts.length > 1 ? 'Start ' + s.number + ': ' : '') + count(e.compared || 0, 'order') + ' compared' + (different ? ', ' + different + ' different.' : e.compared ? ', all equal.' : '.')),
        off && el('p', { class: 'note' }, 'From ' + clock(off.t) + ' on every order was read by a browser: ' + off.reason + '.' +
          (e.read_again ? ' ' + count(e.read_again, 'order') + ' since the last comparison that agreed ' + (e.read_again === 1 ? 'was' : 'were') + ' read again.' : ''))];
    }).flat(), said.length ? '' : el('p', { class: 'soft' }, 'None is kept.'));
  }
  function byCause() {
    const map = new Map();
    for (const o of badOrders) {
      const c = map.get(o.cause) || { cause: o.cause || '', orders: [], failed: false };
      c.orders.push(o); c.failed ||= o.state === 'FAILED';
      map.set(o.cause, c);
    }
    return [...map.values()].sort((a, b) => b.orders.length - a.orders.length || a.cause.localeCompare(b.cause));
  }

  // ---- What to do

  function failures() {
    const causes = byCause();
    fill($('failures'), causes.map((c) => {
      const help = data.causes[c.cause] || { text: c.cause, cure: '', retry: true };
      const pictured = c.orders.some((o) => data.thumbnails[folderOf(o)]);
      const cards = el('ul', { class: 'cards' + (pictured ? '' : ' plain') });
      const rest = el('p', { class: 'soft printed' });
      const more = el('button', { class: 'more', type: 'button', on: () => add(48) });
      let shown = 0;
      function add(n) {
        for (const o of c.orders.slice(shown, shown + n)) cards.append(card(o, pictured));
        shown = Math.min(c.orders.length, shown + n);
        more.hidden = shown === c.orders.length;
        more.textContent = 'Show more of ' + number(c.orders.length);
        rest.textContent = more.hidden ? '' : 'The first ' + number(shown) + ' of ' + number(c.orders.length) + '; the others are among all orders, below.';
      }
      add(12);
      return el('article', { class: 'cause' },
        el('h3', {}, count(c.orders.length, 'order') + ': ' + help.text, el('small', {}, c.cause)),
        help.cure && el('p', {}, 'What to do: ' + help.cure + '.'),
        help.retry && command('poactor retry ' + data.quoted + ' --cause ' + c.cause), cards, more, rest);
    }), causes.length ? '' : el('p', {}, data.open ? 'Nothing about the orders that have ended.' : 'Nothing: every order ended well.'));
  }
  const folderOf = (o) => [o.evidence, ...o.missing_files.map((m) => m.evidence), ...o.tries.map((t) => t.evidence).reverse()].find((f) => f && data.pictures[f])
    || o.evidence || o.missing_files.map((m) => m.evidence).find(Boolean) || o.tries.map((t) => t.evidence).reverse().find(Boolean);
  function picture(folder, o, box) {
    if (!data.thumbnails[folder]) return null;
    const link = local(folder + '/page.png', '');
    link.className = box;
    const img = el('img', { alt: clean('Screenshot of the page of order ' + o.number), loading: 'lazy', decoding: 'async' });
    if (data.thumbnails[folder].startsWith('data:image/jpeg;base64,')) img.src = data.thumbnails[folder];
    link.append(img);
    return link;
  }
  function card(o, pictured) {
    const folder = folderOf(o);
    return el('li', {}, pictured && (picture(folder, o, 'shot') || el('div', { class: 'noshot' }, 'No screenshot')),
      el('div', { class: 'in' }, orderLink(o), el('p', { class: 'soft' }, WORDS[o.state] + (o.supplier ? ', ' + o.supplier : '')),
        el('p', {}, o.detail || causeText(o.cause)),
        o.missing_files.slice(0, 3).map((m) => el('p', {}, 'Missing: ', el('bdi', {}, m.name))),
        o.missing_files.length > 3 && el('p', { class: 'soft' }, 'and ' + (o.missing_files.length - 3) + ' more'),
        folder && el('p', {}, local(folder, 'Evidence'))));
  }
  const orderLink = (o) => el('a', { href: '#order=' + encodeURIComponent(o.key) }, el('bdi', {}, o.number || o.key));

  // ---- Course of the run

  function endOf(s) {
    if (s.ended) return at(s.ended);
    const next = starts[starts.indexOf(s) + 1];
    const until = next ? at(next.began) : Infinity;
    if (!next && data.running) return at(data.as_of);
    let end = at(s.began); // killed: the last that is known
    for (const e of data.events) if (e.t > end && e.t < until) end = e.t;
    for (const o of data.orders) for (const t of o.tries) if (t.start === s.number) end = Math.max(end, t.from || 0, t.to || 0);
    return end;
  }
  function eventsOf(s) {
    const next = starts[starts.indexOf(s) + 1];
    const from = at(s.began), until = next ? at(next.began) : Infinity;
    return data.events.filter((e) => e.t >= from && e.t < until);
  }
  function niceStep(ms) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800].map((s) => s * 1000);
    return steps.find((s) => s >= ms) || Math.ceil(ms / 604800000) * 604800000;
  }
  const LEFT = 78, RIGHT = 12;
  // On paper a chart is as wide as a page, so that its words are no smaller than others.
  const widthOf = (box) => printing ? 690 : Math.max(320, box.clientWidth || 1000);
  // A frame has the time axis that all three charts have.
  function frame(box, height, label) {
    const width = widthOf(box);
    const root = svg('svg', { viewBox: '0 0 ' + width + ' ' + (height + 22), role: 'img', 'aria-label': label });
    const { from, to } = course;
    const x = (t) => LEFT + (width - LEFT - RIGHT) * (Math.min(to, Math.max(from, t)) - from) / (to - from);
    const step = niceStep((to - from) / Math.max(2, (width - LEFT) / 90));
    const zero = new Date(from).getTimezoneOffset() * 60000;
    for (let t = Math.ceil((from - zero) / step) * step + zero; t <= to; t += step) {
      root.append(svg('path', { class: 'grid', d: 'M' + x(t) + ' 0V' + height }));
      if (x(t) < width - 30) root.append(svg('text', { x: x(t), y: height + 16, 'text-anchor': x(t) < LEFT + 20 ? 'start' : 'middle' }, step >= 86400000 ? day(t) : step >= 60000 ? clock(t).slice(0, 5) : clock(t)));
    }
    return { root, x, width };
  }
  const legend = (...entries) => el('ul', { class: 'legend' }, entries.map(([mark, text]) => {
    const s = svg('svg', { viewBox: '0 0 16 12', 'aria-hidden': 'true' });
    s.append(mark === 'line' || mark === 'dash' || mark === 'lost' ? svg('path', { class: mark, d: mark === 'lost' ? 'M8 0V12' : 'M0 6H16' }) : svg('rect', { class: mark, width: 16, height: 12, rx: 2 }));
    return el('li', {}, s, text);
  }));
  const rect = (x0, x1, y, h) => 'M' + x0.toFixed(1) + ' ' + y + 'h' + Math.max(1, x1 - x0).toFixed(1) + 'v' + h + 'H' + x0.toFixed(1) + 'z';
  function scale(root, width, height, most, unit) {
    const step = Math.max(1, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000].find((s) => most / s <= 4) || Math.ceil(most / 4));
    const top = Math.max(step, Math.ceil(most / step) * step);
    const y = (v) => height - (height - 8) * v / top;
    for (let v = 0; v <= top; v += step) {
      root.append(svg('path', { class: 'grid', d: 'M' + LEFT + ' ' + y(v) + 'H' + (width - RIGHT) }), svg('text', { x: LEFT - 8, y: Math.max(11, y(v) + 4), 'text-anchor': 'end' }, number(v)));
    }
    root.append(svg('text', { x: 0, y: 11 }, unit));
    return y;
  }

  let course;
  function readCourse(s) {
    const from = at(s.began), end = endOf(s);
    const to = Math.max(end, from + 1000);
    const events = eventsOf(s);
    const tries = [];
    for (const o of data.orders) for (const t of o.tries) if (t.start === s.number) tries.push(t);
    tries.sort((a, b) => a.from - b.from);
    const bands = [];
    let sign = 0, pause = 0, portal = null;
    for (const e of events) {
      if (e.event === 'session_lost') sign = e.t;
      else if (e.event === 'session_restored' && sign) { bands.push({ kind: 'sign', from: sign, to: e.t }); sign = 0; }
      else if (e.event === 'run_paused') pause = e.t;
      else if (e.event === 'run_resumed' && pause) { bands.push({ kind: 'pause', from: pause, to: e.t }); pause = 0; }
      else if (e.event === 'portal_paced') {
        if (portal && portal.to > e.t) portal.to = e.t;
        if (e.after_ms) bands.push(portal = { kind: 'portal', from: e.t, to: Math.min(to, e.t + e.after_ms) });
      }
    }
    if (sign) bands.push({ kind: 'sign', from: sign, to });
    if (pause) bands.push({ kind: 'pause', from: pause, to });
    return { start: s, from, to, events, tries, bands, workers: readWorkers(tries, events, to) };
  }
  function readWorkers(tries, events, to) {
    const workers = new Map();
    const of = (name) => {
      if (!workers.has(name)) workers.set(name, { name, tries: [], opening: [], lost: [], from: Infinity, to: -Infinity, since: 0 });
      return workers.get(name);
    };
    for (const t of tries) {
      if (!t.worker) continue;
      const w = of(t.worker);
      if (Number.isNaN(t.to)) t.until = to; else t.until = t.to;
      w.tries.push(t); w.from = Math.min(w.from, t.from); w.to = Math.max(w.to, t.until);
    }
    const ended = events.find((e) => e.event === 'run_ended');
    for (const e of events) {
      if (!e.worker || e.event === 'order_quarantined') continue;
      const w = of(e.worker);
      w.from = Math.min(w.from, e.t); w.to = Math.max(w.to, e.t);
      if (e.event === 'worker_started') { w.since = e.t; w.alive = true; w.isolated = e.isolated; }
      if (e.event === 'worker_recycled') w.since = e.t;
      if (e.event === 'worker_lost') { w.lost.push(e); w.since = e.gave_up ? 0 : e.t; }
      if (e.event === 'worker_ready') { w.opening.push([w.since || e.t, e.t]); w.since = 0; }
      if (e.event === 'worker_dismissed') { w.alive = false; w.since = 0; }
    }
    for (const w of workers.values()) {
      if (w.since) w.opening.push([w.since, ended ? ended.t : to]);
      if (w.alive) w.to = ended ? Math.max(w.to, ended.t) : to;
    }
    return [...workers.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }
  const kindOf = (t) => {
    if (!t.ending) return 'cut';
    if (t.ending === 'retried') return 'retry';
    if (t.ending === 'released' || t.ending === 'reopened') return 'back';
    return t.ending === 'settled' && t.cause && t.cause !== 'not_found' ? 'bad' : 'ok';
  };

  function drawBands(root, x, height) {
    for (const b of course.bands) root.append(svg('path', { class: 'k-' + b.kind, d: rect(x(b.from), x(b.to), 0, height) }));
  }
  function throughput() {
    const box = $('throughput'), height = 130;
    const settled = course.tries.filter((t) => t.ending === 'settled' && t.to);
    const probe = widthOf(box) - LEFT - RIGHT;
    const step = niceStep((course.to - course.from) / Math.min(90, probe / 9));
    const n = Math.ceil((course.to - course.from) / step);
    const good = new Array(n).fill(0), poor = new Array(n).fill(0);
    for (const t of settled) {
      const i = Math.min(n - 1, Math.max(0, Math.floor((t.to - course.from) / step)));
      if (kindOf(t) === 'bad') poor[i]++; else good[i]++;
    }
    const most = Math.max(1, ...good.map((g, i) => g + poor[i]));
    const rate = settled.length / ((course.to - course.from) / 60000);
    const { root, x, width } = frame(box, height, count(settled.length, 'order') + ' ended in this start, ' + rate.toFixed(1) + ' a minute; at most ' + most + ' in ' + took(step));
    const y = scale(root, width, height, most, 'orders');
    let a = '', b = '';
    for (let i = 0; i < n; i++) {
      const x0 = x(course.from + i * step) + 0.5, x1 = x(course.from + (i + 1) * step) - 0.5;
      if (good[i]) a += rect(x0, x1, y(good[i]), height - y(good[i]));
      if (poor[i]) b += rect(x0, x1, y(good[i] + poor[i]), y(good[i]) - y(good[i] + poor[i]));
    }
    root.append(svg('path', { class: 'k-ok', d: a }), svg('path', { class: 'k-bad', d: b }));
    fill(box, root, legend(['k-ok', 'ended well, per ' + took(step).replace('.0', '').replace(' 0 s', '')], ['k-bad', 'did not end well']));
  }
  function load() {
    const box = $('load'), height = 110;
    const steps = (wanted) => {
      const list = [];
      for (const e of course.events) { const v = wanted(e); if (v !== undefined) list.push([e.t, v]); }
      return list;
    };
    const pool = steps((e) => e.event === 'run_started' ? e.workers || 0 : e.event === 'pool_resized' ? e.to || 0 : undefined);
    const pace = steps((e) => e.event === 'portal_paced' && e.to ? e.to : undefined);
    const edges = [];
    for (const t of course.tries) { edges.push([t.from, 1], [t.until ?? t.to, -1]); }
    edges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let busy = 0, most = 1;
    const level = [[course.from, 0]];
    for (const [t, d] of edges) { busy += d; most = Math.max(most, busy); level.push([t, busy]); }
    for (const [, v] of pool) most = Math.max(most, v);
    const paced = pace.filter(([, v]) => v <= 2 * most);
    for (const [, v] of paced) most = Math.max(most, v);
    const { root, x, width } = frame(box, height, 'At most ' + most + ' at once' + (pace.length ? '; the portal was asked for less or more ' + pace.length + ' times' : ''));
    drawBands(root, x, height);
    const y = scale(root, width, height, most, 'at once');
    let d = 'M' + x(course.from) + ' ' + height, px = -1, high = 0; // one step a pixel: the highest of it
    for (const [t, v] of level) {
      const at = Math.round(x(t));
      if (at !== px) { d += 'V' + y(px < 0 ? 0 : high) + 'H' + at; px = at; high = v; } else high = Math.max(high, v);
      if (at === px) d += 'V' + y(high);
    }
    d += 'V' + y(busy) + 'H' + x(course.to) + 'V' + height + 'z';
    root.append(svg('path', { class: 'k-busy', d }));
    const line = (list, cls) => {
      if (!list.length) return;
      root.append(svg('path', { class: cls, d: list.map(([t, v], i) => (i ? 'H' + x(t) + 'V' : 'M' + x(t) + ' ') + y(v)).join('') + 'H' + x(course.to) }));
    };
    line(pool, 'line'); line(paced, 'dash');
    fill(box, root, legend(['k-busy', 'orders in hand'], ...(pool.length ? [['line', 'workers']] : []), ...(paced.length ? [['dash', 'what the portal is asked for at once']] : [])));
  }
  const ROW = 20;
  function timeline() {
    const box = $('timeline');
    let list = course.workers;
    const over = list.length - 64;
    if (over > 0) list = [...list].sort((a, b) => b.tries.length - a.tries.length).slice(0, 64).sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    if (!list.length) { fill(box, el('p', { class: 'soft' }, 'No worker had anything to do in this start.')); return; }
    const height = list.length * ROW + 4;
    const lost = course.workers.reduce((n, w) => n + w.lost.length, 0);
    const { root, x } = frame(box, height, count(list.length, 'worker') + ', ' + count(course.tries.length, 'attempt') + ', ' + count(lost, 'browser') + ' lost. The same in words is below.');
    root.setAttribute('class', 'workers');
    drawBands(root, x, height);
    const paths = { base: '', 'k-open': '', 'k-ok': '', 'k-back': '', 'k-cut': '', 'k-retry': '', 'k-bad': '', lost: '' };
    list.forEach((w, i) => {
      const y = i * ROW + 4;
      root.append(svg('text', { x: 0, y: y + 12 }, w.name.length > 11 ? w.name.slice(0, 10) + '\u2026' : w.name));
      paths.base += 'M' + x(w.from) + ' ' + (y + 8) + 'H' + x(w.to);
      for (const [a, b] of w.opening) paths['k-open'] += rect(x(a), x(b), y + 5, 6);
      const ends = {}; // what is within a pixel of the same kind is drawn once
      for (const t of w.tries) {
        const kind = 'k-' + kindOf(t), x0 = x(t.from), x1 = Math.max(x0 + 1, x(t.until) - 0.6);
        if (ends[kind] !== undefined && x1 <= ends[kind]) continue;
        paths[kind] += rect(Math.max(x0, ends[kind] ?? 0), x1, y, 16); ends[kind] = x1;
      }
      for (const e of w.lost) paths.lost += 'M' + x(e.t) + ' ' + (y - 1) + 'v18';
    });
    for (const [cls, d] of Object.entries(paths)) root.append(svg('path', { class: cls, d }));
    const hit = (event) => {
      const r = root.getBoundingClientRect(), view = root.viewBox.baseVal;
      const px = (event.clientX - r.left) * view.width / r.width, py = (event.clientY - r.top) * view.height / r.height;
      const w = list[Math.floor((py - 2) / ROW)];
      if (!w) return null;
      const t = course.from + (px - LEFT) / (view.width - LEFT - RIGHT) * (course.to - course.from);
      const slack = 2 / (view.width - LEFT - RIGHT) * (course.to - course.from);
      return { w, t, try: w.tries.find((a) => t >= a.from - slack && t <= a.until + slack) };
    };
    root.addEventListener('mousemove', (event) => {
      const h = hit(event);
      root.style.cursor = h && h.try ? 'pointer' : '';
      $('readout').textContent = !h ? '' : clean(h.try ? h.w.name + ' \u00b7 ' + clock(h.try.from) + ' to ' + clock(h.try.until) + ' \u00b7 order ' + h.try.order.number + ': ' + tryText(h.try)
        : h.t >= h.w.from && h.t <= h.w.to ? h.w.name + ' \u00b7 ' + clock(h.t) + ' \u00b7 ' + (h.w.opening.some(([a, b]) => h.t >= a && h.t <= b) ? 'opening a browser' : 'waiting') : '');
    });
    root.addEventListener('click', (event) => { const h = hit(event); if (h && h.try) location.hash = '#order=' + encodeURIComponent(h.try.order.key); });
    const kinds = new Set(course.tries.map(kindOf)), bands = new Set(course.bands.map((b) => b.kind));
    const entries = [['k-ok', 'order'], kinds.has('bad') && ['k-bad', 'order that did not end well'], kinds.has('retry') && ['k-retry', 'failed, tried again'],
      kinds.has('back') && ['k-back', 'put back, not counted'], kinds.has('cut') && ['k-cut', data.running && course.start === last ? 'under way' : 'cut off'],
      list.some((w) => w.opening.length) && ['k-open', 'opening a browser'], lost > 0 && ['lost', 'browser lost'],
      bands.has('sign') && ['k-sign', 'waiting for sign-in'], bands.has('pause') && ['k-pause', 'paused'], bands.has('portal') && ['k-portal', 'waiting for the portal']];
    fill(box, root, legend(...entries.filter(Boolean)), over > 0 ? el('p', { class: 'soft' }, 'The 64 workers with the most attempts; ' + over + ' more are in the words below.') : null);
  }
  const TOLD = {
    run_started: (e) => 'Started with ' + count(e.workers || 0, 'worker'),
    run_ended: (e) => 'Ended' + (e.cause ? ' early: ' + causeText(e.cause) + (e.detail ? ': ' + e.detail : '') : ''),
    run_paused: () => 'Paused by the user', run_resumed: () => 'Resumed by the user',
    worker_lost: (e) => e.worker + ' lost its browser: ' + causeText(e.cause) + (e.detail ? ': ' + e.detail : '') + (e.gave_up ? '; no other is opened' : '; the next opens in ' + took(e.after_ms || 0)),
    worker_recycled: (e) => e.worker + ' opens a fresh browser: ' + e.reason,
    workers_requested: (e) => 'The user wishes for ' + count(e.to || 0, 'worker'),
    pool_resized: (e) => 'From ' + (e.from || 0) + ' to ' + count(e.to || 0, 'worker') + ', limited by ' + e.limited_by + ': ' + e.reason,
    portal_paced: (e) => (e.after_ms ? 'No order is begun for ' + took(e.after_ms) + '; then ' : '') + (e.to || 0) + ' at once: ' + e.reason,
    job_stuck: (e) => e.worker + ' is stuck' + (e.number ? ' with order ' + e.number : ''),
    session_lost: (e) => 'The session is over: ' + e.detail,
    session_restored: (e) => e.how ? 'The session is restored: ' + e.how : 'The session could not be restored: ' + e.detail,
    orders_reopened: (e) => 'Orders are open again: ' + e.reason,
    order_quarantined: (e) => 'Order ' + e.number + ' is tried alone in ' + e.worker,
    fast_lane: (e) => e.reason ? 'Every order is read by a browser from now on: ' + e.reason : 'Most orders need no browser from now on: ' + count(e.agreed || 0, 'order') + ' were the same without one',
    fault_injected: (e) => 'A fault on purpose: ' + e.fault,
  };
  function words() {
    let lane = ''; // what of it was told already
    const isNews = (e) => { const was = lane; lane = e.reason ? 'off' : e.trusted ? 'on' : ''; return lane && lane !== was; };
    const list = course.events.filter((e) => Object.hasOwn(TOLD, e.event) && (e.event !== 'fast_lane' || isNews(e)));
    const rows = list.slice(0, 1000).map((e) => el('tr', {}, el('td', { class: 'num' }, clock(e.t)), el('td', {}, TOLD[e.event](e))));
    const per = course.workers.slice(0, 1000).map((w) => el('tr', {}, el('td', {}, w.name), el('td', { class: 'num' }, number(w.tries.length)), el('td', { class: 'num' }, took(w.tries.reduce((n, t) => n + Math.max(0, t.until - t.from), 0))),
      el('td', { class: 'num' }, number(w.opening.length)), el('td', { class: 'num' }, number(w.lost.length))));
    const heads = (...names) => el('thead', {}, el('tr', {}, names.map((n, i) => el('th', { scope: 'col', class: i && n !== 'Event' ? 'num' : undefined }, n))));
    fill($('words'), el('h3', {}, 'Workers'), el('div', { class: 'scroll' }, el('table', {}, heads('Worker', 'Attempts', 'At work', 'Browsers', 'Lost'), el('tbody', {}, per))),
      el('h3', {}, 'Events'), list.length ? el('table', {}, heads('Time', 'Event'), el('tbody', {}, rows)) : el('p', { class: 'soft' }, 'None is kept of this start.'),
      list.length > 1000 ? el('p', { class: 'soft' }, 'The first 1,000 of ' + number(list.length) + '; all are in .poactor/events.jsonl and run.log.') : null);
  }
  function drawCourse(s) {
    if (!s) { $('course').hidden = true; return; }
    course = readCourse(s);
    $('start-about').textContent = clean(when(course.from) + ' to ' + when(course.to) + ', ' + took(course.to - course.from) + ' \u00b7 ' + s.portal + ' \u00b7 up to ' + count(s.workers, 'worker') +
      (s.ended ? s.cause ? ' \u00b7 ended early: ' + causeText(s.cause) : '' : data.running && s === last ? ' \u00b7 goes on' : ' \u00b7 was killed; the end is the last that is known'));
    throughput(); load(); timeline(); words();
  }

  // ---- Slowest and retried

  function slow() {
    const table = (heads, rows) => el('table', {}, el('thead', {}, el('tr', {}, heads.map((h, i) => el('th', { scope: 'col', class: i ? 'num' : undefined }, h)))), el('tbody', {}, rows));
    const slowest = data.orders.filter((o) => o.took > 0).sort((a, b) => b.took - a.took).slice(0, 10);
    fill($('slowest'), slowest.length ? table(['Order', 'At work', 'Files', 'Tries'], slowest.map((o) => el('tr', {}, el('td', {}, orderLink(o)), el('td', { class: 'num' }, took(o.took)),
      el('td', { class: 'num' }, number(o.files.length)), el('td', { class: 'num' }, number(o.tried))))) : el('p', { class: 'soft' }, 'None.'));
    const causes = new Map();
    const retried = data.orders.filter((o) => o.retried);
    for (const o of retried) for (const t of o.tries) if (t.ending === 'retried') {
      const c = causes.get(t.cause) || { tries: 0, orders: new Set(), well: new Set() };
      c.tries++; c.orders.add(o); if (!needy(o) && o.state !== 'OPEN') c.well.add(o);
      causes.set(t.cause, c);
    }
    const rows = [...causes].sort((a, b) => b[1].tries - a[1].tries).map(([cause, c]) => el('tr', {}, el('td', {}, causeText(cause)), el('td', { class: 'num' }, number(c.tries)), el('td', { class: 'num' }, number(c.orders.size)), el('td', { class: 'num' }, number(c.well.size))));
    fill($('retries'), rows.length ? table(['Cause', 'Tries', 'Orders', 'Ended well'], rows) : el('p', { class: 'soft' }, 'No order had to be tried again.'),
      retried.length ? el('p', { class: 'soft' }, 'Most tries: ', retried.sort((a, b) => b.retried - a.retried).slice(0, 8).flatMap((o, i) => [i ? ', ' : '', orderLink(o)])) : null);
  }

  // ---- All orders

  const NONE = { q: '', status: '', cause: '', read: '', sort: '', page: 1, order: '' };
  let view = { ...NONE };
  const COLUMNS = [
    { id: 'number', name: 'Order', by: (o) => o.number || o.key },
    { id: 'status', name: 'Status', by: (o) => STATUSES.indexOf(o.state) },
    { id: 'cause', name: 'Cause', by: (o) => causeText(o.cause), wide: true },
    { id: 'supplier', name: 'Supplier', by: (o) => o.supplier || '', wide: true },
    ...(ways.length ? [{ id: 'read', name: 'Read by', by: (o) => o.read_by || '', wide: true }] : []),
    { id: 'files', name: 'Files', by: (o) => o.files.length, num: true },
    { id: 'tries', name: 'Tries', by: (o) => o.tried, num: true, wide: true },
    { id: 'took', name: 'At work', by: (o) => o.took, num: true },
    { id: 'time', name: 'Ended', by: (o) => o.at || 0, num: true, wide: true },
  ];
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  function chosen() {
    const terms = view.q.toLowerCase().split(/\s+/).filter(Boolean);
    const list = data.orders.filter((o) => (!view.status || o.state === view.status) && (!view.read || o.read_by === view.read) && (!view.cause || (o.cause || '') === view.cause || o.missing_files.some((m) => m.cause === view.cause)) &&
      terms.every((t) => haystack(o).includes(t)));
    const down = view.sort.startsWith('-');
    const column = COLUMNS.find((c) => c.id === view.sort.replace('-', ''));
    if (column) {
      const keys = new Map(list.map((o) => [o, column.by(o)]));
      list.sort((a, b) => {
        const x = keys.get(a), y = keys.get(b);
        return (down ? -1 : 1) * (typeof x === 'string' ? compare(x, y) : x - y) || a.place - b.place;
      });
    }
    return list;
  }
  function orders() {
    fill($('heads'), COLUMNS.map((c) => el('th', { scope: 'col', class: [c.num ? 'num' : '', c.wide ? 'wideonly' : ''].join(' ').trim() || undefined,
      'aria-sort': view.sort === c.id ? 'ascending' : view.sort === '-' + c.id ? 'descending' : undefined },
      printing ? c.name : el('button', { type: 'button', 'data-sort': c.id, on: () => { show({ sort: view.sort === c.id ? '-' + c.id : view.sort === '-' + c.id ? '' : c.id, page: 1, order: '' }); document.querySelector('[data-sort=' + c.id + ']').focus(); } },
        c.name + (view.sort === c.id ? ' \u2191' : view.sort === '-' + c.id ? ' \u2193' : '')))));
    const list = chosen();
    const pages = Math.max(1, Math.ceil(list.length / PAGE));
    if (view.order) {
      const i = list.findIndex((o) => o.key === view.order);
      if (i >= 0) view.page = Math.floor(i / PAGE) + 1;
    }
    view.page = Math.min(Math.max(1, view.page), pages);
    const first = printing ? 0 : (view.page - 1) * PAGE, some = list.slice(first, first + (printing ? PRINTED : PAGE));
    const rows = [];
    for (const o of some) { rows.push(row(o)); if (o.key === view.order) rows.push(story(o)); }
    fill($('rows'), rows);
    const left = total - data.orders.length;
    $('found').textContent = (list.length ? 'Orders ' + number(first + 1) + ' to ' + number(first + some.length) + ' of ' + number(list.length) : 'No order') +
      (list.length !== data.orders.length ? list.length ? ' that match, of ' + number(data.orders.length) : ' matches' : '') +
      (left > 0 ? '. ' + number(left) + ' more that ended well are in results.csv only' : '') + '.' +
      (printing && some.length < list.length ? ' Not more are printed; search and filters choose others.' : '');
    const to = (page, text) => el('button', { type: 'button', disabled: page < 1 || page > pages || page === view.page, on: () => { show({ page, order: '' }); $('orders').scrollIntoView(); $('orders').focus({ preventScroll: true }); } }, text);
    fill($('pages'), pages > 1 ? [to(1, 'First'), to(view.page - 1, 'Previous'), el('span', {}, 'Page ' + number(view.page) + ' of ' + number(pages)), to(view.page + 1, 'Next'), to(pages, 'Last')] : []);
  }
  function row(o) {
    const isOpen = o.key === view.order;
    return el('tr', { 'data-key': o.key },
      el('td', {}, el('button', { class: 'link', type: 'button', 'aria-expanded': String(isOpen), on: () => {
        show({ order: isOpen ? '' : o.key });
        const again = [...$('rows').children].find((r) => r.dataset.key === o.key);
        if (again) again.querySelector('button').focus();
      } }, el('bdi', {}, o.number || o.key))),
      el('td', {}, el('span', { class: 'dot s-' + (WORDS[o.state] ? o.state : 'OPEN') }), WORDS[o.state] || o.state),
      el('td', { class: 'wideonly' }, o.cause ? causeText(o.cause) : ''), el('td', { class: 'wideonly' }, el('bdi', {}, o.supplier)), ways.length > 0 && el('td', { class: 'wideonly' }, o.read_by || ''),
      el('td', { class: 'num' }, o.found > o.files.length ? o.files.length + ' of ' + o.found : number(o.files.length)),
      el('td', { class: 'num wideonly' }, o.tried || ''), el('td', { class: 'num' }, o.took ? took(o.took) : ''),
      el('td', { class: 'num wideonly when' }, Number.isNaN(o.at) ? '' : [el('span', {}, day(o.at)), ' ', el('span', {}, clock(o.at))]));
  }
  function tryText(t) {
    const text = { settled: 'ended', retried: 'failed, tried again', released: 'put back, not counted', handed_on: t.worker === 'page-reader' ? 'handed on to a browser' : 'handed on for the files that need a browser', reopened: 'ended; open again later, as a lost session may have faked it' }[t.ending]
      || (data.running && last && t.start === last.number ? 'under way' : 'cut off');
    return text + (t.to >= t.from ? ' after ' + took(t.to - t.from) : '') + (t.files ? ', ' + count(t.files, 'file') + ' of ' + size(t.bytes) : '') + (t.cause ? ': ' + causeText(t.cause) + (t.detail ? ' (' + t.detail + ')' : '') : '');
  }
  function story(o) {
    const facts = [];
    const fact = (name, value) => { if (value) facts.push(el('dt', {}, name), el('dd', {}, value)); };
    fact('Outcome', (WORDS[o.state] || o.state) + (o.cause ? ': ' + causeText(o.cause) : ''));
    if (o.detail) fact('In words', o.detail);
    const help = data.causes[o.cause];
    if (needy(o) && help && help.cure) fact('What to do', help.cure);
    fact('Supplier', o.supplier && el('bdi', {}, o.supplier));
    if (o.read_by) fact('Read', wayText(o.read_by) + (o.comparisons ? '; ' + count(o.comparisons, 'comparison') + ' had agreed by then' : ''));
    fact('Page', o.url && outside(o.url));
    fact('Folder', o.folder && local(o.folder, o.folder));
    fact('Evidence', o.evidence && local(o.evidence, o.evidence));
    fact('Ended', when(o.at));
    const hash = '#order=' + encodeURIComponent(o.key);
    fact('Link', el('a', { href: hash }, hash));
    const missing = (list) => el('ul', {}, list.map((m) => el('li', {}, el('bdi', {}, m.name), ': ' + causeText(m.cause) + (m.detail ? ' (' + m.detail + ')' : ''), m.url && el('div', {}, outside(m.url)),
      m.answer && el('div', { class: 'soft' }, 'The portal said: ' + m.answer), m.evidence && el('div', {}, local(m.evidence, 'Evidence')))));
    const folder = folderOf(o);
    return el('tr', { class: 'story', 'data-story': o.key }, el('td', { colspan: COLUMNS.length },
      el('dl', { class: 'facts' }, facts), folder && picture(folder, o, 'wide'),
      o.missing_files.length > 0 && [el('h4', {}, 'Missing'), missing(o.missing_files)],
      o.tries.length > 0 && [el('h4', {}, 'Attempts'), el('ol', {}, o.tries.map((t) => el('li', {}, when(t.from) + ', ' + (t.worker || 'a worker') + (starts.length > 1 ? ', start ' + t.start : '') + ': ' + tryText(t) + (t.reason ? '. By browser, as: ' + t.reason : ''),
        t.evidence && t.evidence !== o.evidence && [' ', local(t.evidence, 'Evidence')], t.missing_files && t.ending !== 'settled' && missing(t.missing_files))))],
      o.files.length > 0 && [el('h4', {}, 'Files'), el('div', { class: 'scroll' }, el('table', { class: 'files' }, el('thead', {}, el('tr', {}, ['Name', 'Size', 'SHA-256'].map((n, i) => el('th', { scope: 'col', class: i === 1 ? 'num' : undefined }, n)))),
        el('tbody', {}, o.files.map((f) => el('tr', {}, el('td', {}, el('bdi', {}, local((o.folder ? o.folder + '/' : '') + f.name, f.name))), el('td', { class: 'num' }, size(f.bytes)), el('td', { class: 'hash' }, el('code', {}, f.sha256)))))))],
      el('h4', {}, 'More'), command('poactor explain ' + data.quoted + ' ' + nameOf(o))));
  }

  // What is shown stands in the address, so that it can be sent and gone back to.
  function write() {
    const p = new URLSearchParams();
    for (const name of ['order', 'q', 'status', 'cause', 'read', 'sort']) if (view[name]) p.set(name, view[name]);
    if (view.page > 1 && !view.order) p.set('page', view.page);
    const hash = p.toString() ? '#' + p : '#orders';
    if (location.hash !== hash) history.pushState(null, '', hash);
  }
  function show(change, scroll) {
    view = { ...view, ...change };
    orders(); inputs(); write();
    if (scroll) { $('orders').scrollIntoView(); $('orders').focus({ preventScroll: true }); }
  }
  function inputs() {
    if ($('q').value !== view.q) $('q').value = view.q;
    $('status').value = view.status; $('cause').value = view.cause; $('read').value = view.read;
  }
  function follow() {
    const text = location.hash.slice(1);
    if (text && !text.includes('=')) return false; // a section
    const p = new URLSearchParams(text);
    view = { ...NONE, q: p.get('q') || '', sort: p.get('sort') || '', page: Number.parseInt(p.get('page'), 10) || 1,
      status: STATUSES.includes(p.get('status')) ? p.get('status') : '', cause: Object.hasOwn(data.causes, p.get('cause')) ? p.get('cause') : '',
      read: ways.some(([way]) => way === p.get('read')) ? p.get('read') : '',
      order: byKey.has(p.get('order')) ? p.get('order') : '' };
    orders(); inputs();
    const target = view.order ? [...$('rows').children].find((r) => r.dataset.key === view.order) : text ? $('orders') : null;
    if (target) {
      target.scrollIntoView();
      (target.querySelector('button[aria-expanded]') || target).focus({ preventScroll: true });
    }
    return true;
  }

  head(); totals(); reading(); failures(); slow();
  fill($('start'), starts.map((s, i) => el('option', { value: i }, s.number + ': ' + when(at(s.began)))));
  $('start').value = String(starts.length - 1);
  $('start').addEventListener('change', () => drawCourse(starts[$('start').value]));
  drawCourse(last);
  if (starts.length < 2) $('start').closest('p').hidden = true;
  fill($('status'), el('option', { value: '' }, 'Any'), STATUSES.filter((s) => counts[s]).map((s) => el('option', { value: s }, WORDS[s])));
  fill($('cause'), el('option', { value: '' }, 'Any'), [...new Set(data.orders.flatMap((o) => [o.cause, ...o.missing_files.map((m) => m.cause)]).filter(Boolean))].sort().map((c) => el('option', { value: c }, causeText(c))));
  fill($('read'), el('option', { value: '' }, 'Any'), ways.map(([way]) => el('option', { value: way }, way)));
  $('read-by').hidden = !ways.length;
  $('read').addEventListener('change', () => show({ read: $('read').value, page: 1, order: '' }));
  $('q').addEventListener('input', () => { view = { ...view, q: $('q').value, page: 1, order: '' }; orders(); });
  $('q').addEventListener('change', write);
  $('status').addEventListener('change', () => show({ status: $('status').value, page: 1, order: '' }));
  $('cause').addEventListener('change', () => show({ cause: $('cause').value, page: 1, order: '' }));
  $('filters').addEventListener('submit', (e) => { e.preventDefault(); write(); });
  $('filters').addEventListener('reset', (e) => { e.preventDefault(); show({ ...NONE }); $('q').focus(); });
  addEventListener('hashchange', follow);
  addEventListener('popstate', follow);
  addEventListener('keydown', (e) => {
    if (e.key === '/' && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName) && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); $('q').focus(); }
  });
  if (!follow()) orders();
  const print = (on) => { printing = on; orders(); if (course) { throughput(); load(); timeline(); } };
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
  let width = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== width && course) { width = innerWidth; throughput(); load(); timeline(); } });
})();
