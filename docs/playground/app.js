// The page keeps a state, asks the library what comes of it, and shows that.

const $ = (id) => document.getElementById(id);

// The state, as it is in the link. arrived < 0: all pieces.
const state = { spec: "line", max: "", mode: "messages", input: "", cuts: [], arrived: -1, end: false };
let menu = [];
let answer = null; // of the library, to the state
let laid = null; // the stream that the cells are for, in hexadecimal
let focused = 1; // the gap that the Tab key reaches: 1 is behind the first byte
let player = 0; // timer

const maxStream = 1024; // bytes, as package play limits it

const hints = {
	messages: "One message in each line; escapes as in a Go string: \\n \\t \\x00 \\u20ac \\\\. The frames are made of them.",
	text: "The stream as text; a new line is the byte 0a, other bytes are escapes as in a Go string: \\r \\x00 \\u20ac \\\\.",
	hex: "The stream in hexadecimal, two digits for each byte, white space anywhere.",
};

const kinds = {
	header: "header", payload: "payload", stuffing: "stuffing", trailer: "trailer (delimiter)", fill: "fill",
	incomplete: "not whole yet", skipped: "skipped", lost: "lost",
};

// element returns an element with attributes and children; text is never read as HTML.
function element(name, attributes = {}, ...children) {
	const e = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
	e.append(...children);
	return e;
}

// The link

function readLink() {
	const link = new URLSearchParams(location.hash.slice(1));
	state.spec = link.get("spec") ?? "line";
	state.max = link.get("max") ?? "";
	state.mode = Object.hasOwn(hints, link.get("mode")) ? link.get("mode") : "messages";
	state.input = link.get("input") ?? sample(state.spec);
	const cuts = link.get("cuts") ?? "";
	state.cuts = cuts === "each" ? everywhere(maxStream) : cuts.split(",").map(Number).filter((gap) => Number.isInteger(gap) && 0 < gap && gap < maxStream);
	state.arrived = /^\d+$/.test(link.get("arrived") ?? "") ? Math.min(Number(link.get("arrived")), maxStream) : -1;
	state.end = link.has("end");
	$("spec").value = state.spec;
	$("max").value = state.max;
	$("input").value = state.input;
	$("end").checked = state.end;
	for (const radio of document.getElementsByName("mode")) radio.checked = radio.value === state.mode;
}

function writeLink() {
	const link = new URLSearchParams({ spec: state.spec, mode: state.mode, input: state.input });
	if (state.max) link.set("max", state.max);
	const cuts = answer.cuts;
	if (cuts.length) link.set("cuts", cuts.length > 2 && cuts.length === bytes() - 1 ? "each" : cuts.join(","));
	if (state.arrived >= 0) link.set("arrived", state.arrived);
	if (state.end) link.set("end", "");
	history.replaceState(null, "", "#" + link);
}

// The state

const bytes = () => answer.hex.length / 2;
const understood = () => !answer.specError && !answer.maxError;
const pieces = () => (bytes() ? answer.cuts.length + 1 : 0);
const everywhere = (n) => Array.from({ length: Math.max(0, n - 1) }, (_, i) => i + 1);
const chosen = () => menu.find((item) => item.name === state.spec.split(",")[0]);
const sample = (spec) => menu.find((item) => item.spec === spec)?.sample ?? menu[0].sample;

// update changes the state and shows what comes of it.
function update(changes) {
	Object.assign(state, changes);
	answer = JSON.parse(wholeframe.play(JSON.stringify(state)));
	if (state.arrived >= pieces()) state.arrived = -1;
	show();
	writeLink();
}

// cut makes new pieces, all of which have arrived.
function cut(cuts) {
	pause();
	update({ cuts, arrived: -1 });
}

function toggle(gap) {
	const cuts = new Set(state.cuts);
	if (!cuts.delete(gap)) cuts.add(gap);
	focused = gap;
	cut([...cuts]);
}

function arrive(n) {
	update({ arrived: Math.max(0, n) });
}

function pause() {
	clearInterval(player);
	player = 0;
	$("run").setAttribute("aria-pressed", "false");
}

function play() {
	if (player) return pause();
	if (!bytes()) return;
	arrive(state.arrived < 0 ? 0 : state.arrived);
	const pace = Math.max(60, Math.min(700, 6000 / pieces()));
	player = setInterval(() => {
		arrive(answer.arrived + 1);
		if (state.arrived < 0) pause();
	}, pace);
	$("run").setAttribute("aria-pressed", "true");
}

// Showing

function show() {
	showFraming();
	$("hint").textContent = hints[state.mode];
	$("input-errors").replaceChildren(...answer.inputErrors.map((text) => element("li", {}, text)));
	$("input-errors").hidden = answer.inputErrors.length === 0;
	$("input").setAttribute("aria-invalid", answer.inputErrors.length > 0);
	showWire();
	showResults();
}

