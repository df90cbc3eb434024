// Runs in the page after its own script and writes what it found as JSON into the document.
(function () {
  'use strict';
  function monotone(values, up) {
    for (var i = 1; i < values.length; i++) {
      var a = values[i - 1], b = values[i];
      if (typeof a !== 'number' || typeof b !== 'number') { continue; }
      if (up ? a > b : a < b) { return false; }
    }
    return true;
  }
  function column(table, i) {
    return Array.prototype.map.call(table.tBodies[0].rows, function (row) {
      var v = row.cells[i].getAttribute('data-v');
      return v === null ? row.cells[i].textContent : parseFloat(v);
    });
  }
  function sorting() {
    var clicked = 0, wrong = [];
    document.querySelectorAll('table.sortable').forEach(function (table) {
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (th, i) {
        var button = th.querySelector('button');
        if (!button) { return; }
        [true, false].forEach(function (up) {
          button.click();
          clicked++;
          if (th.getAttribute('aria-sort') !== (up ? 'ascending' : 'descending') || !monotone(column(table, i), up)) { wrong.push(table.caption.textContent + ': ' + th.textContent); }
        });
      });
    });
    return { clicked: clicked, wrong: wrong };
  }
  function chart(canvas) {
    var c = Chart.getChart(canvas), told = '', set = 0;
    while (set < c.data.datasets.length && !c.data.datasets[set].data.length) { set++; }
    if (set < c.data.datasets.length) {
      c.tooltip.setActiveElements([{ datasetIndex: set, index: 0 }], { x: 0, y: 0 });
      c.update();
      told = [].concat.apply([], (c.tooltip.body || []).map(function (b) { return b.lines; })).join(' | ');
    }
    return { id: canvas.id, sets: c.data.datasets.length, told: told, width: c.width, room: canvas.parentNode.clientWidth };
  }
  var numbers = Array.prototype.map.call(document.querySelectorAll('section'), function (s) {
    return { id: s.id, rows: Array.prototype.map.call(s.querySelectorAll('tbody tr'), function (row) {
      return Array.prototype.map.call(row.cells, function (cell) {
        var v = cell.getAttribute('data-v');
        return v === null ? cell.textContent : parseFloat(v);
      });
    }) };
  });
  var found = {
    numbers: numbers, charts: Array.prototype.map.call(document.querySelectorAll('canvas'), chart), sorting: sorting(),
    requests: performance.getEntriesByType('resource').length, images: document.querySelectorAll('img').length, hit: window.hit === undefined,
    wide: document.documentElement.scrollWidth, inner: window.innerWidth, dark: getComputedStyle(document.body).backgroundColor
  };
  var pre = document.createElement('pre');
  pre.id = 'probe';
  pre.textContent = JSON.stringify(found);
  document.body.appendChild(pre);
  if (window.parent !== window) { window.parent.postMessage(pre.textContent, '*'); }
})();
