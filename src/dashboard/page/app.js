'use strict';

const $ = id => document.getElementById(id);
const SECONDS = 120;
// Upper bounds of the rows of the heat map, in nanoseconds; the last row has none.
const ROWS = [1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8, 2e8, 5e8, 1e9, 2e9, 5e9, Infinity];

let before = null;      // the sample before
let shownPool = null;   // name of the pool that is shown
let history = {};       // by pool: what was seen each second
let lastLine = 0;       // number of the last entry of the log

// === figures as text ===

const number = value => Math.round(value).toLocaleString('en');
const digits = value => value < 9.95 ? value.toFixed(1) : String(Math.round(value));
function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit++; }
  return (unit === 0 ? value : digits(value)) + ' ' + units[unit];
}
function span(nanos) {
  if (nanos === null) return '–';
  if (nanos < 1e6) return digits(nanos / 1e3) + ' µs';
  return nanos < 1e9 ? digits(nanos / 1e6) + ' ms' : digits(nanos / 1e9) + ' s';
}
function age(nanos) {
  const seconds = nanos / 1e9;
  if (seconds < 1) return Math.floor(seconds * 1000) + ' ms';
  if (seconds < 60) return Math.floor(seconds) + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
  return seconds < 86400 ? Math.floor(seconds / 3600) + ' h' : Math.floor(seconds / 86400) + ' d';
}
const reasons = { ended: 'script ended', asked: 'asked for by the script', max_jobs: 'max_jobs', ttl: 'ttl', idle_ttl: 'idle_ttl',
  max_memory: 'max_worker_memory', exec_ttl: 'exec_ttl', reload: 'reload', resize: 'pool became smaller', boot_timeout: 'boot_timeout', stop: 'server ends' };

// === what has happened between two samples ===

function since(now, then) {
  const old = new Map((then || []).map(bucket => [bucket.below, bucket.count]));
  return (now || []).map(({ below, count }) => ({ below, count: count - (old.get(below) || 0) })).filter(bucket => bucket.count > 0);
}
function quantile(buckets, part) {
  const total = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  let seen = 0;
  for (const { below, count } of buckets) {
    seen += count;
    if (seen >= total * part) return below || null;
  }
  return null;
}
function column(buckets) {
  const counts = new Array(ROWS.length).fill(0);
  for (const { below, count } of buckets) counts[ROWS.findIndex(bound => (below || Infinity) <= bound)] += count;
  return counts;
}

function take(load) {
  const same = before !== null && before.process === load.process;
  if (!same) history = {};
  const seconds = same ? Math.max((load.uptime - before.uptime) / 1e9, 0.001) : 0;
  const rate = (now, then) => seconds ? Math.max(now - then, 0) / seconds : 0;
  for (const pool of load.pools) {
    const old = same && before.pools.find(other => other.name === pool.name);
    const recent = old ? since(pool.latency, old.latency) : [];
    for (const worker of pool.workers) {
      const was = old && old.workers.find(other => other.pid === worker.pid && other.name === worker.name && other.cpuTime <= worker.cpuTime);
      worker.cpu = was ? rate(worker.cpuTime, was.cpuTime) / 1e7 : worker.CPUPercent;
    }
    const seen = history[pool.name] ||= [];
    if (!same) continue;
    seen.push({
      at: new Date(), rate: old ? rate(pool.requests, old.requests) : 0, waiting: pool.waiting,
      busy: pool.workers.filter(worker => worker.state === 'working' || worker.state === 'stuck').length,
      p50: quantile(recent, .5), p95: quantile(recent, .95), p99: quantile(recent, .99),
      cpu: rate(load.cpuTime, before.cpuTime) / 1e7, memory: load.memory, column: column(recent),
    });
    if (seen.length > SECONDS) seen.shift();
  }
  before = load;
  render();
}

// === showing it ===

