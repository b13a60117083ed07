// Goes with a page whose list the portal has written into it: follows links that only a script
// follows, and does to the list what data attributes of it ask for.
(function () {
  "use strict";

  var box = document.getElementById("documents");

  function element(tag, attributes, text) {
    var e = document.createElement(tag);
    Object.keys(attributes).forEach(function (name) { e.setAttribute(name, attributes[name]); });
    if (text !== undefined) { e.textContent = text; }
    return e;
  }

  function frame(path) { document.body.appendChild(element("iframe", { src: path, style: "display:none" })); }

  function blob(path, name) {
    fetch(path, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) { throw new Error("file: " + answer.status); }
      return answer.blob();
    }).then(function (content) {
      var address = URL.createObjectURL(content);
      element("a", { href: address, download: name }).click();
      setTimeout(function () { URL.revokeObjectURL(address); }, 60000);
    });
  }

  // How a link that has no address of its own gets at its file.
  var opens = {
    "data-url": function (path) { location.href = path; },
    "button": function (path) { location.href = path; },
    "window": function (path) { window.open(path); },
    "viewer": function (path) { window.open(path); },
    "frame": frame,
    "blob": blob
  };

  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-opens]");
    if (!link) { return; }
    event.preventDefault();
    opens[link.dataset.opens](link.dataset.at || link.dataset.url, link.dataset.file);
  });

  function add(file) {
    var row = element("div", { "class": "attachment_row" });
    row.appendChild(element("span", { "class": "kind" }, file.kind));
    row.appendChild(element("a", { href: file.path }, file.name));
    box.appendChild(row);
  }

  // The documents of the order's lines come by a call of their own, and are none mostly.
  if (box.dataset.lines) {
    fetch(box.dataset.lines, { credentials: "same-origin" }).then(function (answer) {
      if (!answer.ok) { throw new Error("lines: " + answer.status); }
      return answer.json();
    }).then(function (files) { files.forEach(add); });
  }
  // What the user has no right to goes.
  box.querySelectorAll('[data-right="internal"]').forEach(function (row) { row.remove(); });
  // The rest of the list, at once or when it is asked for.
  var rest = JSON.parse(box.dataset.rest || "[]");
  var more = document.getElementById("more");
  if (more) {
    more.addEventListener("click", function () { more.remove(); rest.forEach(add); });
  } else {
    rest.forEach(add);
  }
})();
