// Starts the page: compiles its wasm module, which `shell.js` is fetching already, and gives the Rust side the means to load the
// two others: the trainer (the build that `shell.js` has chosen and is fetching too) and the tools.
//
// In the build, this is appended to `app.js`: browsers check the checksum of a script of `index.html`, but not of its imports.
import init, { page_main } from "./app.js";

// Some hosts send .wasm with another content type, which the streaming compiler rejects: then compile the bytes.
async function compile(answer) {
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}: ${answer.url}`);
  const type = answer.headers.get("content-type") ?? "";
  return type.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(answer)
    : WebAssembly.compile(await answer.arrayBuffer());
}

// Trusted Types: the URL of a worker must be made by a policy. This one accepts the page's two workers, and no other
// policy can be created (see the Content-Security-Policy in `index.html`).
function trusted(...workerUrls) {
  const createScriptURL = (url) => {
    if (!workerUrls.includes(url)) throw new TypeError(`not a worker of this page: ${url}`);
    return url;
  };
  const policy = globalThis.trustedTypes?.createPolicy("mtl-playground", { createScriptURL });
  return workerUrls.map((url) => policy?.createScriptURL(url) ?? url);
}

try {
  const own = document.getElementById("entry").dataset;
  const [worker, toolsWorker] = trusted(...[own.worker, own.toolsWorker].map((name) => new URL(name, document.baseURI).href));
  // Import and export are a separate module, which is fetched when first needed.
  const loadTools = async () => compile(await fetch(own.tools, { credentials: "same-origin", integrity: own.toolsIntegrity }));
  // The answer to the request of `shell.js` can be read once; after a failure it is asked for again.
  let trainer = mtlTrainer.first;
  const loadTrainer = async () => {
    const answer = trainer ?? mtlTrainer.fetch();
    trainer = undefined;
    return compile(await answer);
  };
  await init({ module_or_path: await compile(await mtlModule) });
  page_main(worker, loadTrainer, toolsWorker, loadTools);
  // The first frame of the page is drawn, and it hears what comes next.
  requestAnimationFrame(() => setTimeout(() => performance.mark("mtl-interactive")));
} catch (error) {
  globalThis.mtlBootFailed?.(error);
  throw error;
}
