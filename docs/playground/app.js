// render sends state to wholeframe.play (package play) and shows its Response.

const $ = (id) => document.getElementById(id);

// The state, as it is in the link. arrived < 0: all pieces.
const state = { spec: "line", max: "", mode: "messages", input: "", rest: "", cuts: [], arrived: -1, end: false };
let menu = [];
let protocolSamples = {}; // a message of each protocol in hexadecimal, with its source, by name
let answer = null; // the Response to the state
let laidOutHex = null; // the stream that has cells, in hexadecimal
let byteInfo = []; // of each byte that has arrived: its kind, and its result
let focused = 1; // the gap that the Tab key reaches: 1 is after the first byte
let frame = 0; // the result that the Tab key reaches
let player = 0; // timer
let linkTimer = 0;
let untouched = true; // the input is a sample
const shownFaults = {}; // below each field, as JSON

const maxStream = 1024; // bytes, as package play limits it
const documents = "https://github.com/wholeframe/wholeframe/blob/main/";

const hints = {
	messages: "One message in each line; escapes as in a Go string: \\n \\t \\x00 \\u20ac \\\\. The frames are made of them.",
	text: "The stream as text; a newline is the byte 0a, other bytes are escapes as in a Go string: \\r \\x00 \\u20ac \\\\.",
	hex: "The stream in hexadecimal, two digits for each byte, white space anywhere.",
};

const kinds = {
	header: "header", payload: "payload", stuffing: "stuffing", trailer: "trailer (delimiter)", fill: "fill",
	incomplete: "incomplete", skipped: "skipped", lost: "lost",
};

// keepCR returns text with its carriage returns as escapes: a textarea makes newlines of them.
const keepCR = (text) => text.replaceAll("\r", "\\r");

// element returns an element with attributes and children; text is never read as HTML.
function element(name, attributes = {}, ...children) {
	const e = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
	e.append(...children);
	return e;
}

const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const capital = (s) => s.charAt(0).toUpperCase() + s.slice(1);
const pairs = (hex) => (hex.match(/../g) ?? []).join(" ");

// The link

// readLink takes the state of the link. Without an input it is a sample, cut inside its frames.
function readLink() {
	const link = new URLSearchParams(location.hash.slice(1));
	Object.assign(state, { spec: link.get("spec") ?? "line", max: link.get("max") ?? "", cuts: [], arrived: -1, end: link.has("end") });
	if (link.has("input")) {
		untouched = false;
		state.mode = Object.hasOwn(hints, link.get("mode")) ? link.get("mode") : "messages";
		state.input = state.mode === "hex" ? link.get("input") : keepCR(link.get("input"));
		state.rest = link.get("rest") ?? "";
	} else {
		takeSample();
	}
	const cuts = link.get("cuts");
	if (cuts === "each") state.cuts = everywhere(maxStream);
	else if (cuts !== null) state.cuts = cuts.split(",").map(Number).filter((gap) => Number.isInteger(gap) && 0 < gap && gap < maxStream);
	else if (untouched) state.cuts = inFrames();
	if (/^\d+$/.test(link.get("arrived") ?? "")) state.arrived = Math.min(Number(link.get("arrived")), maxStream);
	$("spec").value = state.spec;
	$("max").value = state.max;
	$("input").value = state.input;
	$("end").checked = state.end;
}

// address returns the link to the state.
function address() {
	const values = new URLSearchParams({ spec: state.spec, mode: state.mode, input: state.input });
	if (state.rest) values.set("rest", state.rest);
	if (state.max) values.set("max", state.max);
	const cuts = bytes() ? answer.cuts : state.cuts;
	values.set("cuts", cuts.length > 2 && cuts.length === (bytes() || maxStream) - 1 ? "each" : cuts.join(","));
	if (state.arrived >= 0) values.set("arrived", state.arrived);
	if (state.end) values.set("end", "");
	return location.href.split("#")[0] + "#" + values;
}

