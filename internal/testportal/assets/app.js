// Fills an order's page: asks for the supplier and the attachments and shows
// them. Names are hostile; they only ever become text or attribute values.
(function () {
  "use strict";

  var box = document.getElementById("documents");

  function element(tag, attributes, text) {
    var e = document.createElement(tag);
    Object.keys(attributes).forEach(function (name) { e.setAttribute(name, attributes[name]); });
    if (text !== undefined) { e.textContent = text; }
    return e;
  }

  // The places where portals have shown a supplier.
  var supplierMarkup = [
    function (name) { return element("span", { "data-supplier-name": "" }, name); },
    function (name) { return element("span", { "class": "po-supplier-name" }, name); },
    function (name) { return wrap(element("div", { "class": "supplier-info" }), element("span", {}, name)); },
    function (name) { return wrap(element("div", { "data-testid": "order-supplier" }), element("span", {}, name)); },
    function (name) { return wrap(element("div", { "class": "order_supplier" }), element("span", {}, name)); }
  ];

  function wrap(outer, inner) {
    outer.appendChild(inner);
    return outer;
  }

  function onClick(e, action) {
    e.addEventListener("click", function (event) {
      event.preventDefault();
      action();
    });
    return e;
  }

  function button(file) {
    return element("span", { role: "button", tabindex: "0", "aria-label": file.name + " file attachment" }, file.name);
  }

  function openWindow(file) {
    return onClick(button(file), function () { window.open(file.path); });
  }

  // How a page lets people get at a file.
  var links = {
    "href": function (file) { return element("a", { href: file.path }, file.name); },
    "download": function (file) { return element("a", { href: file.path, download: file.name }, "Download"); },
    "data-url": function (file) {
      return onClick(element("a", { href: "#", "data-url": file.path, title: file.name }, "Open"), function () { location.href = file.path; });
    },
    "blank": function (file) { return element("a", { href: file.path, target: "_blank", "aria-label": file.name + " file attachment" }, file.name); },
    "inline": function (file) { return element("a", { href: file.path, title: file.name }, file.name); },
    "button": function (file) { return onClick(button(file), function () { location.href = file.path; }); },
    "window": openWindow,
    "viewer": openWindow,
    "frame": function (file) {
      return onClick(button(file), function () {
        document.body.appendChild(element("iframe", { src: file.path, style: "display:none" }));
      });
    },
    "form": function (file) {
      var form = element("form", { method: "post", action: file.path });
      form.appendChild(element("input", { type: "hidden", name: "authenticity_token", value: file.token }));
      return wrap(form, element("button", { type: "submit", "aria-label": file.name + " file attachment" }, file.name));
    },
    "blob": function (file) {
      return onClick(button(file), function () {
        fetch(file.path, { credentials: "same-origin" }).then(function (answer) {
          if (!answer.ok) { throw new Error("file: " + answer.status); }
          return answer.blob();
        }).then(function (blob) {
          var address = URL.createObjectURL(blob);
          var a = element("a", { href: address, download: file.name });
          a.click();
          setTimeout(function () { URL.revokeObjectURL(address); }, 60000);
        });
      });
    }
  };

  function row(file, twins) {
    var r = element("div", { "class": "attachment_row" });
    if (twins) {
      r.appendChild(wrap(element("a", { href: file.path }), element("img", { src: "/assets/icon-1.png", width: 16, alt: "" })));
    }
    r.appendChild(element("span", { "class": "kind" }, file.kind));
    r.appendChild(links[file.link](file));
    return r;
  }

  function fill(answer) {
    document.getElementById("party").appendChild(supplierMarkup[answer.markup](answer.supplier));
    if (answer.requisition) {
      var cell = document.getElementById("requisition");
      cell.appendChild(element("a", { href: answer.requisition.path }, answer.requisition.text));
      cell.hidden = document.getElementById("requisition_label").hidden = false;
    }
    box.textContent = "";
    if (answer.attachments.length === 0) {
      box.appendChild(element("p", { "class": "no_attachments" }, box.dataset.none));
    }
    answer.attachments.forEach(function (file) { box.appendChild(row(file, answer.twins)); });
  }

  fetch(box.dataset.list, { credentials: "same-origin", headers: { Accept: "application/json" } }).then(function (answer) {
    if (answer.status === 401) {
      return answer.json().then(function (out) {
        location.href = out.go_to;
        return null;
      });
    }
    if (!answer.ok) { throw new Error("list: " + answer.status); }
    return answer.json();
  }).then(function (answer) {
    if (answer) { fill(answer); }
  });
})();
