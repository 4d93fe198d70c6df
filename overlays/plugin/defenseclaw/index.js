// DefenseClaw's plugin for OpenClaw. It says in OpenClaw's log what the gateway's guardrail is
// doing and which tools are called. It blocks nothing: there is no guardrail to ask yet, and what
// stops an agent is the sandbox's network, not code that runs in the agent's own process.
import net from "node:net";

const API_PORT = 18970; // the gateway's, on the host's side of the sandbox
const TIMEOUT_MS = 30000; // OpenClaw keeps its event loop busy for seconds while it starts
const ANSWER_MAX = 64 * 1024;

// OpenClaw registers a plugin several times in one process, from fresh copies of this module too,
// and any of those may be the one that it keeps: every api gets the hook once, the gateway is
// asked once.
const key = Symbol.for("defenseclaw.plugin");
const state = (globalThis[key] ??= { hooked: new WeakSet(), asked: false });

// A plain socket: OpenClaw sends whatever goes by http or fetch through the egress proxy, which
// refuses the gateway's own address. The gateway answers with a length and closes.
function readHealth(host) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(API_PORT, host);
    let answer = "";
    socket.unref(); // a short command need not wait for us
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (piece) => {
      answer += piece;
      if (answer.length > ANSWER_MAX) socket.destroy(new Error("answer too long"));
    });
    socket.on("end", () => {
      const body = answer.indexOf("\r\n\r\n");
      try {
        if (!/^HTTP\/1\.[01] 200 /.test(answer) || body < 0) throw new Error("not a health answer");
        resolve(JSON.parse(answer.slice(body)));
      } catch (error) {
        reject(error);
      }
    });
    socket.write(`GET /health HTTP/1.1\r\nHost: ${host}:${API_PORT}\r\nConnection: close\r\n\r\n`);
  });
}

function hostOf(endpoint) {
  try {
    return new URL(endpoint).hostname;
  } catch {
    return undefined;
  }
}

async function report(log, settings) {
  const host = hostOf(settings?.endpoint);
  if (!host) {
    log.warn("defenseclaw: no endpoint configured: reporting only");
    return;
  }
  try {
    const health = await readHealth(host);
    const word = String(health?.guardrail?.state ?? "unknown").replace(/[^a-z]/g, "?");
    log.info(`defenseclaw: guardrail ${word}: reporting only`);
  } catch (error) {
    const why = error.code ?? error.message;
    log.warn(`defenseclaw: gateway does not answer (${why}): reporting only`);
  }
}

export default {
  id: "defenseclaw",
  name: "DefenseClaw",
  register(api) {
    const log = api.logger ?? console;
    if (!state.hooked.has(api)) {
      state.hooked.add(api);
      // Names only: what a tool is called with may hold secrets. Never throws, since OpenClaw
      // refuses the call when this handler fails.
      api.on("before_tool_call", (event) => {
        const name = String(event?.toolName).slice(0, 64).replace(/[^\w.:-]/g, "?");
        log.info(`defenseclaw: tool ${name} called, not checked`);
      });
    }
    if (!state.asked) {
      state.asked = true;
      void report(log, api.pluginConfig?.guardrail);
    }
  },
};