// writeLink makes the address of the page that of the state.
function writeLink() {
	clearTimeout(linkTimer);
	try {
		history.replaceState(null, "", address());
	} catch {
		// Safari refuses more than 100 changes in 30 seconds. A later one contains this.
	}
}

// The state

const bytes = () => answer.hex.length / 2;
const understood = () => !answer.specErrors.length && !answer.maxErrors.length;
const pieces = () => (bytes() ? answer.cuts.length + 1 : 0);
const everywhere = (n) => Array.from({ length: Math.max(0, n - 1) }, (_, i) => i + 1);
const chosen = () => menu.find((item) => item.name === state.spec.split(",")[0]);
const ask = (changes) => JSON.parse(wholeframe.play(JSON.stringify({ ...state, ...changes })));

// render changes the state and shows the Response to it.
function render(changes) {
	Object.assign(state, changes);
	answer = ask({});
	if (bytes() && state.arrived >= pieces()) state.arrived = -1;
	show();
}

// edit renders the changes that a person makes. They end Play, with all pieces arrived, and are
// written to the link.
function edit(changes) {
	if (player) state.arrived = -1;
	pause();
	render(changes);
	clearTimeout(linkTimer);
	linkTimer = setTimeout(writeLink, 250); // milliseconds: not with each key, or each step of a drag
}

// guess offers the framings that a text may have: the input, or a paste that has replaced it.
function guess(text) {
	const guesses = JSON.parse(wholeframe.guesses(text)).filter((g) => g.spec !== state.spec || g.mode !== state.mode);
	$("guesses").querySelector("span").replaceChildren(...guesses.flatMap(({ mode, spec, protocols, why }) => {
		const also = protocols.length ? ` (${protocols.slice(0, 2).join(", ")}${protocols.length > 2 ? ", …" : ""})` : "";
		const button = element("button", { type: "button", class: "small mono", title: [why, ...protocols].join("\n") }, spec + also);
		button.addEventListener("click", () => {
			$("spec").value = spec;
			$("input").value = mode === "text" ? keepCR(text) : text;
			$("input").focus();
			edit({ spec, mode, input: $("input").value, arrived: -1 });
			edit({ cuts: inFrames() });
		});
		return [button, ` as ${mode} `];
	}));
	$("guesses").hidden = !guesses.length;
}

// takeSample puts an example of the framing into the state: for a protocol its message, twice.
function takeSample() {
	untouched = true;
	const item = chosen() ?? menu[0];
	const message = protocolSamples[item.name];
	if (message) Object.assign(state, { mode: "hex", input: pairs(message.wire) + "\n" + pairs(message.wire), rest: "" });
	else Object.assign(state, { mode: "messages", input: item.sample, rest: "" });
}

// inFrames returns cuts within the first two frames: half a packet, then packets that stick together.
function inFrames() {
	const frames = ask({ cuts: [], arrived: -1 }).results.filter((r) => r.kind === "frame" && r.size > 1);
	return frames.slice(0, 2).map((r) => r.offset + Math.floor(r.size / 2));
}

function toggle(gap) {
	const cuts = new Set(answer.cuts);
	if (!cuts.delete(gap)) cuts.add(gap);
	focused = gap;
	edit({ cuts: [...cuts], arrived: -1 });
}

// move moves a cut to another gap, unless there is one.
function move(from, to) {
	if (to < 1 || to >= bytes() || answer.cuts.includes(to) || !answer.cuts.includes(from)) return false;
	focused = to;
	edit({ cuts: answer.cuts.map((gap) => (gap === from ? to : gap)), arrived: -1 });
	return true;
}

// setNotation shows the same bytes in another notation. Input that makes no bytes would be lost,
// and must be corrected first.
function setNotation(mode) {
	const lost = answer.inputErrors.length > 0 || (state.mode === "messages" && !understood());
	if (!lost) {
		state.input = $("input").value = { messages: answer.messages, text: answer.text, hex: pairs(answer.hex) }[mode];
		edit({ mode, rest: mode === "messages" ? answer.rest : "" });
	}
	show();
	$("kept").hidden = !lost;
}