function set(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** What is shown is old: it looks so, and nothing can be asked for. */
function fade(old) {
  document.body.classList.toggle('old', old);
  $('reload').disabled = old;
}

function stage(word, kind) {
  set('stage', word);
  $('stage').className = 'pill ' + kind;
}

function render() {
  const load = before;
  const pool = load.pools.find(pool => pool.name === shownPool) || load.pools[0];
  if (!pool) return;
  shownPool = pool.name;
  if (document.body.classList.contains('old')) fade(false);
  stage(load.stage, load.stage === 'running' ? '' : load.stage === 'ending' ? 'ending' : 'wait');
  set('server', `version ${load.version} · process ${load.process} · up for ${age(load.uptime)}`);
  tabs(load.pools);
  $('broken').hidden = !pool.broken;
  set('broken', pool.broken ? `The code in place does not boot: ${pool.broken}` : '');
  const seen = history[pool.name] || [];
  const last = seen[seen.length - 1];
  if (last) {
    set('rate', number(last.rate));
    set('cpu', Math.round(last.cpu) + ' %');
    set('p50', pool.latency ? span(last.p50) : 'off');
    set('p95', last.p50 === null ? '' : `99 % below ${span(last.p99)}`);
  }
  const busy = pool.workers.filter(worker => worker.state === 'working' || worker.state === 'stuck').length;
  set('busy', String(busy));
  set('busy-of', `of ${pool.workers.length}`);
  set('waiting', number(pool.waiting));
  set('waiting-of', `of ${number(pool.room)}`);
  set('memory', bytes(load.memory));
  set('memory-of', `scripts ${bytes(pool.workers.reduce((sum, worker) => sum + worker.memoryUsage, 0))}`);
  line('rate-line', seen.map(one => one.rate));
  line('busy-line', seen.map(one => one.busy), pool.workers.length);
  line('waiting-line', seen.map(one => one.waiting));
  line('p50-line', seen.map(one => one.p50 || 0));
  line('cpu-line', seen.map(one => one.cpu));
  line('memory-line', seen.map(one => one.memory));
  workers(pool.workers);
  list('recycled', Object.entries(pool.recycled).map(([reason, count]) => [reasons[reason] || reason, number(count)]), 'None yet.');
  list('refused', [['too many waited', number(pool.refused)], ['waited for too long', number(pool.overdue)], ['client had gone', number(pool.abandoned)]]);
  if (cell) read(); else heat();
}

function tabs(pools) {
  const nav = $('pools');
  nav.hidden = pools.length < 2;
  const names = pools.map(pool => pool.name);
  if (nav.dataset.names !== names.join()) {
    nav.dataset.names = names.join();
    nav.replaceChildren(...names.map(name => {
      const button = element('button', '', name);
      button.type = 'button';
      button.addEventListener('click', () => { shownPool = name; leave(); render(); });
      return button;
    }));
  }
  for (const button of nav.children) button.setAttribute('aria-pressed', String(button.textContent === shownPool));
}

function line(id, values, top) {
  const svg = $(id);
  if (!svg.firstChild) {
    svg.setAttribute('viewBox', `0 0 ${SECONDS} 30`);
    svg.setAttribute('preserveAspectRatio', 'none');
    for (const kind of ['area', '']) {
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('class', kind);
      svg.append(path);
    }
  }
  const most = Math.max(top || 0, ...values) || 1;
  const start = SECONDS - values.length;
  const points = values.map((value, at) => `${start + at + 1},${(29 - 27 * value / most).toFixed(1)}`);
  svg.children[1].setAttribute('d', points.length > 1 ? 'M' + points.join('L') : '');
  svg.children[0].setAttribute('d', points.length > 1 ? `M${start + 1},30L${points.join('L')}L${SECONDS},30Z` : '');
}

function workers(all) {
  const body = $('workers').tBodies[0];
  while (body.rows.length > all.length) body.deleteRow(-1);
  const most = Math.max(...all.map(worker => worker.memoryUsage), 1);
  all.forEach((worker, at) => {
    let row = body.rows[at];
    if (!row) {
      row = body.insertRow();
      for (const [kind, name] of [[''], ['state'], ['', 'for'], ['request'], ['number', 'requests'], ['number', 'CPU'], [''], ['number', 'thread']]) {
        const cell = row.insertCell();
        cell.className = kind;
        if (name) cell.dataset.name = name;
      }
      const memory = element('div', 'memory');
      memory.append(element('meter'), element('span'));
      row.cells[6].append(memory);
    }
    const request = `${worker.method} ${worker.uri}`.trim();
    const texts = [worker.name.replace(/^rr-php-/, ''), worker.state, age(worker.age), request, number(worker.numExecs), Math.round(worker.cpu) + ' %', null, worker.pid ? String(worker.pid) : '–'];
    texts.forEach((text, column) => {
      const cell = row.cells[column];
      if (text !== null && cell.textContent !== text) cell.textContent = text;
    });
    row.cells[1].className = 'state ' + worker.state;
    row.cells[3].title = worker.bootError || request;
    if (worker.bootError) row.cells[3].textContent = 'does not boot: ' + worker.bootError;
    const [meter, memory] = row.cells[6].firstChild.children;
    meter.max = most;
    meter.value = worker.memoryUsage;
    meter.setAttribute('aria-hidden', 'true');
    memory.textContent = bytes(worker.memoryUsage);
  });
}

function list(id, pairs, otherwise) {
  const nodes = pairs.flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]);
  $(id).replaceChildren(...(nodes.length ? nodes : [element('dt', '', otherwise)]));
}

