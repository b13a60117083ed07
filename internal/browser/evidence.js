// Writes the page down for people who look into a failure, without anything that
// could be a secret: scripts, comments, the values of fields, what addresses have
// behind a question mark, and the content of tags that carry tokens.
(() => {
  const gone = '[removed]';
  const root = document.documentElement.cloneNode(true);
  root.querySelectorAll('script, noscript, template, object, embed').forEach((el) => el.remove());
  const comments = document.createTreeWalker(root, NodeFilter.SHOW_COMMENT);
  const list = [];
  while (comments.nextNode()) list.push(comments.currentNode);
  list.forEach((node) => node.remove());
  const secret = /token|csrf|xsrf|auth|session|secret|passw|nonce|api[-_]?key|signature|cookie/i;
  for (const el of root.querySelectorAll('*')) {
    const field = /^(INPUT|TEXTAREA|SELECT|OPTION|BUTTON|META)$/.test(el.tagName);
    const marked = secret.test(el.getAttribute('name') || '') || secret.test(el.id || '');
    for (const {name, value} of [...el.attributes]) {
      if (/^on/i.test(name) || name === 'srcdoc' || name === 'nonce') el.removeAttribute(name);
      else if (field && (name === 'value' || (name === 'content' && marked))) el.setAttribute(name, gone);
      else if (secret.test(name)) el.setAttribute(name, gone);
      else if (/^data:/i.test(value)) el.setAttribute(name, gone);
      else if (/[?#]/.test(value) && (/^(href|src|srcset|action|formaction|poster|cite|background)$/.test(name) || /:\/\/|^\//.test(value))) {
        el.setAttribute(name, value.replace(/[?#][^\s,]*/g, '?' + gone));
      }
    }
    if (el.tagName === 'TEXTAREA') el.textContent = gone;
  }
  return '<!doctype html>\n<!-- ' + location.origin + location.pathname.replace(/--/g, '- -') + ' -->\n' + root.outerHTML;
})()