function pause() {
	clearInterval(player);
	player = 0;
	$("summary").setAttribute("aria-live", "polite");
	$("run").setAttribute("aria-pressed", "false");
}

// play lets the pieces arrive, one after the other.
function play() {
	if (!bytes() || !understood()) return;
	pause();
	render({ arrived: Math.max(0, state.arrived) });
	player = setInterval(() => {
		if (answer.arrived + 1 >= pieces()) pause(); // before the last summary, which is announced
		render({ arrived: answer.arrived + 1 });
	}, Math.max(60, Math.min(1000, 6000 / pieces())));
	$("run").setAttribute("aria-pressed", "true");
	$("summary").setAttribute("aria-live", "off");
}

// Showing

function show() {
	for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === state.mode;
	showFraming();
	showFaults("spec", answer.specErrors);
	showFaults("max", answer.maxErrors);
	showFaults("input", answer.inputErrors);
	$("hint").textContent = hints[state.mode];
	$("kept").hidden = true;
	$("guesses").hidden = true;
	$("rest").hidden = !state.rest;
	$("rest").querySelector("code").textContent = pairs(state.rest);
	byteInfo = anatomy();
	showWire();
	showResults();
	relate(-1, 0, 0);
}

function showFraming() {
	const item = chosen();
	$("menu").value = item?.name ?? "";
	$("about").textContent = item ? capital(item.about) + "." : "";
	const source = protocolSamples[item?.name]?.source;
	if (source && untouched) $("about").textContent += ` Shown: ${source}.`;
	$("doc").href = documents + (item?.doc ?? "docs/choosing.md");
	$("keys").hidden = !item?.keys.length;
	$("keys").querySelector("dl").replaceChildren(...(item?.keys ?? []).flatMap((k) => [element("dt", {}, k.key), element("dd", {}, k.about)]));
	$("made").hidden = !understood();
	$("spec-text").textContent = answer.spec;
	$("program").textContent = answer.program;
}

// showFaults shows the faults of a field below it, with buttons that select their places. Faults
// that are shown already are not replaced: screen readers would read them again.
function showFaults(field, faults) {
	const key = JSON.stringify(faults);
	if (shownFaults[field] === key) return;
	shownFaults[field] = key;
	$(field + "-errors").replaceChildren(...faults.map((f) => {
		const li = element("li", {}, f.text);
		if (f.end > f.start) li.append(" ", element("button", { type: "button", class: "small", "data-field": field, "data-start": f.start, "data-end": f.end, "aria-label": "Select what is wrong" }, "Select"));
		return li;
	}));
	$(field + "-errors").hidden = !faults.length;
	$(field).setAttribute("aria-invalid", faults.length > 0);
}

// anatomy returns for each byte that has arrived its kind, the index of its result, and whether it
// is the first or the last byte of the result.
function anatomy() {
	const all = [];
	answer.results.forEach((result, index) => {
		const begin = all.length;
		for (const part of result.parts ?? []) {
			for (let i = 0; i < part.size; i++) all.push({ kind: part.kind, index, first: false, last: false });
		}
		if (all.length > begin) {
			all[begin].first = true;
			all[all.length - 1].last = true;
		}
	});
	return all;
}

// layWire makes a cell for each byte, and a button for each gap between two.
function layWire() {
	const cells = [];
	for (let i = 0; i < bytes(); i++) {
		if (i > 0) cells.push(element("button", { type: "button", "data-gap": i }));
		const hex = answer.hex.slice(2 * i, 2 * i + 2);
		const code = parseInt(hex, 16);
		cells.push(element("span", { "data-at": i }, hex, element("small", {}, code > 32 && code < 127 ? String.fromCharCode(code) : "·")));
	}
	if (!cells.length) cells.push(element("p", { class: "quiet" }, understood() ? "No bytes yet." : "No bytes: messages need a framing and a limit."));
	$("wire").replaceChildren(...cells);
	laidOutHex = answer.hex;
}

