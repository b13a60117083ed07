// Tells what a page offers as the document itself: a control that downloads it, or
// what the page shows of it. With 'mark' it notes what is there already, 'new' looks
// for what has come since, 'all' takes everything; 'mark' comes before a click.
//
// The answer: controls counts the different ones, the first of which is in
// poactorControl; shown has the addresses of what is embedded or was fetched;
// ready says that the page is whole.
(what) => {
  const words = /^\W*(download|original|save|herunterladen|speichern|t[ée]l[ée]charger|enregistrer|descargar|guardar|baixar|transferir|salvar|scarica|salva|downloaden|opslaan|ladda ner|pobierz|zapisz|st[áa]hnout|скачать|загрузить|下载|下載|ダウンロード|다운로드)(?![a-z])/iu;
  const many = /\b(all|alle|tous|todos|todas|tutti|zip)\b/i;
  const links = globalThis.poactorLinks ? globalThis.poactorLinks() : new Set();
  const visible = (el) => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length > 0;
  const text = (el) => (el.innerText || el.value || '').replace(/\s+/g, ' ').trim();
  const says = (t) => t && t.length <= 60 && words.test(t) && !many.test(t);
  const shapes = (el) => el.tagName + '\n' + text(el) + '\n' + [...el.attributes].map((a) => a.name + '=' + a.value).sort().join('\n');
  const buttons = () => [...document.querySelectorAll('a,button,input[type=button],input[type=submit],[role=button],[role=menuitem],[role=link]')].filter((el) => !links.has(el) && visible(el));
  const frames = () => [...document.querySelectorAll('embed[src],object[data],iframe[src]')].filter(visible);
  const source = (el) => { try { return new URL(el.getAttribute('src') || el.getAttribute('data'), document.baseURI).href; } catch { return ''; } };
  if (what === 'mark') {
    const had = globalThis.poactorHad = new Map();
    for (const el of buttons()) had.set(shapes(el), (had.get(shapes(el)) || 0) + 1);
    for (const el of frames()) had.set(source(el), 1);
    return null;
  }
  const had = new Map(what === 'new' ? globalThis.poactorHad : []);
  const known = (key) => { const n = had.get(key) || 0; if (n) had.set(key, n - 1); return n > 0; };
  const fresh = buttons().filter((el) => !known(shapes(el)));
  const control = (el) => el.hasAttribute('download') ||
    [text(el), el.title, el.getAttribute('aria-label') || ''].some(says) ||
    (!text(el) && /(^|[-_ ])download/i.test(el.id + ' ' + (el.getAttribute('class') || '') + ' ' + (el.dataset.testid || '')));
  const found = new Map();
  for (const el of fresh.filter(control)) {
    const key = el.href && !/^javascript:|#$/i.test(el.href) ? el.href : shapes(el);
    if (!found.has(key)) found.set(key, el);
  }
  const original = [...found.values()].filter((el) => /original/i.test(text(el) + el.title));
  const best = original.length === 1 ? original : [...found.values()];
  globalThis.poactorControl = best[0];
  const shown = new Set(frames().map(source).filter((s) => s && s !== 'about:blank' && !(what === 'new' && globalThis.poactorHad.has(s))));
  if (what === 'all' && !/html|xml/.test(document.contentType)) shown.add(location.href); // a window with the document itself
  const file = /^application\/(pdf|octet-stream|zip|msword|rtf|vnd\.|x-pdf)|^image\/tiff/i;
  if (what === 'all' && shown.size === 0) for (const e of performance.getEntriesByType('resource')) {
    if (/^(fetch|xmlhttprequest)$/.test(e.initiatorType) && (file.test(e.contentType || '') || /\.(pdf|docx?|xlsx?|tiff?|zip|msg|eml)$/i.test(new URL(e.name).pathname))) shown.add(e.name);
  }
  return {controls: best.length, shown: [...shown].slice(0, 10).map((s) => s.slice(0, 65536)), ready: document.readyState === 'complete', url: location.href.slice(0, 16384)};
}
