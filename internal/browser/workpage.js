// Looks for an element for a while, and does something with it when it is there.
(selector, visible, action, arg, limit) => new Promise((resolve) => {
  const shown = (el) => el.checkVisibility ? el.checkVisibility({visibilityProperty: true}) : el.getClientRects().length > 0;
  const find = () => [...document.querySelectorAll(selector)].find((el) => !visible || shown(el));
  const act = (el) => {
    switch (action) {
      case 'text': return el.innerText ?? el.textContent;
      case 'click':
        el.scrollIntoView({block: 'center', behavior: 'instant'});
        el.click ? el.click() : el.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
        return null;
      case 'type': {
        el.focus();
        if (el.isContentEditable) el.textContent = arg;
        else {
          // The element's own property may be one by which a script watches what it sets itself.
          const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(el), 'value');
          if (!own || !own.set) throw new TypeError(selector + ' is no field');
          own.set.call(el, arg);
        }
        el.dispatchEvent(new InputEvent('input', {bubbles: true, data: arg, inputType: 'insertText'}));
        el.dispatchEvent(new Event('change', {bubbles: true}));
        return null;
      }
    }
    return null;
  };
  const begun = performance.now();
  const look = () => {
    try {
      const el = find();
      if (el) resolve({found: true, value: act(el)});
      else if (performance.now() - begun > limit) resolve({found: false});
      else setTimeout(look, 30);
    } catch (e) {
      resolve({found: false, wrong: String(e && e.message || e)});
    }
  };
  look();
})