function showWire() {
	if (laidOutHex !== answer.hex) layWire();
	const cuts = new Set(answer.cuts);
	const wrong = new Set(answer.results.filter((r) => r.error).map((r) => r.at));
	const n = bytes();
	const here = understood() ? answer.bytes : n;
	focused = Math.max(1, Math.min(focused, n - 1));
	let piece = 1;
	for (const cell of n ? $("wire").children : []) {
		if (cell.dataset.gap) {
			// The bytes of a part that arrived in one piece hang together.
			const i = Number(cell.dataset.gap);
			const joined = byteInfo[i] && byteInfo[i - 1].index === byteInfo[i].index && byteInfo[i - 1].kind === byteInfo[i].kind && !cuts.has(i);
			cell.className = joined ? `gap ${byteInfo[i].kind}` : "gap";
			cell.tabIndex = i === focused ? 0 : -1;
			cell.setAttribute("aria-pressed", cuts.has(i));
			cell.setAttribute("aria-label", cuts.has(i) ? `Cut before byte ${i}: piece ${++piece} begins here` : `Cut before byte ${i}`);
			cell.dataset.piece = cuts.has(i) && n < 200 ? piece : "";
			continue;
		}
		const i = Number(cell.dataset.at);
		const w = byteInfo[i];
		cell.className = ["byte", w ? w.kind : i < here ? "plain" : "coming", w?.first && "first", w?.last && "last", wrong.has(i) && "error"].filter(Boolean).join(" ");
		cell.title = `byte ${i}: ` + (w ? kinds[w.kind] : i < here ? "arrived" : "not arrived yet");
	}

	const arrivedPieces = understood() ? answer.arrived : pieces();
	const still = n === 0 || !understood(); // nothing arrives
	$("pieces").textContent = n === 0 ? "" : `${plural(n, "byte")} in ${plural(pieces(), "piece")}` + (arrivedPieces < pieces() ? `, of which ${arrivedPieces} arrived.` : ".");
	$("packets").textContent = arrivedPieces <= 4 ? packets().join(" ") : "";
	// Disabled buttons keep the focus, for users of a keyboard.
	for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", still || arrivedPieces === 0);
	for (const id of ["next", "last"]) $(id).setAttribute("aria-disabled", still || arrivedPieces >= pieces());
	$("run").setAttribute("aria-disabled", still);
	for (const id of ["cut-sample", "cut-none", "cut-each", "cut-random"]) $(id).setAttribute("aria-disabled", n < 2);

	const used = new Set(["header", "payload", "trailer", "stuffing", ...byteInfo.map((w) => w.kind)]);
	$("legend").replaceChildren(...Object.entries(kinds).filter(([kind]) => used.has(kind))
		.map(([kind, name]) => element("li", {}, element("span", { class: "swatch " + kind, "aria-hidden": "true" }), name)));
}

// packets returns for each piece that has arrived how it differs from a frame.
function packets() {
	const ends = [...answer.cuts, bytes()];
	return ends.slice(0, understood() ? answer.arrived : 0).map((end, i) => {
		const begin = i ? ends[i - 1] : 0;
		const results = answer.results.filter((r) => r.offset < end && begin < r.offset + r.size);
		const frames = results.filter((r) => r.kind === "frame" || r.kind === "waiting");
		const parts = [];
		if (frames.length > 1) parts.push(`bytes of ${frames.length} frames (sticky packets)`);
		for (const { kind, offset, size } of frames.length === 1 ? frames : []) {
			parts.push(kind === "frame" && begin <= offset && offset + size <= end ? "one frame" : "part of a frame (half packet)");
		}
		if (results.length > frames.length) parts.push("bytes that belong to no frame");
		return `Piece ${i + 1}: ${parts.join(" and ")}.`;
	});
}

const gap = (i) => $("wire").querySelector(`[data-gap="${i}"]`);