// === the heat map ===

const canvas = $('heat');
const LEFT = 54, BOTTOM = 20;
let cell = null;        // the cell that is read: seconds ago and row
let shape = null;

function mix(low, high, part) {
  const channel = at => Math.round(parseInt(low.slice(at, at + 2), 16) * (1 - part) + parseInt(high.slice(at, at + 2), 16) * part);
  return `rgb(${channel(1)} ${channel(3)} ${channel(5)})`;
}

function heat() {
  const seen = history[shownPool] || [];
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue('--' + name).trim();
  const scale = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = width * scale;
  canvas.height = height * scale;
  const draw = canvas.getContext('2d');
  draw.scale(scale, scale);
  shape = { step: (width - LEFT) / SECONDS, row: (height - BOTTOM) / ROWS.length, width, height };
  draw.font = '12px system-ui, sans-serif';
  draw.textBaseline = 'middle';
  const y = row => height - BOTTOM - (row + 1) * shape.row;
  draw.fillStyle = colour('quiet');
  draw.strokeStyle = colour('rule');
  draw.textAlign = 'right';
  for (const [row, label] of [[0, '0.1 ms'], [3, '1 ms'], [6, '10 ms'], [9, '100 ms'], [12, '1 s']]) {
    draw.fillText(label, LEFT - 8, y(row));
    draw.beginPath();
    draw.moveTo(LEFT, Math.round(y(row)) + .5);
    draw.lineTo(width, Math.round(y(row)) + .5);
    draw.stroke();
  }
  draw.textAlign = 'left';
  draw.fillText(width < 500 ? '2 min ago' : '2 minutes ago', LEFT, height - BOTTOM / 2);
  draw.textAlign = 'right';
  draw.fillText('now', width, height - BOTTOM / 2);
  const most = Math.max(1, ...seen.flatMap(one => one.column));
  const [low, high] = [colour('heat-low'), colour('heat-high')];
  seen.forEach((one, at) => {
    const x = LEFT + (SECONDS - seen.length + at) * shape.step;
    one.column.forEach((count, row) => {
      if (!count) return;
      draw.fillStyle = mix(low, high, Math.log1p(count) / Math.log1p(most));
      draw.fillRect(x, y(row), Math.ceil(shape.step), Math.ceil(shape.row) - 1);
    });
  });
  const pool = before && before.pools.find(pool => pool.name === shownPool);
  if (pool && !pool.latency) draw.fillText('not measured', width / 2, height / 2);
  const last = seen[seen.length - 1];
  if (last) canvas.setAttribute('aria-label', `Latency of the last two minutes. In the last second: median ${span(last.p50)}, 95 % below ${span(last.p95)}, 99 % below ${span(last.p99)}.`);
  if (cell) {
    draw.strokeStyle = colour('focus');
    draw.lineWidth = 2;
    draw.strokeRect(LEFT + (SECONDS - 1 - cell.ago) * shape.step, y(cell.row), Math.max(shape.step, 3), shape.row);
  }
}

