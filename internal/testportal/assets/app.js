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

  function ask(address, options) {
    return fetch(address, Object.assign({ credentials: "same-origin" }, options)).then(function (answer) {
      if (answer.status === 401) {
        return answer.json().then(function (out) {
          location.href = out.go_to;
          return null;
        });
      }
      if (!answer.ok) { throw new Error("list: " + answer.status); }
      return answer.json();
    });
  }

  function get(address, headers) { return ask(address, { headers: Object.assign({ Accept: "application/json" }, headers) }); }

  // What the ways to ask for a list answer, as the first of them does.
  function adapt(list, of, file) {
    return list && { supplier: of.supplier, markup: of.markup, requisition: of.requisition, attachments: of.list.map(file) };
  }

  // The ways.
  var calls = {
    "": function () { return get(box.dataset.list); },
    "token": function () {
      return get(box.dataset.list, { "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content });
    },
    "token-url": function () {
      return get(box.dataset.list + "?token=" + encodeURIComponent(document.querySelector("meta[name=csrf-token]").content));
    },
    "token-body": function () {
      return ask("/api/documents", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ number: box.dataset.order, token: document.querySelector("meta[name=csrf-token]").content })
      });
    },
    "graphql": function () {
      var query = "query OrderDocuments($number: String!) { order(number: $number) { number supplier { name } documents { nodes { id title path kind } } } }";
      return ask("/graphql", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ operationName: "OrderDocuments", variables: { number: box.dataset.order }, query: query })
      }).then(function (answer) {
        if (answer && answer.errors) { throw new Error("list: " + answer.errors[0].message); }
        var order = answer && answer.data.order;
        return adapt(order, order && { supplier: order.supplier.name, markup: order.markup, requisition: order.requisition, list: order.documents.nodes },
          function (n) { return { name: n.title, path: n.path, link: n.link, kind: n.kind, token: n.token }; });
      });
    },
    "id": function () { return get("/api/orders/" + box.dataset.order + "/documents"); },
    "lookup": function () {
      return get("/api/orders?number=" + encodeURIComponent(box.dataset.order)).then(function (found) {
        return found && get("/api/orders/" + found.orders[0].id + "/documents");
      });
    },
    "pages": function () {
      var all = null;
      function more(n) {
        return get(box.dataset.list + "?page=" + n).then(function (answer) {
          if (!answer) { return null; }
          if (all) { all.attachments = all.attachments.concat(answer.attachments); } else { all = answer; }
          return answer.next ? more(n + 1) : all;
        });
      }
      return more(1);
    },
    "lines": function () {
      return get(box.dataset.list).then(function (answer) {
        if (!answer || !box.dataset.lines) { return answer; }
        return get(box.dataset.lines).then(function (more) {
          answer.attachments = answer.attachments.concat(more);
          return answer;
        });
      });
    },
    "release": function () {
      return get(box.dataset.list).then(function (answer) {
        return adapt(answer, answer && { supplier: answer.vendor.name, markup: answer.markup, requisition: answer.requisition, list: answer.files },
          function (f) { return { name: f.title, path: f.href, link: f.link, kind: f.kind, token: f.token }; });
      });
    },
    "clicks": function () {
      return get(box.dataset.list).then(function (answer) {
        return adapt(answer, answer && { supplier: answer.supplier, markup: answer.markup, requisition: answer.requisition, list: answer.documents },
          function (d) {
            var end = d.viewer ? encodeURIComponent(d.name) : "download";
            return { name: d.name, path: "/attachments/" + d.id + "/" + end, link: d.viewer ? "viewer" : "button", kind: d.kind };
          });
      });
    }
  };

  calls[box.dataset.call || ""]().then(function (answer) {
    if (answer) { fill(answer); }
  });
})();