function showResults() {
	const waiting = answer.results.find((r) => r.kind === "waiting");
	const news = [plural(answer.frames, "frame")];
	if (answer.errors) news.push(plural(answer.errors, "error"));
	if (waiting) news.push(`${plural(waiting.size, "byte")} of an incomplete frame`);
	$("summary").textContent = answer.hex && understood() ? news.join(", ") + "." : "";

	let number = 0;
	frame = Math.max(0, Math.min(frame, answer.results.length - 1));
	const had = $("results").contains(document.activeElement);
	$("results").replaceChildren(...answer.results.map((r, index) => {
		const title = { frame: `Frame ${r.kind === "frame" ? ++number : ""}`, waiting: "Incomplete", fill: "Fill between frames", refused: "Refused" }[r.kind];
		const heading = r.error ? `Error at offset ${r.at}` : title;
		const where = `${plural(r.size, "byte")} at offset ${r.offset}` + (pieces() > 1 ? `, arrived with piece ${r.piece}` : "");
		const label = [heading, r.error || (r.kind === "frame" ? `"${r.payload}"` : ""), where].filter(Boolean).join(", ");
		const e = element("li", { class: `result ${r.error ? "wrong" : r.kind}`, "aria-label": label, tabindex: index === frame ? 0 : -1, "data-index": index, "data-from": r.offset, "data-to": r.offset + r.size },
			element("h3", {}, heading), element("p", { class: "where" }, where));
		if (r.kind === "frame") e.append(element("p", { class: "payload mono" }, `"${r.payload}"`));
		if (r.error) e.append(element("p", { class: "reason" }, r.error));
		const strip = element("div", { class: "strip mono" });
		let at = r.offset;
		for (const part of r.parts ?? []) {
			const run = pairs(answer.hex.slice(2 * at, 2 * (at + part.size)));
			strip.append(element("span", { class: part.kind, "data-from": at, "data-to": at + part.size }, element("small", {}, part.kind), " " + run));
			at += part.size;
		}
		if (strip.childElementCount) e.append(strip);
		return e;
	}));
	if (had) $("results").children[frame]?.focus();
}

// relate marks the bytes between two offsets, and the result that they belong to with
// the parts that they are in. No result: nothing is marked.
function relate(index, from, to) {
	for (const cell of $("wire").querySelectorAll("[data-at], [data-gap]")) {
		const at = Number(cell.dataset.at ?? cell.dataset.gap);
		cell.classList.toggle("linked", from + (cell.dataset.gap ? 1 : 0) <= at && at < to);
	}
	for (const li of $("results").children) {
		const here = Number(li.dataset.index) === index;
		li.classList.toggle("linked", here);
		for (const part of li.querySelectorAll(".strip > span")) part.classList.toggle("linked", here && Number(part.dataset.from) < to && from < Number(part.dataset.to));
	}
}

// relateTo marks the bytes and the result that belong to an element of the wire or of the results.
function relateTo(e) {
	const { at, gap } = e?.closest("[data-at], [data-gap]")?.dataset ?? {};
	const byte = byteInfo[at ?? gap];
	if (byte) {
		let from = Number(at ?? gap);
		let to = from + 1;
		while (from > 0 && byteInfo[from - 1].index === byte.index && byteInfo[from - 1].kind === byte.kind) from--;
		while (to < byteInfo.length && byteInfo[to].index === byte.index && byteInfo[to].kind === byte.kind) to++;
		return relate(byte.index, from, to);
	}
	const part = e?.closest("[data-from]");
	if (!part) return relate(-1, 0, 0);
	relate(Number(part.closest("li").dataset.index), Number(part.dataset.from), Number(part.dataset.to));
}

// Events

