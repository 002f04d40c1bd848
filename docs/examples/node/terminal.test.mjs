// Three tests of a terminal in Node: `node --test`. `terminal` is the terminal under test: put yours in its place.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";

const serve = spawn("acquirer", ["serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "memory:",
  "--log", "off", "--json", "--exit-with-parent"], { stdio: ["ignore", "pipe", "inherit"] });
let host; // what the host says when it is ready: { listen, http, … }

before(async () => {
  for await (const line of createInterface({ input: serve.stdout })) {
    host = JSON.parse(line);
    break;
  }
});
after(() => serve.kill());

function terminal(tid, ...words) {
  const state = mkdtempSync(`${tmpdir()}/terminal-`);
  const all = ["terminal", ...words, "--host", host.listen, "--tid", tid, "--state", state];
  const { status, stdout, stderr } = spawnSync("acquirer", all, { encoding: "utf8" });
  return { status, text: stdout + stderr };
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(host.http + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(reply.ok, await reply.text()); // 409 of /journal/verify: what came nearest
}

test("signs on", async () => {
  const { status, text } = terminal("20000001", "sign-on");
  assert.equal(status, 0, text);
  await post("/journal/verify", { when: { service: "sign_on", tid: "20000001", code: "00" }, count: 1 });
});

test("a declined sale", async () => {
  await post("/rules", { name: "poor", when: { service: "sale", tid: "20000002" }, then: { code: "51" } });
  const { status, text } = terminal("20000002", "sale", "--amount", "12.34", "--expect", "39=51");
  assert.equal(status, 0, text);
  await post("/journal/verify", { when: { service: "sale", tid: "20000002", code: "51" }, count: 1 });
});

test("reverses after silence", async () => {
  await post("/faults", { kind: "silent", service: "sale", tid: "20000003" });
  const { status, text } = terminal("20000003", "sale", "--amount", "12.34", "--timeout", "1");
  assert.equal(status, 4, text); // no reply in time
  await post("/journal/verify", { when: { service: "reversal", tid: "20000003", code: "00" }, count: 1 });
});
