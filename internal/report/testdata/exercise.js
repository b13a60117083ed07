// exercise.js uses the page as a person does, and writes what it saw into #findings. It comes
// before the page's own policy, which therefore is the real one for everything else.
const seen = { errors: [], violations: [], requests: [], checks: {}, axe: [], wide: 0 };
addEventListener('error', (e) => seen.errors.push(String(e.message)));
addEventListener('unhandledrejection', (e) => seen.errors.push(String(e.reason)));
addEventListener('securitypolicyviolation', (e) => seen.violations.push(e.violatedDirective + ' ' + e.blockedURI));
for (const name of ['error', 'warn']) console[name] = (...args) => seen.errors.push(args.join(' '));

// paper makes a sheet of the page, as printing would, and looks at what is on it.
async function paper() {
  for (const sheet of document.styleSheets) for (const rule of sheet.cssRules) {
    if (rule instanceof CSSMediaRule) rule.media.mediaText = rule.media.mediaText === 'print' ? 'all' : 'not all';
  }
  const width = 689; // of A4 without its margins, at 96 to the inch
  document.body.style.width = width + 'px';
  location.hash = '#status=';
  await new Promise((done) => setTimeout(done, 50));
  dispatchEvent(new Event('beforeprint'));
  const all = [...document.querySelectorAll('body *')].filter((e) => !e.closest('svg, .unseen, #findings') && e.checkVisibility());
  const name = (e) => e.tagName.toLowerCase() + (e.id && '#' + e.id) + ' ' + e.className;
  const cut = (e) => { const s = getComputedStyle(e); return s.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1 || s.overflowY !== 'visible' && e.scrollHeight > e.clientHeight + 1; };
  const light = (color) => color.match(/[\d.]+/g).slice(0, 3).every((n) => n > 200);
  seen.checks['paper'] = {
    wide: all.filter((e) => e.getBoundingClientRect().right > width + 1).slice(0, 5).map(name),
    cut: all.filter((e) => getComputedStyle(e).display !== 'inline' && cut(e)).slice(0, 5).map(name),
    fixed: all.filter((e) => /fixed|sticky/.test(getComputedStyle(e).position)).map(name),
    controls: all.filter((e) => e.matches('input, select, nav, .bar *, thead button')).map(name),
    dark: !light(getComputedStyle(document.body).backgroundColor) || light(getComputedStyle(document.body).color),
    small: all.filter((e) => parseFloat(getComputedStyle(e).fontSize) < 10).slice(0, 5).map(name),
    rows: document.querySelectorAll('#rows tr[data-key]').length,
    shots: Math.max(...[...document.images].map((i) => i.getBoundingClientRect().height)) < 200,
  };
  dispatchEvent(new Event('afterprint'));
  seen.checks['rows after printing'] = document.querySelectorAll('#rows tr[data-key]').length;
}

addEventListener('load', async () => {
  const $ = (id) => document.getElementById(id);
  const pause = () => new Promise((done) => setTimeout(done, 50));
  const numbers = () => [...document.querySelectorAll('#rows tr[data-key] button')].map((b) => b.textContent);
  const found = () => $('found').textContent;
  const type = async (text) => { $('q').value = text; $('q').dispatchEvent(new Event('input', { bubbles: true })); await pause(); };
  const choose = async (id, value) => { $(id).value = value; $(id).dispatchEvent(new Event('change', { bubbles: true })); await pause(); };
  const check = (name, value) => { seen.checks[name] = value; };
  try {
    check('rows', numbers().length);
    check('found', found());
    check('tiles', $('tiles').textContent);
    check('what to do', $('failures').textContent);
    check('what happened', $('words').textContent);
    check('ways', $('reading').textContent); check('read by', [...$('read').options].map((o) => o.value));
    check('charts', document.querySelectorAll('.chart > svg').length);

    await type('contract 17.pdf'); check('search', numbers());
    await type('no such thing'); check('search for nothing', found());
    await type('');
    await choose('status', 'FAILED'); check('filter by status', found()); check('address of filter', location.hash);
    await choose('cause', 'timeout'); check('filter by both', found());
    await choose('status', ''); await choose('cause', ''); await choose('read', 'call');
    check('filter by way', found()); check('address of way', location.hash);
    document.querySelector('#filters button[type=reset]').click(); await pause(); check('all again', found());
    document.querySelector('[data-sort=files]').click(); document.querySelector('[data-sort=files]').click(); await pause();
    check('sorted', numbers()[0]); check('aria-sort', document.querySelector('[aria-sort]').getAttribute('aria-sort'));
    check('focus after sort', document.activeElement.dataset.sort);
    document.querySelector('#pages button:nth-of-type(3)').click(); await pause();
    check('page 2', found()); check('address of page', location.hash);

    document.activeElement.blur();
    dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true })); check('slash', document.activeElement.id);

    location.hash = '#order=PO00017'; await pause();
    const story = document.querySelector('[data-story]');
    check('story', story && story.dataset.story); check('story text', story && story.textContent);
    check('focus', document.activeElement.getAttribute('aria-expanded'));
    check('links', [...story.querySelectorAll('a')].map((a) => a.getAttribute('href')));
    document.activeElement.click(); await pause(); check('closed', document.querySelectorAll('[data-story]').length);
    check('focus after closing', document.activeElement.getAttribute('aria-expanded'));
    history.back(); await pause(); await pause(); check('back', document.querySelectorAll('[data-story]').length);

    location.hash = '#order=HOSTILE'; await pause();
    check('hostile', document.querySelector('[data-story]').textContent);
    check('hostile links', [...document.querySelectorAll('[data-story] a')].map((a) => a.getAttribute('href')));
    check('hostile hash', (location.hash = '#order=%3Cimg%20src=x%20onerror=owned()%3E&sort=__proto__&cause=constructor', await pause(), found()));
    location.hash = '#order=HOSTILE'; await pause();
    check('owned', String(window.owned));
    check('scripts', document.scripts.length);
    check('pictures', [...document.images].map((i) => i.src.slice(0, 11)));
    check('odd links', [...document.links].map((a) => a.getAttribute('href')).filter((h) => !/^(#|\.\/|https?:\/\/portal\.example\/)/.test(h)));
    seen.wide = document.documentElement.scrollWidth - innerWidth;
    seen.requests = performance.getEntriesByType('resource').map((e) => e.name).filter((n) => !n.startsWith('data:'));
    seen.before = seen.violations.length + seen.errors.length; // axe may have its own
    const result = await axe.run(document, { resultTypes: ['violations'] });
    seen.axe = result.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | '));
    check('axe rules passed', result.passes.length > 10);
    await paper();
  } catch (e) { seen.errors.push('exercise: ' + e.stack); }
  const out = document.createElement('pre');
  out.id = 'findings';
  out.textContent = encodeURIComponent(JSON.stringify(seen));
  document.body.append(out);
});