function read() {
  const seen = history[shownPool] || [];
  const one = seen[seen.length - 1 - cell.ago];
  const range = `${cell.row ? span(ROWS[cell.row - 1]) : '0'} to ${ROWS[cell.row] === Infinity ? 'any time' : span(ROWS[cell.row])}`;
  const when = cell.ago ? `${cell.ago} s ago` : 'now';
  set('heat-cell', one ? `${when}, ${range}: ${number(one.column[cell.row])} requests. Median ${span(one.p50)}, p95 ${span(one.p95)}, p99 ${span(one.p99)}.` : `${when}: nothing is known.`);
  heat();
}
canvas.addEventListener('pointermove', event => {
  if (!shape || event.offsetX < LEFT || event.offsetY > shape.height - BOTTOM) return;
  cell = {
    ago: Math.min(SECONDS - 1, Math.max(0, SECONDS - 1 - Math.floor((event.offsetX - LEFT) / shape.step))),
    row: Math.min(ROWS.length - 1, Math.max(0, Math.floor((shape.height - BOTTOM - event.offsetY) / shape.row))),
  };
  read();
});
function leave() {
  cell = null;
  set('heat-cell', 'Point at a cell, or move with the arrow keys, to read it.');
  heat();
}
canvas.addEventListener('pointerleave', leave);
canvas.addEventListener('blur', leave);
canvas.addEventListener('keydown', event => {
  const [ago, row] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] || [];
  if (ago === undefined) return;
  event.preventDefault();
  const from = cell || { ago: 0, row: 3 };
  cell = { ago: Math.min(SECONDS - 1, Math.max(0, from.ago + ago)), row: Math.min(ROWS.length - 1, Math.max(0, from.row + row)) };
  read();
});
new ResizeObserver(heat).observe(canvas);

// === the log ===

function log(lines) {
  const list = $('log');
  for (const { number, level, text } of lines) {
    if (number <= lastLine) continue;
    lastLine = number;
    list.append(element('li', level, text));
  }
  while (list.children.length > 500) list.firstChild.remove();
  if ($('follow').checked) list.scrollTop = list.scrollHeight;
}
$('level').addEventListener('change', event => { $('log').dataset.least = event.target.value; });
$('log').dataset.least = $('level').value;

// === the reload ===

let said = 0;
function say(text, stays) {
  set('said', text);
  clearTimeout(said);
  if (!stays) said = setTimeout(() => set('said', ''), 6000);
}
$('reload').addEventListener('click', () => {
  const many = before && before.pools.length > 1;
  set('ask-text', (many ? `The workers of pool ${shownPool}` : 'All workers') + ' boot anew, one after the other, with the code that is in place. Requests go on meanwhile; if the code does not boot, the workers stay.');
  $('ask').returnValue = 'no';
  $('ask').showModal();
});
$('ask').addEventListener('close', async () => {
  if ($('ask').returnValue !== 'yes') return;
  // Once, even if the event of an earlier no comes late.
  $('ask').returnValue = 'no';
  const button = $('reload');
  button.disabled = true;
  say('Reloading…', true);
  try {
    const token = document.querySelector('meta[name="token"]').content;
    const pool = before && before.pools.length > 1 ? '?pool=' + encodeURIComponent(shownPool) : '';
    const answer = await fetch('reload' + pool, { method: 'POST', headers: { 'X-RoadRunner-Token': token } });
    const text = (await answer.text()).trim();
    say(answer.ok ? 'Reloaded.' : 'Not reloaded: ' + text, !answer.ok);
  } catch {
    say('The server cannot be reached.');
  }
  button.disabled = false;
  button.focus();
});

// === light and dark ===

function themed(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  if (before) heat();
}
let stored = null;
try { stored = localStorage.getItem('theme'); } catch { /* not allowed: it is as the system has it */ }
themed(stored);
$('theme').addEventListener('click', () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === 'dark';
  themed(dark ? 'light' : 'dark');
  try { localStorage.setItem('theme', dark ? 'light' : 'dark'); } catch { /* for this time only */ }
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => themed(null));

// === the stream ===

let open = null;
function listen() {
  const source = new EventSource('events');
  open = source;
  source.addEventListener('load', event => take(JSON.parse(event.data)));
  source.addEventListener('log', event => {
    log(JSON.parse(event.data));
  });
  source.addEventListener('open', () => {
    // Another process numbers its entries anew.
    lastLine = 0;
    $('log').replaceChildren();
  });
  source.addEventListener('error', () => {
    stage('no connection', 'lost');
    fade(true);
    if (source.readyState === EventSource.CLOSED && open === source) setTimeout(listen, 3000);
  });
}
// A page that nobody sees costs the server nothing.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    open.close();
    open = null;
  } else if (!open) listen();
});
listen();
