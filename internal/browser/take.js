// Calls give, and holds what it returns, or its promise becomes, to be taken from here in parts: a
// browser that writes one large message says nothing else meanwhile, and is taken for hung.
// most: bytes of JSON that are given; part: characters in one part.
(give, most, part) => {
  const hold = (value) => {
    if (value == null || ['number', 'boolean', 'bigint'].includes(typeof value)) return value;
    let text = ''; // of what JSON cannot have, which the browser tells best itself
    try {
      text = JSON.stringify(value) ?? '';
    } catch (e) {
      if (e instanceof RangeError) return {size: -1}; // longer than any text
    }
    if (text.length <= part) return {value, parts: 0};
    const size = text.length > most ? text.length : new TextEncoder().encode(text).length;
    if (size > most) return {size};
    const parts = [];
    for (let from = 0, to; from < text.length; from = to) {
      to = from + part;
      if (/[\uD800-\uDBFF]/.test(text.charAt(to - 1))) to--; // the first half of a character
      parts.push(text.slice(from, to));
    }
    return {parts: parts.length, part: (i) => parts[i]};
  };
  const value = give();
  return typeof value?.then === 'function' ? value.then(hold) : hold(value);
}