function listen() {
	$("menu").addEventListener("change", () => {
		state.spec = $("spec").value = menu.find((item) => item.name === $("menu").value).spec;
		if (untouched || state.input + state.rest === "") return sample();
		edit({ arrived: -1 });
	});
	$("spec").addEventListener("input", () => edit({ spec: $("spec").value }));
	$("max").addEventListener("input", () => edit({ max: $("max").value.trim() }));
	let pasted = ""; // text that was pasted in place of all input, with its carriage returns
	$("input").addEventListener("input", (event) => {
		untouched = false;
		edit({ input: $("input").value, arrived: -1 });
		if (event.inputType === "insertFromPaste") guess(pasted || state.input);
	});
	$("input").addEventListener("paste", (event) => {
		const input = $("input");
		if (untouched) input.select(); // the paste replaces the sample
		const text = event.clipboardData.getData("text/plain");
		pasted = input.selectionEnd - input.selectionStart === input.value.length ? text : "";
		if (state.mode !== "text" || !text.includes("\r")) return;
		event.preventDefault();
		document.execCommand("insertText", false, keepCR(text)); // unlike setRangeText, it can be undone
		guess(state.input);
	});
	$("end").addEventListener("change", () => edit({ end: $("end").checked }));
	$("sample").addEventListener("click", sample);
	$("rest").querySelector("button").addEventListener("click", () => {
		$("input").focus();
		edit({ rest: "" });
	});
	for (const radio of document.getElementsByName("mode")) radio.addEventListener("change", () => setNotation(radio.value));
	const cuts = { sample: inFrames, none: () => [], each: () => everywhere(bytes()), random: () => everywhere(bytes()).filter(() => Math.random() < 0.3) };
	for (const [name, make] of Object.entries(cuts)) $("cut-" + name).addEventListener("click", () => edit({ cuts: make(), arrived: -1 }));
	const arrivals = { first: () => 0, back: () => Math.max(0, answer.arrived - 1), next: () => answer.arrived + 1, last: () => -1 };
	for (const [id, arrived] of Object.entries(arrivals)) $(id).addEventListener("click", () => understood() && edit({ arrived: arrived() }));
	$("run").addEventListener("click", () => (player ? pause() : play()));

	listenWire();
	for (const list of [$("wire"), $("results")]) {
		list.addEventListener("pointerover", (event) => relateTo(event.target));
		list.addEventListener("focusin", (event) => relateTo(event.target));
		list.addEventListener("pointerleave", () => relateTo(document.activeElement));
		list.addEventListener("focusout", () => relate(-1, 0, 0));
	}
	$("results").addEventListener("keydown", (event) => {
		const to = { ArrowDown: frame + 1, ArrowRight: frame + 1, ArrowUp: frame - 1, ArrowLeft: frame - 1, Home: 0, End: Infinity }[event.key];
		if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
		event.preventDefault();
		const results = $("results").children;
		results[frame].tabIndex = -1;
		frame = Math.max(0, Math.min(to, results.length - 1));
		results[frame].tabIndex = 0;
		results[frame].focus();
	});
	document.addEventListener("click", async (event) => {
		const { field, start, end } = event.target.closest("[data-field]")?.dataset ?? {};
		if (field) {
			$(field).focus();
			return $(field).setSelectionRange(Number(start), Number(end));
		}
		const button = event.target.closest("[data-copy]");
		if (!button) return;
		const name = button.dataset.copy;
		if (name === "link") writeLink();
		const text = name === "link" ? address() : $(name).textContent;
		announce(button, await copy(text).then(() => "Copied", () => "Not allowed"));
	});
	window.addEventListener("hashchange", () => {
		clearTimeout(linkTimer);
		pause();
		readLink();
		render({});
	});
}

function sample() {
	takeSample();
	$("input").value = state.input;
	edit({ cuts: inFrames(), arrived: -1 });
}