function showFraming() {
	const item = chosen();
	$("menu").value = item?.name ?? "";
	$("about").textContent = item ? capital(item.about) + "." : "";
	$("keys").hidden = !item?.keys.length;
	$("keys").querySelector("dl").replaceChildren(...(item?.keys ?? []).flatMap((k) => [element("dt", {}, k.key), element("dd", {}, k.about)]));
	for (const [field, error] of [["spec", answer.specError], ["max", answer.maxError]]) {
		$(field + "-error").textContent = error;
		$(field + "-error").hidden = !error;
		$(field).setAttribute("aria-invalid", error !== "");
	}
	$("made").closest("section").hidden = answer.specError !== "";
	$("spec-text").textContent = answer.spec;
	$("code").textContent = answer.code;
	$("import").textContent = answer.packages.map((path) => `import "${path}"`).join("\n");
}

const capital = (s) => s.charAt(0).toUpperCase() + s.slice(1);

// anatomy returns what each byte is that has arrived: its kind, the index of its
// result, and whether it is the first or the last of that.
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
		if (i > 0) cells.push(element("button", { type: "button", "data-gap": i, "aria-label": `Cut between byte ${i - 1} and ${i}` }));
		const hex = answer.hex.slice(2 * i, 2 * i + 2);
		const code = parseInt(hex, 16);
		cells.push(element("span", { "data-at": i }, hex, element("small", {}, code > 32 && code < 127 ? String.fromCharCode(code) : "·")));
	}
	if (!cells.length) cells.push(element("p", { class: "quiet" }, "No bytes yet."));
	$("wire").replaceChildren(...cells);
	laid = answer.hex;
}

function showWire() {
	if (laid !== answer.hex) layWire();
	const what = anatomy();
	const cuts = new Set(answer.cuts);
	const wrong = new Set(answer.results.filter((r) => r.error).map((r) => r.at));
	const n = bytes();
	const here = understood() ? answer.bytes : n;
	focused = Math.max(1, Math.min(focused, n - 1));
	for (const cell of n ? $("wire").children : []) {
		if (cell.dataset.gap) {
			// The bytes of a part that arrived in one piece hang together.
			const i = Number(cell.dataset.gap);
			const joined = what[i] && what[i - 1].index === what[i].index && what[i - 1].kind === what[i].kind && !cuts.has(i);
			cell.className = joined ? `gap ${what[i].kind}` : "gap";
			cell.tabIndex = i === focused ? 0 : -1;
			cell.setAttribute("aria-pressed", cuts.has(i));
			continue;
		}
		const i = Number(cell.dataset.at);
		const w = what[i];
		cell.className = ["byte", w ? w.kind : i < here ? "plain" : "coming", w?.first && "first", w?.last && "last", wrong.has(i) && "error"].filter(Boolean).join(" ");
		cell.title = `byte ${i}: ` + (w ? kinds[w.kind] : i < here ? "arrived" : "not arrived yet");
	}

	const there = understood() ? answer.arrived : pieces();
	$("pieces").textContent = n === 0 ? "" : `${plural(n, "byte")} in ${plural(pieces(), "piece")}` + (there < pieces() ? `, of which ${there} arrived.` : ".");
	// What does nothing now keeps the focus, for those who came by keyboard.
	for (const id of ["first", "back"]) $(id).setAttribute("aria-disabled", n === 0 || there === 0);
	for (const id of ["next", "last"]) $(id).setAttribute("aria-disabled", there >= pieces());
	$("run").setAttribute("aria-disabled", n === 0);
	for (const id of ["cut-none", "cut-each", "cut-random"]) $(id).setAttribute("aria-disabled", n < 2);

	const used = new Set(["header", "payload", "trailer", "stuffing", ...what.map((w) => w.kind)]);
	$("legend").replaceChildren(...Object.entries(kinds).filter(([kind]) => used.has(kind))
		.map(([kind, name]) => element("li", {}, element("span", { class: "swatch " + kind, "aria-hidden": "true" }), name)));
}

const gap = (i) => $("wire").querySelector(`[data-gap="${i}"]`);
const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

function showResults() {
	const waiting = answer.results.find((r) => r.kind === "waiting");
	const news = [plural(answer.frames, "frame")];
	if (answer.errors) news.push(plural(answer.errors, "error"));
	if (waiting) news.push(`${plural(waiting.size, "byte")} of a frame that is not whole yet`);
	$("summary").textContent = answer.hex && understood() ? news.join(", ") + "." : "";

	let number = 0;
	$("results").replaceChildren(...answer.results.map((r) => {
		const title = { frame: `Frame ${r.kind === "frame" ? ++number : ""}`, waiting: "Not whole yet", fill: "Fill between frames", refused: "Refused" }[r.kind];
		const e = element("li", { class: `result ${r.error ? "wrong" : r.kind}` },
			element("h3", {}, r.error ? `Error at offset ${r.at}` : title),
			element("p", { class: "where" }, `${plural(r.size, "byte")} at offset ${r.offset}` + (pieces() > 1 ? `, arrived with piece ${r.piece}` : "")));
		if (r.kind === "frame") e.append(element("p", { class: "payload mono" }, `"${r.payload}"`));
		if (r.error) e.append(element("p", { class: "reason" }, r.error));
		const strip = element("div", { class: "strip mono" });
		let at = r.offset;
		for (const part of r.parts ?? []) {
			const run = answer.hex.slice(2 * at, 2 * (at + part.size)).match(/../g).join(" ");
			strip.append(element("span", { class: part.kind }, element("small", {}, part.kind), " " + run));
			at += part.size;
		}
		if (strip.childElementCount) e.append(strip);
		return e;
	}));
}

