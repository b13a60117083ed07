// Writes the page down for people who look into a failure: its text and structure,
// as far as selectors need it. Nothing is taken over as the page has written it.
// What comes out are elements of a list, with attributes of a list, and text that is
// escaped: so nothing in it runs, loads, sends or leads on by itself. What could be a
// secret is left out: the values of fields, what addresses have behind a question
// mark, content that is called a token, and whatever looks like one.
((most) => {
  const gone = '[removed]';
  // A page can put fields and images in the place of a form's or the document's own
  // properties, but not of their prototypes'.
  const getter = (of, name) => { const get = Object.getOwnPropertyDescriptor(of, name).get; return (node) => get.call(node); };
  const first = getter(Node.prototype, 'firstChild'), next = getter(Node.prototype, 'nextSibling');
  const parent = getter(Node.prototype, 'parentNode'), kind = getter(Node.prototype, 'nodeType');
  const data = getter(CharacterData.prototype, 'data'), tag = getter(Element.prototype, 'localName');
  const space = getter(Element.prototype, 'namespaceURI');
  const attribute = (el, name) => Element.prototype.getAttribute.call(el, name) || '';
  const attributes = (el) => Element.prototype.getAttributeNames.call(el);
  const root = getter(Document.prototype, 'documentElement')(document);
  const HTML = 'http://www.w3.org/1999/xhtml';

  const words = (text) => new Set(text.split(/\s+/));
  const kept = words('a abbr address area article aside b bdi bdo big blockquote body br button caption center cite code col colgroup dd del ' +
    'details dfn dialog div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label ' +
    'legend li main map mark menu meter nav ol optgroup option output p pre progress q s samp search section select small span strike strong ' +
    'sub summary sup table tbody td textarea tfoot th thead time title tr tt u ul var wbr');
  const empty = words('area br col hr img input wbr');
  const passed = words('html head noembed noframes listing xmp plaintext slot picture data ruby rb rt rp nobr'); // their content alone
  const plain = words('id class name type role title alt for placeholder label colspan rowspan scope headers lang dir datetime ' +
    'disabled checked selected hidden readonly required multiple open');

  const secret = /token|csrf|xsrf|auth(?!or)|session|secret|passw|nonce|api[-_]?key|signature|cookie|credential|jwt|bearer|otp\b/i;
  const known = new Set();
  // A word or a short number is no secret, unless it is in a field for one.
  const know = (value, least, field) => {
    const text = String(value || '').trim();
    if (text.length < least || text.length > 4096 || !field && /^([a-z]{1,15}|\d{1,9})$/i.test(text)) return;
    known.add(text);
  };
  // Whoever reads the page's storage may find an object in it, written as JSON.
  const leaves = (value, marked, depth) => {
    if (value && typeof value === 'object' && depth < 5) {
      for (const name of Object.keys(value)) leaves(value[name], marked || secret.test(name), depth + 1);
    } else if (marked && typeof value !== 'object') know(value, 6);
  };
  for (const of of ['localStorage', 'sessionStorage']) {
    try {
      const store = window[of];
      for (let i = 0; i < store.length && i < 1000; i++) {
        const name = store.key(i), text = store.getItem(name) || '';
        let value = text;
        try { value = JSON.parse(text); } catch { /* a text */ }
        if (typeof value !== 'object' && secret.test(name)) know(text, 6);
        leaves(value, secret.test(name), 0);
      }
    } catch { /* the page has none */ }
  }
  for (const el of Document.prototype.querySelectorAll.call(document, '*')) {
    const marked = secret.test(attribute(el, 'name')) || secret.test(attribute(el, 'id')) || secret.test(attribute(el, 'http-equiv'));
    const type = attribute(el, 'type').toLowerCase();
    if (tag(el) === 'input' && (type === 'hidden' || type === 'password')) know(attribute(el, 'value'), marked || type === 'password' ? 4 : 8, marked || type === 'password');
    else if (marked) { know(attribute(el, 'value'), 6); know(attribute(el, 'content'), 6); }
    for (const name of attributes(el)) if (secret.test(name)) know(attribute(el, name), 6);
  }
  const list = [...known].sort((a, b) => b.length - a.length);

  // What looks like a secret, wherever it stands.
  const looks = [
    [/\b(https?:)?\/\/[^\s"'<>]+/gi, (address) => address.replace(/^((?:https?:)?\/\/)[^/@]*@/i, '$1').replace(/;jsessionid=[^?#/]*/i, '').replace(/[?#].*$/s, '?' + gone)],
    [/\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g, gone], // JWT
    [/\b(bearer)\s+[\w.~+/=-]{16,}/gi, '$1 ' + gone],
    [/\b([\w.-]*(?:token|secret|[cx]srf|session(?:[-_]?id)?|sid|signature|sig|passw\w*|api[-_]?key|auth|nonce)["']?\s*[=:]\s*["']?)[\w.~+/%=-]{6,}/gi, '$1' + gone],
    // Letters and digits change often in what is random, and rarely in names of files. A UUID is an order's or a file's.
    [/[\w+/=-]{32,}/g, (text) => (text.match(/\d(?=[a-z])|[a-z](?=\d)/gi) || []).length >= 5 && !/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? gone : text],
  ];
  const clean = (text) => {
    for (const value of list) text = text.replaceAll(value, gone);
    for (const [what, by] of looks) text = text.replace(what, by);
    return text;
  };
  const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

  const out = [];
  let length = 0;
  const write = (text) => { out.push(text); length += text.length; };
  const link = (el) => {
    try {
      const to = new URL(attribute(el, 'href'), location.href);
      if (to.protocol !== 'http:' && to.protocol !== 'https:') return gone;
      return to.origin + clean(to.pathname).replace(/;jsessionid=[^/]*/i, '') + (to.search ? '?' + gone : '');
    } catch { return gone; }
  };
  const written = (el) => {
    let text = '';
    const add = (name, value) => { text += ' ' + name + '="' + escape(value.slice(0, 2000)) + '"'; };
    for (const name of attributes(el)) {
      const value = attribute(el, name);
      if (secret.test(name) && /^(data|aria)-[\w.-]+$/.test(name)) add(name, gone);
      else if (plain.has(name) || /^aria-[a-z-]+$/.test(name)) add(name, clean(value));
      else if (/^data-[\w.-]+$/.test(name)) add(name, /^data:/i.test(value) ? gone : clean(value.replace(/[?#][^\s,]*/g, '?' + gone)));
    }
    const type = attribute(el, 'type').toLowerCase();
    if (/^(a|area)$/.test(tag(el)) && attribute(el, 'href')) add('href', link(el));
    else if (tag(el) === 'input' && attribute(el, 'value')) add('value', /^(submit|button|reset)$/.test(type) ? clean(attribute(el, 'value')) : gone);
    return text;
  };
  // begin writes an element down and says whether its content is wanted.
  const begin = (el) => {
    const name = tag(el);
    if (space(el) !== HTML) { write('<!-- ' + name.replace(/[^a-z]/gi, '') + ' -->'); return false; }
    if (passed.has(name)) return true;
    if (!kept.has(name) && !/^[a-z][a-z\d]*(-[a-z\d]+)+$/.test(name)) { write('<!-- ' + name.replace(/[^a-z\d]/gi, '') + ' -->'); return false; }
    write('<' + name + written(el) + '>');
    if (name === 'textarea') { write((first(el) ? gone : '') + '</textarea>'); return false; }
    return !empty.has(name);
  };
  const end = (el) => { if (!passed.has(tag(el))) write('</' + tag(el) + '>'); };
  const walk = (top) => {
    for (let node = top; node;) {
      let down = null;
      if (length > most) return;
      if (kind(node) === Node.TEXT_NODE) write(escape(clean(data(node))));
      else if (kind(node) === Node.ELEMENT_NODE && begin(node)) {
        down = first(node);
        if (!down) end(node);
      }
      if (down) { node = down; continue; }
      while (node !== top && !next(node)) { node = parent(node); end(node); }
      if (node === top) return;
      node = next(node);
    }
  };

  // Nothing is loaded or sent, should a browser ever find anything to.
  write('<!doctype html>\n<html' + written(root) + '><head><meta http-equiv="Content-Security-Policy" content="' +
    "default-src 'none'; base-uri 'none'; form-action 'none'" + '"><meta charset="utf-8">\n<!-- ' +
    escape(clean(location.origin + location.pathname)).replace(/--/g, '- -') + ' -->\n');
  let body = false;
  for (let part = first(root); part; part = next(part)) {
    if (!body && kind(part) === Node.ELEMENT_NODE && tag(part) !== 'head') { body = true; write('</head>\n'); }
    walk(part);
  }
  return out.join('') + '\n</html>\n';
})
