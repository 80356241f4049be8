// Theme, printing, and the charts: each is drawn when it comes into view, from the table under it.
"use strict";
(function () {
  var root = document.documentElement;
  var shared = root.dataset.shared;
  var THEME = "koers-theme";

  // From a disk, storage may be refused: then the theme lasts as long as the page.
  function remembered() {
    try { return localStorage.getItem(THEME); } catch (refused) { return null; }
  }
  function remember(theme) {
    try { localStorage.setItem(THEME, theme); } catch (refused) { /* lasts as long as the page */ }
  }
  function apply(theme) {
    if (theme === "light" || theme === "dark") { root.dataset.theme = theme; }
  }
  apply(remembered());

  function isDark() {
    if (root.dataset.theme) { return root.dataset.theme === "dark"; }
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  var loading = {};
  function load(name) {
    loading[name] = loading[name] || new Promise(function (done, failed) {
      var script = document.createElement("script");
      script.src = shared + name;
      script.onload = done;
      script.onerror = function () { failed(new Error(name + " cannot be read")); };
      document.head.appendChild(script);
    });
    return loading[name];
  }

  function number(text) { return text === "" || text === undefined ? null : Number(text); }

  // The rows of a table as a chart takes them; what a point says is what its cells say.
  function rows(table, isTrend) {
    var said = Array.from(table.tHead.rows[0].cells, function (cell) { return cell.textContent.trim(); });
    return Array.from(table.tBodies[0].rows, function (row, n) {
      var cells = Array.from(row.cells, function (cell) { return cell.textContent.trim().replace(/\s+/g, " "); });
      var data = row.dataset;
      var told = cells[0] + "\n" + cells.slice(1).map(function (text, at) {
        return text && text !== "–" ? said[at + 1] + ": " + text : "";
      }).filter(Boolean).join("\n");
      if (isTrend) {
        return {
          period: data.period, value: number(data.value), target: number(data.target),
          lower: number(data.lower), upper: number(data.upper),
          usual_from: number(data.usual_from), usual_to: number(data.usual_to),
          mark: data.mark || null, told: told
        };
      }
      // Two contributors may have one name: what cannot be seen keeps them apart.
      return {
        n: n, from: number(data.from), to: number(data.to), kind: data.kind,
        label: cells[0] + "   " + cells[1] + "\u200b".repeat(n), told: told
      };
    });
  }

  function draw(box) {
    if (box.dataset.drawn) { return Promise.resolve(); }
    box.dataset.drawn = "yes";
    return Promise.all([load("vega.js"), load("charts-" + root.lang + ".js")]).then(function () {
      var kind = box.dataset.chart;
      var spec = JSON.parse(JSON.stringify(window.koers.specs[kind]));
      var isTrend = kind.indexOf("trend/") === 0;
      var values = rows(document.getElementById(box.dataset.table), isTrend);
      spec.data = { values: values };
      if (isTrend) {
        spec.layer = spec.layer.filter(function (layer) {
          return layer.name === "hover" || values.some(function (row) {
            return row.mark === layer.name || (row[layer.name] !== null && row[layer.name] !== undefined);
          });
        });
      }
      if (!isTrend) { spec.height = 30 * values.length; }
      if (!isTrend && box.clientWidth < 520) { spec.encoding.y.axis.labelLimit = Math.round(box.clientWidth * 0.5); }
      // In a box of its own, out of sight for screen readers: it would rename the one it is in.
      var inner = document.createElement("div");
      inner.setAttribute("aria-hidden", "true");
      box.appendChild(inner);
      return vegaEmbed(inner, spec, {
        actions: false, ast: true, renderer: "svg", defaultStyle: false,
        formatLocale: window.koers.number, timeFormatLocale: window.koers.time,
        tooltip: { theme: "koers", disableDefaultStyle: true, sanitize: escaped }
      });
    }).then(function () {
      box.classList.add("is-drawn");
    });
  }

  function escaped(value) {
    var text = document.createElement("span");
    text.textContent = String(value);
    return text.innerHTML.replace(/\n/g, "<br>");
  }

  function drawAll() {
    return Promise.all(Array.from(document.querySelectorAll(".chart"), function (box) {
      return box.closest("details:not([open])") ? null : draw(box);
    }));
  }

  var boxes = document.querySelectorAll(".chart");
  if (boxes.length) {
    var seen = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
      });
    }, { rootMargin: "200px" });
    boxes.forEach(function (box) {
      // What is in view from the start need not wait for a frame.
      var place = box.getBoundingClientRect();
      if (place.height && place.top < innerHeight && place.bottom > 0) { draw(box); } else { seen.observe(box); }
    });
  }

  document.querySelectorAll("button[data-do]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      if (button.dataset.do === "print") { drawAll().then(function () { window.print(); }); return; }
      var theme = isDark() ? "light" : "dark";
      apply(theme);
      remember(theme);
    });
  });
  addEventListener("beforeprint", drawAll);
})();
