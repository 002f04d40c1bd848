"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const runs = data.runs, several = runs.length > 1, first = runs[0];
  const charts = [];
  const sync = uPlot.sync("time");
  let style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue("--" + name).trim();
  const runColour = (place) => "c" + (1 + (place % 7));

  const whole = (value) => value == null ? "–" : Math.round(value).toLocaleString("en-US");
  const ms = (value) => value == null ? "–"
    : value < 10 ? value.toFixed(1) + " ms"
    : value < 1000 ? value.toFixed(0) + " ms"
    : value < 100000 ? (value / 1000).toFixed(2) + " s"
    : (value / 1000).toFixed(0) + " s";
  const axisMs = (value) => value == null ? ""
    : value >= 1000 ? +(value / 1000).toPrecision(3) + " s"
    : +value.toPrecision(3) + " ms";
  const share = (x) => {
    const percent = 100 * (1 - 1 / x);
    return x <= 1 ? "" : x === 2 ? "50 %" : percent.toFixed(Math.max(0, Math.round(Math.log10(x)) - 2)) + " %";
  };
  const percentile = (x) => x == null ? "–" : +(100 * (1 - 1 / x)).toPrecision(6) + " %";
  const seconds = (value) => value == null ? "–" : +value.toFixed(3) + " s";

  const mixed = (low, top, part) => {
    const numbers = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
    const [a, b] = [numbers(low), numbers(top)];
    return "rgb(" + a.map((v, i) => Math.round(v + (b[i] - v) * part)).join(",") + ")";
  };

  const axis = (more) => ({
    stroke: () => colour("quiet"), font: "12px system-ui, sans-serif",
    grid: { stroke: () => colour("grid"), width: 1 }, ticks: { stroke: () => colour("grid"), width: 1, size: 5 }, ...more,
  });
  const timeAxis = () => axis({ size: 34, values: (u, at) => at.map((t) => +t.toFixed(2) + " s"), space: 60 });
  const line = (label, name, value, more) => ({
    label, stroke: () => colour(name), width: 1.75, value: (u, v) => value(v), points: { show: false }, ...more,
  });
  const bars = (label, name, more) => ({
    label, stroke: () => colour(name), fill: () => colour(name), width: 0, points: { show: false },
    paths: uPlot.paths.bars({ size: [1, Infinity], align: 1, gap: 0 }), ...more,
  });
  // Lines over time: each value holds for the whole of its bucket.
  const steps = () => ({ paths: uPlot.paths.stepped({ align: 1 }) });

  // Vertical lines where phases begin; names where there is room for them.
  const phases = { hooks: { drawAxes: [(u) => {
    const marks = first.phases;
    if (several || marks.length < 2) return;
    const ctx = u.ctx, ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("quiet");
    ctx.lineWidth = ratio;
    ctx.font = 11 * ratio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    let free = -Infinity;
    for (const phase of marks) {
      const x = Math.round(u.valToPos(phase.t, "x", true));
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, u.bbox.top);
      ctx.lineTo(x, u.bbox.top + u.bbox.height);
      ctx.stroke();
      const name = phase.name.slice(0, 24);
      if (x < free) continue;
      ctx.fillText(name, x + 4 * ratio, u.bbox.top + 11 * ratio);
      free = x + 12 * ratio + ctx.measureText(name).width;
    }
    ctx.restore();
  }] } };

  // The longest time without any answer, when the host stood still.
  const silence = { hooks: { drawClear: [(u) => {
    if (several || !first.silence) return;
    const [from, to] = first.silence.map((t) => u.valToPos(t, "x", true));
    const left = Math.max(from, u.bbox.left), right = Math.min(to, u.bbox.left + u.bbox.width);
    if (right <= left) return;
    const ctx = u.ctx, ratio = devicePixelRatio, words = "no answer";
    ctx.save();
    ctx.fillStyle = colour("bad-band");
    ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
    ctx.fillStyle = colour("bad");
    ctx.font = 11 * ratio + "px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    if (right - left > ctx.measureText(words).width + 8 * ratio) {
      ctx.fillText(words, (left + right) / 2, u.bbox.top + u.bbox.height - 6 * ratio);
    }
    ctx.restore();
  }] } };

  const make = (id, height, build) => {
    const place = document.getElementById(id);
    if (!place) return;
    const entry = { place, height, build, chart: null, width: 0 };
    charts.push(entry);
    draw(entry);
  };
  const draw = (entry) => {
    if (entry.chart) entry.chart.destroy();
    const { options, columns } = entry.build();
    entry.width = entry.place.clientWidth;
    entry.chart = new uPlot(
      { width: entry.width, height: entry.height, padding: [12, 14, 0, 0], legend: { markers: { fill: (u, i) => u.series[i].stroke(u, i) } }, ...options }, columns, entry.place,
    );
  };
  const overTime = (options) => ({
    ...options,
    scales: { x: { time: false }, ...options.scales },
    cursor: { sync: { key: sync.key, setSeries: false }, y: false, drag: { x: true, y: false } },
    plugins: [silence, phases, ...(options.plugins || [])],
  });
  // The end of the last bucket stands on the axis too.
  const closed = (t, width, columns, keep) => t.length
    ? [[...t, t[t.length - 1] + width], ...columns.map((one) => [...one, keep ? one[one.length - 1] : null])]
    : [[], ...columns];

  // One time axis for all runs: buckets of several runs that begin at the same moment share a place.
  const together = (pick) => uPlot.join(runs.map((run) => {
    const picked = pick(run);
    return closed(run.t, run.width, picked, true);
  }));
  const high = (values) => { // far from the median: only a logarithmic scale shows both
    const sorted = values.filter((v) => v > 0).sort((a, b) => a - b);
    return sorted.length > 0 && sorted[sorted.length - 1] > 100 * sorted[sorted.length >> 1];
  };
  const leading = (v) => +(v / 10 ** Math.floor(Math.log10(v) + 1e-9)).toPrecision(6);
  const decades = (u, at) => {
    const shown = u.scales.y.max > 2000 * u.scales.y.min ? [1] : [1, 2, 5];
    return at.map((v) => shown.includes(leading(v)) ? v : null);
  };
  const scaleMs = (values) => high(values) ? { distr: 3, range: (u, low, top) => [low / 1.2, top * 1.2] } : { range: (u, low, top) => [0, (top || 1) * 1.05] };
  const msAxis = () => axis({ size: 62, values: (u, at) => at.map(axisMs) });
  const logMsAxis = (grid) => axis({ size: 62, filter: decades, grid: { show: grid !== false, filter: decades, stroke: () => colour("grid"), width: 1 }, ticks: { filter: decades, stroke: () => colour("grid"), width: 1, size: 5 }, values: (u, at) => at.map((v) => v == null ? "" : axisMs(v)) });
  const countAxis = () => axis({ size: 62, values: (u, at) => at.map((v) => v.toLocaleString("en-US")) });

  make("percentiles", 260, () => {
    const curves = runs.flatMap((run) => [run.latency, run.service]);
    const columns = uPlot.join(curves.map((one) => [one.x, one.ms]));
    const values = curves.flatMap((one) => one.ms);
    const most = Math.max(10, ...curves.flatMap((one) => one.x));
    const log = high(values);
    const splits = [1, 2];
    for (let x = 10; x <= most; x *= 10) splits.push(x);
    const series = runs.flatMap((run, place) => [
      line(several ? run.name + ": latency" : "latency, since the intended moment", several ? runColour(place) : "c1", ms, { spanGaps: true, width: 2.25 }),
      line(several ? run.name + ": service time" : "service time, since the sending", several ? runColour(place) : "c2", ms, { spanGaps: true, dash: [5, 4] }),
    ]);
    return { columns, options: {
      scales: { x: { time: false, distr: 3, range: () => [1, most] }, y: scaleMs(values) },
      axes: [axis({ size: 34, splits: () => splits, filter: (u, at) => at, values: (u, at) => at.map(share), space: 30 }), log ? logMsAxis() : msAxis()],
      series: [{ label: "requests", value: (u, v) => percentile(v) }, ...series],
      cursor: { y: false, drag: { x: false, y: false } },
    } };
  });

  make("heat", 300, () => {
    const { edges, cells, width } = first.heat;
    const columns = [[], []];
    let most = 1, last = 0;
    for (let i = 0; i < cells.length; i += 3) {
      most = Math.max(most, cells[i + 2]);
      last = Math.max(last, cells[i]);
    }
    const end = first.t.length ? first.t[first.t.length - 1] + first.width : 1;
    const paint = (u) => {
      const ctx = u.ctx;
      ctx.save();
      ctx.beginPath();
      ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
      ctx.clip();
      const low = colour("heat-low"), top = colour("heat-high");
      for (let i = 0; i < cells.length; i += 3) {
        const [column, row, n] = [cells[i], cells[i + 1], cells[i + 2]];
        const x = u.valToPos(column * width, "x", true), right = u.valToPos((column + 1) * width, "x", true);
        const y = u.valToPos(edges[row + 1], "y", true), bottom = u.valToPos(edges[row], "y", true);
        ctx.fillStyle = mixed(low, top, most > 1 ? Math.log(n) / Math.log(most) : 1);
        ctx.fillRect(Math.floor(x), Math.floor(y), Math.ceil(right) - Math.floor(x), Math.ceil(bottom) - Math.floor(y));
      }
      ctx.restore();
    };
    const t = first.t.length ? [...first.t, end] : [0, 1];
    return {
      columns: [t, first.t.length ? [...first.p50, null] : [null, null], first.t.length ? [...first.p99, null] : [null, null]],
      options: overTime({
        scales: { y: { distr: 3, range: () => [edges[0] || 0.1, edges[edges.length - 1] || 1] } },
        axes: [timeAxis(), logMsAxis(false)],
        series: [
          { label: "due at", value: (u, v) => seconds(v) },
          line("p50", "c6", ms, { ...steps(), width: 1.25 }),
          line("p99", "c2", ms, { ...steps(), width: 1.5 }),
        ],
        plugins: [{ hooks: { drawClear: [paint] } }],
      }),
    };
  });

  make("latency", 300, () => {
    const columns = together((run) => [run.p50, run.p99]);
    const values = columns.slice(1).flat().filter((v) => v != null);
    return { columns, options: overTime({
      scales: { y: scaleMs(values) }, axes: [timeAxis(), high(values) ? logMsAxis() : msAxis()],
      series: [{ label: "due at", value: (u, v) => seconds(v) }, ...runs.flatMap((run, place) => [
        line(run.name + ": p50", runColour(place), ms, { ...steps(), dash: [5, 4], width: 1.25 }),
        line(run.name + ": p99", runColour(place), ms, { ...steps(), width: 2 }),
      ])],
    }) };
  });

  make("rate", 260, () => ({
    columns: together((run) => several ? [run.done] : [run.offered, run.done]),
    options: overTime({
      axes: [timeAxis(), countAxis()], scales: { y: { range: (u, low, top) => [0, (top || 1) * 1.08] } },
      series: [{ label: "at", value: (u, v) => seconds(v) }, ...runs.flatMap((run, place) => several
        ? [line(run.name + ": done a second", runColour(place), whole, steps())]
        : [line("offered a second", "c8", whole, { ...steps(), dash: [5, 4] }), line("done a second", "c1", whole, steps())])],
    }),
  }));

  make("open", 260, () => ({
    columns: together((run) => [run.open]),
    options: overTime({
      axes: [timeAxis(), countAxis()], scales: { y: { range: (u, low, top) => [0, (top || 1) * 1.08] } },
      series: [{ label: "at", value: (u, v) => seconds(v) }, ...runs.map((run, place) =>
        line(several ? run.name + ": open" : "open requests", several ? runColour(place) : "c4", whole, {
          ...steps(), ...(several ? {} : { fill: () => colour("c4") + "22" }),
        }))],
    }),
  }));

  const stacked = (id, table, names) => make(id, 260, () => {
    const rows = table.rows, sums = rows.map(() => []);
    first.t.forEach((_, at) => {
      let sum = 0;
      for (let row = 0; row < rows.length; row++) sums[row][at] = sum += rows[row][at];
    });
    // The highest is painted first, each lower one over it.
    const order = rows.map((_, row) => row).reverse();
    return {
      columns: closed(first.t, first.width, order.map((row) => sums[row])),
      options: overTime({
        axes: [timeAxis(), countAxis()], scales: { y: { range: (u, low, top) => [0, (top || 1) * 1.08] } },
        series: [{ label: "ended at", value: (u, v) => seconds(v) }, ...order.map((row) =>
          bars(table.names[row], names(row), { value: (u, v, s, at) => at == null || rows[row][at] == null ? "–" : whole(rows[row][at]) }))],
      }),
    };
  });
  stacked("codes", first.codes, (row) => ["c3", "c2", "c5", "c4", "c6", "c7", "c8"][row]);
  stacked("errors", first.errors, (row) => ["c5", "c2", "c4", "c7", "c6", "c1", "c8"][row % 7]);

  make("late", 260, () => {
    const values = [...first.late, ...first.lateMax].filter((v) => v != null);
    return { columns: closed(first.t, first.width, [first.late, first.lateMax], true), options: overTime({
      axes: [timeAxis(), high(values) ? logMsAxis() : msAxis()], scales: { y: scaleMs(values) },
      series: [
        { label: "due at", value: (u, v) => seconds(v) },
        line("p99 begun so late", "c7", ms, { ...steps(), width: 2 }),
        line("longest", "c8", ms, { ...steps(), dash: [5, 4] }),
      ],
    }) };
  });

  const redraw = () => { style = getComputedStyle(document.documentElement); charts.forEach(draw); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  matchMedia("print").addEventListener("change", redraw);
  new ResizeObserver(() => {
    for (const one of charts) {
      if (one.place.clientWidth && one.place.clientWidth !== one.width) {
        one.width = one.place.clientWidth;
        one.chart.setSize({ width: one.width, height: one.height });
      }
    }
  }).observe(document.querySelector("main"));
})();