// What people do

function listen() {
	$("menu").addEventListener("change", () => {
		const item = menu.find((item) => item.name === $("menu").value);
		const changes = { spec: item.spec, arrived: -1 };
		const untouched = menu.some((item) => item.sample === state.input) || state.input === "";
		if (state.mode === "messages" && untouched) {
			changes.input = $("input").value = item.sample;
		}
		$("spec").value = item.spec;
		update(changes);
	});
	$("spec").addEventListener("input", () => update({ spec: $("spec").value }));
	$("max").addEventListener("input", () => update({ max: $("max").value.trim() }));
	$("input").addEventListener("input", () => { pause(); update({ input: $("input").value, arrived: -1 }); });
	$("end").addEventListener("change", () => update({ end: $("end").checked }));
	for (const radio of document.getElementsByName("mode")) {
		radio.addEventListener("change", () => {
			// The bytes stay what they are, in another notation.
			const inputs = {
				messages: () => answer.results.filter((r) => r.kind === "frame").map((r) => r.payload + "\n").join(""),
				text: () => answer.text,
				hex: () => (answer.hex.match(/../g) ?? []).join(" "),
			};
			const lost = answer.inputErrors.length > 0 && !answer.hex;
			const input = lost ? state.input : inputs[radio.value]();
			$("input").value = input;
			update({ mode: radio.value, input });
		});
	}
	$("cut-none").addEventListener("click", () => cut([]));
	$("cut-each").addEventListener("click", () => cut(everywhere(bytes())));
	$("cut-random").addEventListener("click", () => cut(everywhere(bytes()).filter(() => Math.random() < 0.3)));
	$("first").addEventListener("click", () => { pause(); arrive(0); });
	$("back").addEventListener("click", () => { pause(); arrive(answer.arrived - 1); });
	$("next").addEventListener("click", () => { pause(); arrive(answer.arrived + 1); });
	$("last").addEventListener("click", () => { pause(); update({ arrived: -1 }); });
	$("run").addEventListener("click", play);

	$("wire").addEventListener("click", (event) => {
		const { gap, at } = event.target.closest("[data-gap], [data-at]")?.dataset ?? {};
		if (gap) return toggle(Number(gap));
		if (!at) return;
		// A click on a byte cuts at the side that is nearer.
		const box = event.target.closest("[data-at]").getBoundingClientRect();
		const side = Number(at) + (event.clientX > box.left + box.width / 2 ? 1 : 0);
		if (side > 0 && side < bytes()) toggle(side);
	});
	$("wire").addEventListener("keydown", (event) => {
		const to = {
			ArrowRight: () => focused + 1, ArrowLeft: () => focused - 1, ArrowDown: () => beside(1), ArrowUp: () => beside(-1),
			Home: () => 1, End: () => bytes() - 1,
		}[event.key]?.();
		if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
		event.preventDefault();
		gap(focused).tabIndex = -1;
		focused = Math.max(1, Math.min(to, bytes() - 1));
		gap(focused).tabIndex = 0;
		gap(focused).focus();
	});
	document.addEventListener("click", async (event) => {
		const button = event.target.closest("[data-copy]");
		if (!button) return;
		const what = button.dataset.copy;
		const text = what === "link" ? location.href : $(what).textContent;
		said(button, await navigator.clipboard.writeText(text).then(() => "Copied", () => "Not allowed"));
	});
	window.addEventListener("hashchange", () => { pause(); readLink(); update({}); });
}

// beside returns the gap under the focused one, or above it.
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

// said tells at the button, and to screen readers, what came of a copy.
function said(button, text) {
	const was = button.dataset.was ?? button.textContent;
	button.dataset.was = was;
	button.textContent = text;
	$("copied").textContent = text;
	setTimeout(() => { button.textContent = was; }, 1500);
}

async function main() {
	const go = new Go();
	const { instance } = await WebAssembly.instantiateStreaming(fetch("wholeframe.wasm"), go.importObject);
	go.run(instance);
	menu = JSON.parse(wholeframe.menu());
	$("menu").append(...menu.map((item) => element("option", { value: item.name }, item.name)));
	listen();
	readLink();
	$("loading").hidden = true;
	$("app").hidden = false;
	update({});
}

main().catch((error) => {
	$("loading").textContent = `The library could not be loaded: ${error.message}`;
	$("loading").className = "wrong";
});
