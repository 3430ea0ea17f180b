// Starts the page: compiles the one wasm module (the build that `index.html` has chosen and is fetching already) and hands it
// to the Rust side, which hands it on to the worker.
import init, { page_main } from "./app.js";

// Some hosts send .wasm under another type, which the streaming compiler refuses: then compile the bytes.
async function compile(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}: ${url}`);
  const type = answer.headers.get("content-type") ?? "";
  return type.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(answer)
    : WebAssembly.compile(await answer.arrayBuffer());
}

try {
  await init({ module_or_path: await compile(document.getElementById("module").href) });
  page_main(new URL("./worker.js", import.meta.url).href);
  // The first frame of the page is drawn, and it hears what comes next.
  requestAnimationFrame(() => setTimeout(() => performance.mark("mtl-interactive")));
} catch (error) {
  globalThis.mtlBootFailed?.(error);
  throw error;
}
