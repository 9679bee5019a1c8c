"use strict";
// Draws each drill's charts from the numbers that stand in the page. All charts of a drill show the
// same span of time, and their axes stand in line.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const faded = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const seconds = (ms) => (ms > 0 ? "+" : "") + (ms / 1000).toLocaleString("en", { maximumFractionDigits: 3 }) + " s";
  const BARS_MAX = 130;
  const LANE = 17;
  const AXIS = 62;
  const MARGIN = 14;

  /// Counts of equal steps as rates a second, at the middle of each step; summed up so that about
  /// BARS_MAX are shown.
  function rates(course, counts, span) {
    const nice = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    const wanted = (span.until - span.from) / course.step_ms / BARS_MAX;
    const sum = nice.find((n) => n >= wanted) || 1000;
    const points = [];
    for (let i = 0; i < counts.length; i += sum) {
      let total = 0;
      for (let j = i; j < Math.min(i + sum, counts.length); ++j) total += counts[j];
      const length = Math.min(sum, counts.length - i) * course.step_ms;
      points.push({ x: course.begins_ms + (i + sum / 2) * course.step_ms, y: (total * 1000) / length });
    }
    return points;
  }

  const added = (lists) => lists[0].map((_, i) => lists.reduce((sum, list) => sum + list[i], 0));

  /// Where the flag of each moment in the span goes: as low as it finds room. `area` in pixels.
  function flagsFor(moments, span, area, measure) {
    const lanes = [];
    const flags = [];
    for (const moment of moments) {
      if (moment.at_ms < span.from || moment.at_ms > span.until) continue;
      const at = area.left + ((moment.at_ms - span.from) / (span.until - span.from)) * (area.right - area.left);
      const width = measure(moment.flag) + 8;
      const left = Math.min(Math.max(at - width / 2, area.left), area.right - width);
      let lane = lanes.findIndex((right) => right + 2 < left);
      if (lane < 0) lane = lanes.length;
      lanes[lane] = left + width;
      flags.push({ ...moment, at, left, width, lane });
    }
    return { flags, lanes: lanes.length };
  }
  const flagFont = () => "600 11px " + Chart.defaults.font.family;
  const measureBy = (ctx) => (text) => { ctx.font = flagFont(); return ctx.measureText(text).width; };

  /// The moments of the timeline as numbered flags above the chart.
  function momentsPlugin(moments, span) {
    return {
      id: "moments",
      afterDraw(chart) {
        const { ctx, chartArea: area } = chart;
        ctx.save();
        ctx.textBaseline = "middle";
        for (const flag of flagsFor(moments, span, area, measureBy(ctx)).flags) {
          const top = area.top - (flag.lane + 1) * LANE;
          const ink = flag.strong ? colour("unknown") : colour("moment");
          ctx.strokeStyle = faded(ink, flag.strong ? 0.9 : 0.4);
          ctx.lineWidth = flag.strong ? 2 : 1;
          ctx.beginPath();
          ctx.moveTo(flag.at, flag.flag ? top + LANE - 3 : area.top);
          ctx.lineTo(flag.at, area.bottom);
          ctx.stroke();
          if (!flag.flag) continue;
          ctx.fillStyle = flag.strong ? ink : colour("plate");
          ctx.strokeStyle = ink;
          ctx.lineWidth = 1;
          ctx.beginPath();
          ctx.rect(flag.left, top, flag.width, LANE - 3);
          ctx.fill();
          ctx.stroke();
          ctx.font = flagFont();
          ctx.fillStyle = flag.strong ? colour("paper") : ink;
          ctx.fillText(flag.flag, flag.left + 4, top + (LANE - 3) / 2 + 0.5);
        }
        ctx.restore();
      },
    };
  }

  const stepFor = (span) =>
    [1, 2, 5, 10, 30, 60, 300, 600, 3600].map((s) => s * 1000).find((step) => (span.until - span.from) / step <= 14) || 36e5;

  /// From one tick of the axis to another.
  function evenly(span) {
    const step = stepFor(span);
    return { from: Math.floor(span.from / step) * step, until: Math.ceil(span.until / step) * step };
  }

  function options(span, change) {
    const grid = { color: colour("line"), borderColor: colour("line") };
    const ticks = { color: colour("soft"), font: { size: 11 } };
    const base = {
      animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
      interaction: { mode: "index", axis: "x", intersect: false },
      layout: { padding: { right: MARGIN } },
      elements: { point: { radius: 0, hitRadius: 6 }, line: { borderWidth: 2 } },
      scales: {
        x: { type: "linear", min: span.from, max: span.until, offset: false, grid: { ...grid, offset: false },
             ticks: { ...ticks, maxRotation: 0, autoSkipPadding: 18, stepSize: stepFor(span), callback: (v) => seconds(v) } },
        y: { beginAtZero: true, grid, ticks: { ...ticks, maxTicksLimit: 5 }, afterFit: (scale) => { scale.width = AXIS; } },
      },
      plugins: {
        legend: { position: "bottom", align: "start",
                  labels: { color: colour("ink"), boxWidth: 12, boxHeight: 12, font: { size: 12 } } },
        tooltip: { callbacks: { title: (items) => items.length ? "around " + seconds(items[0].parsed.x) : "" } },
      },
    };
    change(base);
    return base;
  }

  const bars = (label, points, name) => ({
    label, data: points, backgroundColor: colour(name), barPercentage: 1, categoryPercentage: 1,
  });
  const regionColour = (drill, region) => "region-" + (1 + (drill.regions.indexOf(region) % 2));

  const draw = {
    orders(drill, span, canvas) {
      const { course } = drill;
      const place = canvas.parentElement;
      const { lanes } = flagsFor(drill.moments, span, { left: AXIS, right: place.clientWidth - MARGIN }, measureBy(canvas.getContext("2d")));
      place.style.height = 250 + LANE * lanes + "px";
      const sets = course.acknowledged_by.map((by) =>
        bars("acknowledged by " + by.region, rates(course, by.counts, span), regionColour(drill, by.region)));
      const total = (kind) => rates(course, added(course.ingress.map((each) => each[kind])), span);
      if (course.ingress.length) {
        sets.push(bars("declined: the seat was another buyer's", total("declined"), "declined"));
        sets.push(bars("refused", total("refused"), "refused"));
        sets.push(bars("outcome unknown", total("unknown"), "unknown"));
      }
      return { type: "bar", data: { datasets: sets }, plugins: [momentsPlugin(drill.moments, span)],
               options: options(span, (o) => {
                 o.scales.x.stacked = o.scales.y.stacked = true;
                 o.layout.padding.top = 4 + LANE * lanes;
               }) };
    },
    leases(drill, span) {
      const { course } = drill;
      const stretches = course.leases.map((lease) => ({ y: lease.region, x: [lease.from_ms, lease.until_ms] }));
      return { type: "bar",
               data: { labels: drill.regions, datasets: [{
                 data: stretches, barPercentage: 0.7, categoryPercentage: 0.9, borderSkipped: false,
                 backgroundColor: course.leases.map((lease) => colour(regionColour(drill, lease.region))),
               }] },
               plugins: [momentsPlugin(drill.moments.filter((moment) => moment.strong).map((moment) => ({ ...moment, flag: "" })), span)],
               options: options(span, (o) => {
                 o.indexAxis = "y";
                 o.interaction = { mode: "nearest", intersect: true };
                 o.scales.y = { ...o.scales.y, type: "category", labels: drill.regions, grid: { display: false } };
                 o.scales.y.ticks = { ...o.scales.y.ticks, color: colour("ink"), font: { size: 12 } };
                 o.datasets = { bar: { grouped: false } };
                 o.plugins.legend.display = false;
                 o.plugins.tooltip.callbacks = {
                   title: (items) => items.length ? items[0].label : "",
                   label: (item) => { const l = course.leases[item.dataIndex];
                     return seconds(l.from_ms) + (l.endless ? ", without end" : " to " + seconds(l.until_ms)); },
                 };
               }) };
    },
    latency(drill, span) {
      const { course } = drill;
      const { latency } = course;
      const points = (values) => values.map((y, i) => ({ x: course.begins_ms + (i + 0.5) * latency.step_ms, y: y === null ? null : Math.max(y, 1) }));
      const line = (label, values, name) => ({ label, data: points(values), borderColor: colour(name), backgroundColor: colour(name), pointRadius: 2.5 });
      return { type: "line",
               data: { datasets: [line("median", latency.p50_ms, "region-1"), line("99th percentile", latency.p99_ms, "other")] },
               options: options(span, (o) => {
                 o.scales.y.type = "logarithmic";
                 o.scales.y.min = 1;
                 o.scales.y.ticks.callback = (v) => [1, 10, 100, 1000, 10000].includes(v) ? v.toLocaleString("en") + " ms" : "";
                 o.scales.y.ticks.maxTicksLimit = undefined;
                 o.scales.y.ticks.autoSkip = false;
                 o.scales.y.grid = { ...o.scales.y.grid, color: (c) => [1, 10, 100, 1000, 10000].includes(c.tick.value) ? colour("line") : "transparent" };
               }) };
    },
    lag(drill, span) {
      const { lag } = drill.course;
      return { type: "line",
               data: { datasets: [{ label: "lag", data: lag.at_ms.map((x, i) => ({ x, y: lag.lag_ms[i] })),
                                    borderColor: colour("region-2"), backgroundColor: faded(colour("region-2"), 0.18), fill: "origin" }] },
               options: options(span, (o) => {
                 o.plugins.legend.display = false;
                 o.plugins.tooltip.callbacks.title = (items) => items.length ? "at " + seconds(items[0].parsed.x) : "";
                 o.scales.y.ticks.callback = (v) => v.toLocaleString("en") + " ms";
               }) };
    },
    errors(drill, span) {
      const { course } = drill;
      const names = ["unknown", "refused", "region-1", "region-2"];
      const sets = course.ingress.map((each, i) =>
        bars(each.name, rates(course, added([each.refused, each.unknown]), span), names[i % names.length]));
      sets.push(bars("failed pages", rates(course, course.page_errors, span), "other"));
      return { type: "bar", data: { datasets: sets },
               options: options(span, (o) => {
                 o.scales.x.stacked = o.scales.y.stacked = true;
                 o.scales.y.suggestedMax = 10;
               }) };
    },
  };

  function spans(drill) {
    const { course } = drill;
    const steps = course.page_errors.length * course.step_ms;
    const all = evenly({ from: course.begins_ms, until: course.begins_ms + steps });
    const last = drill.moments.reduce((latest, moment) => Math.max(latest, moment.at_ms), 0);
    const near = evenly({ from: Math.max(all.from, -3000), until: Math.min(all.until, Math.max(last + 1000, 6000)) });
    return { all, near };
  }

  function show(section) {
    const drill = JSON.parse(section.querySelector("script.course").textContent);
    const canvases = [...section.querySelectorAll("canvas")];
    const within = spans(drill);
    let chosen = "near";
    let charts = [];
    const again = () => {
      charts.forEach((chart) => chart.destroy());
      charts = canvases.map((canvas) =>
        new Chart(canvas, draw[canvas.dataset.chart](drill, within[chosen], canvas)));
    };
    const buttons = [...section.querySelectorAll("button[data-window]")];
    for (const button of buttons) {
      button.addEventListener("click", () => {
        chosen = button.dataset.window;
        buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
        again();
      });
    }
    section.querySelector(".switch").hidden = false;
    again();
    return { again };
  }

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  const sections = [...document.querySelectorAll("script.course")].map((data) => show(data.parentElement));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => sections.forEach((each) => each.again()));
  // Paper is white and narrower than most screens.
  for (const [event, paper] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      document.documentElement.classList.toggle("paper", paper);
      sections.forEach((each) => each.again());
    });
  }
})();