function listenWire() {
	let held = 0; // the cut that a pointer drags
	let moved = false;
	// gapAt returns the gap that is nearest to a point: each byte has one on each side.
	const gapAt = (x, y) => {
		const e = document.elementFromPoint(x, y)?.closest("[data-gap], [data-at]");
		if (!e) return 0;
		if (e.dataset.gap) return Number(e.dataset.gap);
		const box = e.getBoundingClientRect();
		return Number(e.dataset.at) + (x > box.left + box.width / 2 ? 1 : 0);
	};
	$("wire").addEventListener("pointerdown", (event) => {
		if (event.button !== 0) return;
		const cut = event.target.closest('[data-gap][aria-pressed="true"]');
		held = cut ? Number(cut.dataset.gap) : 0;
		moved = false;
		if (held) $("wire").setPointerCapture(event.pointerId);
	});
	$("wire").addEventListener("pointermove", (event) => {
		if (!event.buttons) held = 0; // released elsewhere
		const to = held && gapAt(event.clientX, event.clientY);
		if (to && to !== held && move(held, to)) {
			held = to;
			moved = true;
		}
	});
	$("wire").addEventListener("pointerup", () => { held = 0; });
	$("wire").addEventListener("pointercancel", () => { held = 0; });
	$("wire").addEventListener("click", (event) => {
		// A click by keyboard has no place of its own, and does not end a drag.
		if (event.detail && moved) {
			moved = false;
			return;
		}
		const pressed = event.detail ? 0 : event.target.dataset.gap;
		const at = pressed ? Number(pressed) : gapAt(event.clientX, event.clientY);
		if (at > 0 && at < bytes()) toggle(at);
	});
	$("wire").addEventListener("keydown", (event) => {
		const to = {
			ArrowRight: () => focused + 1, ArrowLeft: () => focused - 1, ArrowDown: () => beside(1), ArrowUp: () => beside(-1),
			Home: () => 1, End: () => bytes() - 1,
		}[event.key]?.();
		if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
		event.preventDefault();
		if (event.shiftKey) {
			move(focused, to);
		} else {
			gap(focused).tabIndex = -1;
			focused = Math.max(1, Math.min(to, bytes() - 1));
			gap(focused).tabIndex = 0;
		}
		gap(focused).focus();
		relateTo(gap(focused));
	});
}

// beside returns the gap below the focused one, or above it.
function beside(step) {
	const here = gap(focused).getBoundingClientRect();
	let best = focused;
	let distance = Infinity;
	for (const g of $("wire").querySelectorAll("[data-gap]")) {
		const box = g.getBoundingClientRect();
		const down = (box.top - here.top) * step;
		if (down < here.height / 2) continue;
		const far = 1000 * down + Math.abs(box.left - here.left);
		if (far < distance) [best, distance] = [Number(g.dataset.gap), far];
	}
	return best;
}

// copy copies text into the clipboard. A page that is not from a secure origin, such as one of a
// plain HTTP server on another host, has no navigator.clipboard.
async function copy(text) {
	if (navigator.clipboard) return navigator.clipboard.writeText(text);
	const focus = document.activeElement;
	const area = element("textarea", { class: "visually-hidden", readonly: "" }, text);
	document.body.append(area);
	area.select();
	const copied = document.execCommand("copy");
	area.remove();
	focus.focus();
	if (!copied) throw new Error("copying is not allowed");
}

// announce shows the result of a copy at its button, and tells it to screen readers.
function announce(button, text) {
	const was = button.dataset.was ?? button.textContent;
	button.dataset.was = was;
	button.textContent = text;
	$("copied").textContent = text;
	setTimeout(() => { button.textContent = was; }, 1500);
}

// load returns a file of the page. Some servers do not know the type of a .wasm file, so nothing here needs it.
async function load(name) {
	const response = await fetch(name);
	if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
	return response;
}

async function main() {
	const go = new Go();
	const [library, presets] = await Promise.all([load("wholeframe.wasm").then((r) => r.arrayBuffer()), load("presets.json").then((r) => r.json())]);
	const { instance } = await WebAssembly.instantiate(library, go.importObject);
	go.run(instance);
	menu = JSON.parse(wholeframe.menu());
	for (const { preset, source, wire } of presets) {
		if (source && !protocolSamples[preset]) protocolSamples[preset] = { source, wire };
	}
	for (const { group, label, name } of menu) {
		let list = $("menu").lastElementChild;
		if (list?.label !== group) $("menu").append((list = element("optgroup", { label: group })));
		list.append(element("option", { value: name }, label));
	}
	listen();
	readLink();
	$("loading").hidden = true;
	$("app").hidden = false;
	render({});
	if (!location.hash && !matchMedia("(prefers-reduced-motion: reduce)").matches) play();
}

main().catch((error) => {
	$("loading").textContent = `The library could not be loaded: ${error.message}`;
	$("loading").className = "wrong";
});
